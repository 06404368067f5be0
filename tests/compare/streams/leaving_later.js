// The same of writers from 2026-03-24 on.
// date: 2026-05-01
// head: heads/facts.js
export default {
  async fetch(request) {
    const src = (...items) => new ReadableStream({ start(c) { for (const i of items) c.enqueue(i); c.close(); } });
    await t("abort twice", async () => { const w = new WritableStream({ abort() { throw new Error("boom"); } }).getWriter(); return [await state(w.abort(1)), await state(w.abort(1)), await state(w.closed)]; });
    await t("releaseLock queued writes", async () => { const ws = new WritableStream({ write() { return new Promise(() => {}); } }); const w = ws.getWriter(); const a = w.write(1), b = w.write(2); w.releaseLock(); const c = ws.getWriter(); return [await state(a), await state(b), c.desiredSize]; });
    await t("releaseLock with ITS", async () => { const ws = new IdentityTransformStream().writable; const w = ws.getWriter(); const a = w.write(u8(1)), b = w.write(u8(2)); w.releaseLock(); return [await state(a), await state(b)]; });
    await t("writer release queued", async () => { const l = []; let fin; const ws = new WritableStream({ write(x) { l.push(x); return new Promise((r) => (fin = r)); }, close() { l.push("close"); } }); const w = ws.getWriter(); const a = w.write(1), b = w.write(2); await wait(1); w.releaseLock(); l.push(await state(b)); fin(); l.push(await state(a)); const w2 = ws.getWriter(); l.push(w2.desiredSize, await state(w2.ready)); const c = w2.write(3); await wait(1); fin(); l.push(await state(c), w2.desiredSize); return l; });
    await t("writer release before start", async () => { const l = []; const ws = new WritableStream({ start() { return wait(2); }, write(x) { l.push(x); } }); const w = ws.getWriter(); const a = w.write(1); w.releaseLock(); l.push(await state(a)); const w2 = ws.getWriter(); l.push(w2.desiredSize); l.push(await state(w2.write(2))); return l; });
    await t("writer release queued close", async () => { const l = []; const ws = new WritableStream({ write(x) { l.push(x); return wait(1); }, close() { l.push("close"); } }); const w = ws.getWriter(); const a = w.write(1), b = w.write(2), c = w.close(); w.releaseLock(); l.push(await state(a), await state(b), await state(c), await state(w.closed)); return l; });
    await t("abort thrice ok", async () => { const ws = new WritableStream({ abort() {} }); const w = ws.getWriter(); const a = w.abort(1), b = w.abort(2); await a; const c = w.abort(3); return [a === b, a === c, await state(b), await state(c), await state(w.closed)]; });
    await t("abort after error", async () => { let c; const ws = new WritableStream({ start(x) { c = x; }, abort() { throw new Error("n"); } }); c.error(new Error("E")); const w = ws.getWriter(); return [await state(w.abort(1)), await state(w.closed), await state(w.abort(2))]; });
    await t("writable start throws", async () => { const s = new WritableStream({ start() { throw new Error("S"); } }); const w = s.getWriter(); return [await state(w.write(1)), await state(w.closed), await state(w.ready)]; });
    await t("transform desiredSize", async () => { let k; const s = new TransformStream({ start(c) { k = c; } }, { highWaterMark: 3 }, { highWaterMark: 5 }); const w = s.writable.getWriter(); const l = [k.desiredSize, w.desiredSize]; w.write(1); await wait(1); l.push(k.desiredSize, w.desiredSize); return l; });
    await t("transform backpressure ready", async () => { const s = new TransformStream(); const w = s.writable.getWriter(); const l = [w.desiredSize, await state(w.ready)]; const p = w.write(1); l.push(w.desiredSize, await state(w.ready), await state(p)); const r = s.readable.getReader(); l.push(await state(r.read()), await state(p), await state(w.ready), w.desiredSize); return l; });
    return Response.json(facts);
  },
};
