// Order of callbacks
const facts = {};
const wait = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const shown = (v) =>
  v === undefined ? "undefined" : v instanceof Error ? `${v}` : ArrayBuffer.isView(v) ? [v.constructor.name, v.byteLength, String(new Uint8Array(v.buffer, v.byteOffset, v.byteLength))].join(" ")
  : typeof v === "bigint" ? `${v}n` : Array.isArray(v) ? v.map(shown) : typeof v === "object" && v !== null && Object.getPrototypeOf(v) === Object.prototype
  ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, shown(w)])) : typeof v === "object" && v !== null ? Object.prototype.toString.call(v) : typeof v === "function" ? `function ${v.name}` : v;
const state = (promise) => Promise.race([promise.then((v) => ["ok", shown(v)], (e) => ["error", shown(e)]), wait(2).then(() => "pending")]);
const t = async (name, f) => {
  try {
    facts[name] = await Promise.race([Promise.resolve(f()).then(shown), wait(60).then(() => "hangs")]);
  } catch (e) {
    facts[name] = `throws ${shown(e)}`;
  }
};
const raw = (f) => {
  try {
    return shown(f());
  } catch (e) {
    return `throws ${shown(e)}`;
  }
};
const u8 = (...bytes) => new Uint8Array(bytes);
const enc = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

