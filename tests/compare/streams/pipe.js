// Pipes, tees and bodies
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
    const src = (...items) => new ReadableStream({ start(c) { for (const i of items) c.enqueue(i); c.close(); } });
    const sink = (l, more = {}) => new WritableStream({ write(x) { l.push(x); }, close() { l.push("close"); }, abort(r) { l.push(["abort", r]); }, ...more });
    await t("pipeTo", async () => { const l = []; const s = src(1, 2), d = sink(l); const p = s.pipeTo(d); l.push(s.locked, d.locked); l.push(await p, s.locked, d.locked); return l; });
    await t("pipeTo preventClose", async () => { const l = []; const s = src(1), d = sink(l); await s.pipeTo(d, { preventClose: true }); l.push(d.locked); const w = d.getWriter(); await w.write("x"); return l; });
    await t("pipeTo source error", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.error(new Error("E")); } }); const d = sink(l); l.push(await state(s.pipeTo(d)), d.locked, s.locked, await state(d.getWriter().closed)); return l; });
    await t("pipeTo preventAbort", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.error(new Error("E")); } }); const d = sink(l); l.push(await state(s.pipeTo(d, { preventAbort: true })), d.locked, await state(d.getWriter().write(4))); return l; });
    await t("pipeTo dest error", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); const d = sink(l, { write() { throw new Error("W"); } }); l.push(await state(s.pipeTo(d)), s.locked, d.locked); return l; });
    await t("pipeTo preventCancel", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); const d = sink(l, { write() { throw new Error("W"); } }); l.push(await state(s.pipeTo(d, { preventCancel: true })), s.locked, d.locked); return l; });
    await t("pipeTo dest closed", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); const d = new WritableStream(); await d.close(); l.push(await state(s.pipeTo(d)), s.locked, d.locked); return l; });
    await t("pipeTo locked source", async () => { const s = src(1); s.getReader(); return state(s.pipeTo(new WritableStream())); });
    await t("pipeTo locked dest", async () => { const d = new WritableStream(); d.getWriter(); return state(src(1).pipeTo(d)); });
    await t("pipeTo wrong", async () => [await state(src(1).pipeTo({})), await state(src(1).pipeTo()), await state(src(1).pipeTo(new WritableStream(), 5)), await state(src(1).pipeTo(new WritableStream(), { signal: 5 }))]);
    await t("pipeTo signal aborted", async () => { const l = []; const s = new ReadableStream({ cancel(r) { l.push(["cancel", String(r)]); } }); const d = sink(l); l.push(await state(s.pipeTo(d, { signal: AbortSignal.abort("sig") })), s.locked, d.locked); return l; });
    await t("pipeTo signal later", async () => { const l = []; const ac = new AbortController(); const s = new ReadableStream({ cancel(r) { l.push(["cancel", String(r)]); } }); const d = sink(l); const p = s.pipeTo(d, { signal: ac.signal }); await wait(); ac.abort(new Error("late")); l.push(await state(p), s.locked, d.locked); return l; });
    await t("pipeTo signal during flow", async () => { const l = []; const ac = new AbortController(); let n = 0; const s = new ReadableStream({ async pull(c) { await wait(); c.enqueue(++n); if (n === 2) ac.abort("two"); }, cancel(r) { l.push(["cancel", r]); } }); const d = sink(l); l.push(await state(s.pipeTo(d, { signal: ac.signal }).then(() => 1))); await wait(10); return l; });
    await t("pipeThrough", async () => { const l = []; const out = src(1, 2).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 2); } })); for await (const x of out) l.push(x); return l; });
    await t("pipeThrough returns readable", () => { const ts = new TransformStream(); const s = src(); return [s.pipeThrough(ts) === ts.readable, s.locked, ts.writable.locked]; });
    await t("pipeThrough wrong", () => [raw(() => src().pipeThrough({})), raw(() => src().pipeThrough()), raw(() => src().pipeThrough({ readable: 1, writable: 2 }))]);
    await t("pipeThrough pair", async () => { const l = []; const d = sink(l); const r = src("z"); const out = src(7).pipeThrough({ writable: d, readable: r }); await wait(); l.push(out === r); return l; });
    await t("pipeThrough locked", () => { const s = src(); s.getReader(); return s.pipeThrough(new TransformStream()); });
    await t("pipeThrough locked writable", () => { const ts = new TransformStream(); ts.writable.getWriter(); return src().pipeThrough(ts); });
    await t("pipeThrough error passes", async () => { const s = new ReadableStream({ pull(c) { c.error(new Error("P")); } }); return state(s.pipeThrough(new TransformStream()).getReader().read()); });
    await t("tee", async () => { const s = src(1, 2); const [a, b] = s.tee(); const ra = a.getReader(), rb = b.getReader(); return [s.locked, await ra.read(), await ra.read(), await ra.read(), await rb.read(), await rb.read(), await rb.read()]; });
    await t("tee array", () => { const x = src().tee(); return [Array.isArray(x), x.length, String(x[0])]; });
    await t("tee locked", () => { const s = src(); s.getReader(); s.tee(); });
    await t("tee same object", async () => { const o = {}; const [a, b] = src(o).tee(); const x = (await a.getReader().read()).value, y = (await b.getReader().read()).value; return [x === y, x === o]; });
    await t("tee bytes same", async () => { const o = u8(1); const [a, b] = src(o).tee(); const x = (await a.getReader().read()).value, y = (await b.getReader().read()).value; return [x === y, x === o]; });
    await t("tee cancel one", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); const [a, b] = s.tee(); l.push(await state(a.cancel("a")), await b.getReader().read()); return l; });
    await t("tee cancel both", async () => { const l = []; const s = new ReadableStream({ cancel(r) { l.push(["cancel", r]); } }); const [a, b] = s.tee(); const p = a.cancel("a"); l.push(await state(p), await state(b.cancel("b")), await state(p)); return l; });
    await t("tee error", async () => { let c; const s = new ReadableStream({ start(x) { c = x; } }); const [a, b] = s.tee(); c.error(new Error("T")); return [await state(a.getReader().read()), await state(b.getReader().read())]; });
    await t("tee pull count", async () => { let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(++n); } }, { highWaterMark: 0 }); const [a, b] = s.tee(); await wait(); const l = [n]; const ra = a.getReader(); await ra.read(); await ra.read(); l.push(n); const rb = b.getReader(); l.push(await rb.read(), await rb.read()); l.push(n); return l; });
    await t("tee closed", async () => { const [a, b] = src().tee(); return [await a.getReader().read(), await b.getReader().read()]; });
    await t("tee source cancel", async () => { const s = src(1); s.tee(); return state(s.cancel()); });
    await t("tee partially read", async () => { const s = src(1, 2, 3); const r = s.getReader(); await r.read(); r.releaseLock(); const [a, b] = s.tee(); return [await a.getReader().read(), await b.getReader().read()]; });
    await t("pipe to identity", async () => { const l = []; const ts = new IdentityTransformStream(); const p = src(u8(1), u8(2, 3)).pipeTo(ts.writable); for await (const x of ts.readable) l.push(x); l.push(await state(p)); return l; });
    await t("pipe string to identity", async () => { const l = []; const ts = new IdentityTransformStream(); const p = src("text").pipeTo(ts.writable); l.push(await state(ts.readable.getReader().read()), await state(p)); return l; });
    await t("response pipe", async () => { const l = []; await new Response("hello").body.pipeTo(sink(l)); return l; });
    await t("response pipeThrough decoder", async () => { const l = []; for await (const x of new Response("hello").body.pipeThrough(new TextDecoderStream())) l.push(x); return l; });
    await t("response from strings", async () => state(new Response(src("a", "b")).text()));
    await t("response from bytes", async () => state(new Response(src(u8(97), u8(98).buffer)).text()));
    await t("response from pieces", async () => state(new Response(src(new Uint16Array([97, 98]), new DataView(u8(99).buffer))).text()));
    await t("response number chunk", async () => state(new Response(src(4)).text()));
    await t("response locked", async () => { const s = src(u8(97)); s.getReader(); return [raw(() => new Response(s)), ]; });
    await t("response disturbed", async () => { const s = src(u8(97), u8(98)); const r = s.getReader(); await r.read(); r.releaseLock(); return raw(() => new Response(s)); });
    await t("response body locked after", async () => { const s = src(u8(97)); const r = new Response(s); return [s.locked, r.body === s, r.bodyUsed, await r.text(), r.bodyUsed, s.locked]; });
    return Response.json(facts);
  },
};