export default {
  async fetch() {
    await t("pull no start", async () => { const l = []; new ReadableStream({ pull() { l.push("pull"); } }); l.push("sync"); await 1; l.push("t1"); await 1; return l; });
    await t("pull after read sync", async () => { const l = []; const s = new ReadableStream({ pull(c) { l.push("pull"); c.enqueue(1); } }, { highWaterMark: 0 }); await wait(); const r = s.getReader(); l.push("a"); const p = r.read(); l.push("b"); await p; l.push("c"); await wait(); return l; });
    await t("pull again", async () => { const l = []; let c; const s = new ReadableStream({ start(x) { c = x; }, pull() { l.push("pull"); return wait(); } }, { highWaterMark: 2 }); await wait(); l.push("enq"); c.enqueue(1); await wait(4); c.enqueue(2); await wait(4); l.push("read"); await s.getReader().read(); await wait(4); return l; });
    await t("read order", async () => { const l = []; const s = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }); const r = s.getReader(); r.closed.then(() => l.push("closed")); r.read().then(() => l.push("read1")); r.read().then(() => l.push("read2")); await wait(); return l; });
    await t("read pending order", async () => { const l = []; let c; const s = new ReadableStream({ start(x) { c = x; } }); const r = s.getReader(); r.closed.then(() => l.push("closed")); r.read().then(() => l.push("read1")); r.read().then(() => l.push("read2")); c.enqueue(1); c.close(); await wait(); return l; });
    await t("error order", async () => { const l = []; let c; const s = new ReadableStream({ start(x) { c = x; } }); const r = s.getReader(); r.closed.catch(() => l.push("closed")); r.read().catch(() => l.push("read")); c.error(1); l.push("sync"); await wait(); return l; });
    await t("cancel order", async () => { const l = []; const s = new ReadableStream({ cancel() { l.push("cancel"); } }); const r = s.getReader(); r.closed.then(() => l.push("closed")); r.read().then(() => l.push("read")); r.cancel().then(() => l.push("cancelled")); l.push("sync"); await wait(); return l; });
    await t("write no start", async () => { const l = []; const w = new WritableStream({ write(x) { l.push(`w${x}`); } }).getWriter(); w.write(1); l.push("sync"); await 1; l.push("t1"); await 1; l.push("t2"); w.write(2); l.push("sync2"); await wait(); return l; });
    await t("write after start", async () => { const l = []; const w = new WritableStream({ write(x) { l.push(`w${x}`); } }).getWriter(); await wait(); w.write(1).then(() => l.push("d1")); l.push("s1"); w.write(2).then(() => l.push("d2")); l.push("s2"); w.close().then(() => l.push("c")); await wait(); return l; });
    await t("write async", async () => { const l = []; const w = new WritableStream({ async write(x) { l.push(`w${x}`); await 1; l.push(`e${x}`); } }).getWriter(); await wait(); w.write(1).then(() => l.push("d1")); w.write(2).then(() => l.push("d2")); w.ready.then(() => l.push("ready")); await wait(); return l; });
    await t("abort order", async () => { const l = []; const w = new WritableStream({ abort() { l.push("abort"); } }).getWriter(); await wait(); w.closed.catch(() => l.push("closed")); w.ready.catch(() => l.push("ready")); w.abort(1).then(() => l.push("aborted")); l.push("sync"); await wait(); return l; });
    await t("abort before start", async () => { const l = []; const w = new WritableStream({ abort() { l.push("abort"); } }).getWriter(); w.write(1).catch(() => l.push("write")); w.closed.catch(() => l.push("closed")); w.abort(1).then(() => l.push("aborted")); l.push("sync"); await wait(); return l; });
    await t("write error order", async () => { const l = []; const w = new WritableStream({ write() { l.push("w"); throw 1; }, abort() { l.push("abort"); } }).getWriter(); await wait(); w.closed.catch(() => l.push("closed")); w.write(1).catch(() => l.push("e1")); w.write(2).catch(() => l.push("e2")); l.push("sync"); await wait(); return l; });
    await t("transform order", async () => { const l = []; const ts = new TransformStream({ transform(x, c) { l.push(`t${x}`); c.enqueue(x); }, flush() { l.push("flush"); } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); await wait(); w.write(1).then(() => l.push("d1")); w.write(2).then(() => l.push("d2")); w.close().then(() => l.push("c")); l.push("sync"); r.read().then((x) => l.push(`r${x.value}`)); r.read().then((x) => l.push(`r${x.value}`)); r.read().then((x) => l.push(`r${x.done}`)); await wait(); return l; });
    await t("pipe order", async () => { const l = []; let n = 0; await new ReadableStream({ pull(c) { l.push(`p${n}`); if (n < 3) c.enqueue(n++); else c.close(); } }).pipeTo(new WritableStream({ write(x) { l.push(`w${x}`); }, close() { l.push("close"); } })); return l; });
    await t("pipe order slow", async () => { const l = []; let n = 0; await new ReadableStream({ pull(c) { l.push(`p${n}`); if (n < 3) c.enqueue(n++); else c.close(); } }).pipeTo(new WritableStream({ async write(x) { l.push(`w${x}`); await wait(); l.push(`e${x}`); }, close() { l.push("close"); } })); return l; });
    await t("pipe order hwm", async () => { const l = []; let n = 0; await new ReadableStream({ pull(c) { l.push(`p${n}`); if (n < 5) c.enqueue(n++); else c.close(); } }).pipeTo(new WritableStream({ async write(x) { l.push(`w${x}`); await wait(); l.push(`e${x}`); }, close() { l.push("close"); } }, { highWaterMark: 3 })); return l; });
    await t("byobRequest", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; l.push(String(q), shown(q.view), q.atLeast, q === c.byobRequest); q.view[0] = 9; l.push(raw(() => q.respond(1)), c.byobRequest, raw(() => q.view), raw(() => q.respond(1)), raw(() => q.respondWithNewView(u8(1))), raw(() => q.atLeast)); } }); const r = s.getReader({ mode: "byob" }); l.push(await r.read(new Uint8Array(5))); return l; });
    await t("respond bad", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; l.push(raw(() => q.respond()), raw(() => q.respond(-1)), raw(() => q.respond("x"))); c.enqueue(u8(1)); l.push(raw(() => q.view), raw(() => q.respond(1))); } }); const r = s.getReader({ mode: "byob" }); l.push(await r.read(new Uint8Array(5))); return l; });
    await t("autoAllocate", async () => { const l = []; const s = new ReadableStream({ type: "bytes", autoAllocateChunkSize: 16, pull(c) { l.push(shown(c.byobRequest?.view)); c.byobRequest.view[0] = 3; c.byobRequest.respond(1); } }); const r = s.getReader(); l.push(await r.read()); return l; });
    await t("byob min request", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; l.push(shown(q.view), q.atLeast); q.view[0] = 1; q.respond(1); } }); const r = s.getReader({ mode: "byob" }); l.push(await r.read(new Uint8Array(5), { min: 3 })); return l; });
    await t("start async pull", async () => { const l = []; const s = new ReadableStream({ type: "bytes", async start() { await wait(); l.push("started"); }, pull(c) { l.push("pull"); c.enqueue(u8(1)); c.close(); } }); const r = s.getReader(); l.push(await r.read()); return l; });
    await t("internal kinds", async () => { const b = new Response("x").body; const l = [String(b), b.locked]; const r = b.getReader({ mode: "byob" }); l.push(await r.read(new Uint8Array(3)), await r.read(new Uint8Array(3))); return l; });
    await t("response body cancel", async () => { const res = new Response("x"); const l = [await state(res.body.cancel()), res.bodyUsed, await state(res.text())]; return l; });
    await t("response body read", async () => { const res = new Response("x"); const r = res.body.getReader(); return [res.bodyUsed, await r.read(), res.bodyUsed, await r.read(), await state(r.closed), await state(res.text())]; });
    await t("body tee", async () => { const [a, b] = new Response("xyz").body.tee(); return [await new Response(a).text(), await new Response(b).text()]; });
    await t("internal error text", async () => { const ts = new IdentityTransformStream(); const r = ts.readable.getReader(); await ts.writable.abort(new RangeError("ra")); return [await state(r.read()), await state(r.closed), await state(r.cancel())]; });
    await t("identity gc'd writer", async () => { const ts = new IdentityTransformStream(); const r = ts.readable.getReader({ mode: "byob" }); return [await state(r.read(new Uint8Array(0))), await state(r.read())]; });
    await t("large sums", async () => { const l = []; for (const s of [new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array(10000)); c.close(); } }), new Response(new Uint8Array(100000)).body, new Blob([new Uint8Array(100000)]).stream()]) { let n = 0; for await (const x of s) n += x.byteLength; l.push(n); } return l; });
    await t("abort default reasons", async () => { const a = new IdentityTransformStream(), b = new IdentityTransformStream(); const r = a.readable.getReader(), w = b.writable.getWriter(); const l = [await state(a.writable.abort()), await state(r.read()), await state(b.readable.cancel()), await state(w.closed), await state(w.ready), await state(w.close())]; return l; });
    await t("fixed more outcome", async () => { const ts = new FixedLengthStream(2); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = w.write(u8(1, 2, 3)); const x = await state(r.read()); return [x, await state(p), await state(w.write(u8(1))), await state(w.close())]; });
    await t("tee of blob", async () => { const [a, b] = new Blob(["abc"]).stream().tee(); const x = (await a.getReader().read()).value; x[0] = 0; return [await new Response(b).text()]; });
    await t("transform error no args", async () => { const l = []; new TransformStream({ start(c) { l.push(raw(() => c.error())); } }); new WritableStream({ start(c) { l.push(raw(() => c.error())); } }); return l; });
    return Response.json(facts);
  },
};
