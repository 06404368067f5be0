// Streams: what else is worth knowing
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
    await t("subclass", () => { class S extends ReadableStream { x() { return 1; } } const s = new S(); return [s instanceof S, s.x(), s.locked, String(s), s.constructor.name]; });
    await t("subclass writable", async () => { class W extends WritableStream {} const w = new W({ write() {} }); return [w instanceof W, await state(w.getWriter().write(1))]; });
    await t("subclass transform", async () => { class T extends TransformStream { constructor() { super({ transform(x, c) { c.enqueue(x + 1); } }); } } const l = []; for await (const x of src(1).pipeThrough(new T())) l.push(x); return l; });
    await t("subclass identity", () => { class I extends IdentityTransformStream {} const i = new I(); return [i instanceof I, i instanceof IdentityTransformStream, String(i)]; });
    await t("subclass encoder", () => { class I extends TextEncoderStream {} const i = new I(); return [i instanceof I, i.encoding]; });
    await t("subclass blob", async () => { class B extends Blob {} class F extends File {} const b = new B(["x"]), f = new F(["y"], "n"); return [b instanceof B, await b.text(), f instanceof F, f instanceof Blob, f.name]; });
    await t("error values", async () => { const l = []; for (const e of [undefined, null, 0, "s", { a: 1 }]) { const s = new ReadableStream({ pull(c) { c.error(e); } }); l.push(await state(s.getReader().read())); } return l; });
    await t("pull throws undefined", async () => { const s = new ReadableStream({ pull() { throw undefined; } }); return state(s.getReader().read()); });
    await t("enqueue after pull error", async () => { let c; const s = new ReadableStream({ start(x) { c = x; }, pull() { throw new Error("p"); } }); await wait(); return [raw(() => c.enqueue(1)), raw(() => c.desiredSize)]; });
    await t("pipe number to identity", async () => { const ts = new IdentityTransformStream(); const p = src(5).pipeTo(ts.writable); return [await state(p), await state(ts.readable.getReader().read())]; });
    await t("pipe erroring source to identity", async () => { const ts = new IdentityTransformStream(); const s = new ReadableStream({ pull(c) { c.error(new Error("SE")); } }); const p = s.pipeTo(ts.writable); return [await state(p), await state(ts.readable.getReader().read())]; });
    await t("pipe to cancelled identity", async () => { const ts = new IdentityTransformStream(); await ts.readable.cancel(new Error("gone")); const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(u8(1)); }, cancel(r) { l.push(shown(r)); } }); l.push(await state(s.pipeTo(ts.writable))); return l; });
    await t("identity pipeThrough text", async () => new Response(new Blob(["héllo"]).stream().pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x.toUpperCase()); } })).pipeThrough(new TextEncoderStream())).text());
    await t("identity preventClose", async () => { const b = new IdentityTransformStream(); const p = new Blob(["ab"]).stream().pipeTo(b.writable, { preventClose: true }); const r = b.readable.getReader(); const l = [await r.read()]; await p; const w = b.writable.getWriter(); w.write(u8(5)); w.close(); l.push(await r.read(), await r.read()); return l; });
    await t("transform abort with pending write", async () => { const ts = new TransformStream(); const w = ts.writable.getWriter(); const p = w.write(1); await wait(); const a = w.abort("ab"); return [await state(a), await state(p), await state(ts.readable.getReader().read())]; });
    await t("transform close with pending write", async () => { const ts = new TransformStream(); const w = ts.writable.getWriter(); const p = w.write(1), c = w.close(); await wait(); const r = ts.readable.getReader(); return [await r.read(), await r.read(), await state(p), await state(c)]; });
    await t("flush enqueue", async () => { const l = []; for await (const x of src("a", "b").pipeThrough(new TransformStream({ transform() {}, flush(c) { c.enqueue("all"); c.terminate(); } }))) l.push(x); return l; });
    await t("transformer this", async () => { const l = []; const tr = { n: 0, start() { l.push(this === tr); }, transform(x, c) { this.n++; c.enqueue(x); }, flush() { l.push(this.n); } }; for await (const x of src(1, 2).pipeThrough(new TransformStream(tr))); return l; });
    await t("async flush", async () => { const l = []; for await (const x of src(1).pipeThrough(new TransformStream({ async flush(c) { await wait(); c.enqueue("late"); } }))) l.push(x); return l; });
    await t("tee then cancel one then read", async () => { const [a, b] = src(1, 2, 3).tee(); const ra = a.getReader(); await ra.read(); await ra.cancel(); const l = []; for await (const x of b) l.push(x); return l; });
    await t("tee of tee", async () => { const [a, b] = src(1).tee(); const [c, d] = a.tee(); const r = async (s) => (await s.getReader().read()).value; return [await r(b), await r(c), await r(d)]; });
    await t("tee pull errors", async () => { const s = new ReadableStream({ pull() { throw new Error("pe"); } }, { highWaterMark: 0 }); const [a, b] = s.tee(); const p = a.getReader().read(), q = b.getReader().read(); return [await state(p), await state(q)]; });
    await t("tee byte streams byob", async () => { let n = 0; const s = new ReadableStream({ type: "bytes", pull(c) { if (n++ === 0) c.enqueue(u8(1, 2, 3)); else { c.close(); c.byobRequest?.respond(0); } } }); const [a, b] = s.tee(); const ra = a.getReader({ mode: "byob" }), rb = b.getReader({ mode: "byob" }); return [await ra.read(new Uint8Array(2)), await rb.read(new Uint8Array(4)), await ra.read(new Uint8Array(2))]; });
    await t("values options", () => [raw(() => String(src(1).values(null))), raw(() => String(src(1).values(5))), raw(() => String(src(1).values({ preventCancel: "x" })))]);
    await t("iterator throw", async () => { const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); const l = []; try { for await (const x of s) throw new Error("body"); } catch (e) { l.push(String(e)); } l.push(s.locked); return l; });
    await t("iterator concurrent next", async () => { const i = src(1, 2).values(); const a = i.next(), b = i.next(), c = i.next(), d = i.next(); return [await a, await b, await c, await d]; });
    await t("iterator next after error", async () => { let n = 0; const i = new ReadableStream({ pull(c) { if (n++) c.error(new Error("x")); else c.enqueue(1); } }).values(); return [await i.next(), await state(i.next()), await state(i.next())]; });
    await t("array from async", async () => { const l = []; for await (const x of ReadableStream.from(src(1, 2))) l.push(x); return l; });
    await t("from return", async () => { const l = []; const it = { next() { return { value: 1, done: false }; }, return(v) { l.push(["return", v]); return {}; }, [Symbol.iterator]() { return this; } }; const s = ReadableStream.from(it); const r = s.getReader(); l.push(await r.read()); l.push(await state(r.cancel("bye"))); return l; });
    await t("from desired", async () => { const l = []; const s = ReadableStream.from([1, 2]); l.push(s.locked, String(s)); const r = s.getReader(); l.push(await r.read(), await r.read(), await r.read(), await state(r.closed)); return l; });
    await t("writer abort then ready", async () => { const w = new WritableStream().getWriter(); const r = w.ready; await w.abort("x"); return [await state(r), await state(w.ready)]; });
    await t("controller error in write", async () => { const w = new WritableStream({ write(x, c) { c.error(new Error("in")); } }).getWriter(); return [await state(w.write(1)), await state(w.write(2)), await state(w.closed)]; });
    await t("controller error in start", async () => { const w = new WritableStream({ start(c) { c.error(new Error("st")); } }).getWriter(); return [await state(w.write(1)), await state(w.closed), raw(() => w.desiredSize)]; });
    await t("signal during write", async () => { const l = []; const w = new WritableStream({ write(x, c) { return new Promise((r) => c.signal.addEventListener("abort", () => { l.push("aborted", c.signal.reason); r(); })); } }).getWriter(); const p = w.write(1); await wait(); const a = w.abort("sig"); l.push(await state(p), await state(a)); return l; });
    await t("close waits for writes", async () => { const l = []; const w = new WritableStream({ async write(x) { await wait(); l.push(x); }, close() { l.push("close"); } }).getWriter(); w.write(1); w.write(2); await w.close(); return l; });
    await t("byte size strategy", async () => { const l = []; new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); l.push(c.desiredSize); } }, new ByteLengthQueuingStrategy({ highWaterMark: 10 })); const w = new WritableStream({}, new CountQueuingStrategy({ highWaterMark: 4 })).getWriter(); l.push(w.desiredSize); return l; });
    await t("size undefined result", async () => { const l = []; new ReadableStream({ start(c) { l.push(raw(() => c.enqueue("abc")), c.desiredSize); } }, new ByteLengthQueuingStrategy({ highWaterMark: 10 })); return l; });
    await t("size fractions", async () => { const l = []; new ReadableStream({ start(c) { c.enqueue(1); l.push(c.desiredSize); c.enqueue(1); l.push(c.desiredSize); } }, { highWaterMark: 5.7, size: () => 1.5 }); return l; });
    await t("respond larger views", async () => { const s = new ReadableStream({ type: "bytes", pull(c) { const v = c.byobRequest.view; v.set([1, 2, 3]); c.byobRequest.respond(3); } }); const r = s.getReader({ mode: "byob" }); return [await r.read(new Uint32Array(2)).then((x) => x, String)]; });
    await t("enqueue while byob request", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; c.enqueue(u8(7, 8)); l.push(raw(() => q.respond(1)), q.view); } }); const r = s.getReader({ mode: "byob" }); l.push(await r.read(new Uint8Array(1)), await r.read(new Uint8Array(4))); return l; });
    await t("byob then default reader", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1, 2, 3)); c.close(); } }); const r = s.getReader({ mode: "byob" }); const l = [await r.read(new Uint8Array(1))]; r.releaseLock(); l.push(await s.getReader().read()); return l; });
    await t("response of transform", async () => { const ts = new TransformStream(); const w = ts.writable.getWriter(); w.write(u8(104)); w.write(u8(105)); w.close(); return new Response(ts.readable).text(); });
    await t("response of erroring", async () => state(new Response(new ReadableStream({ pull(c) { c.error(new Error("RE")); } })).text()));
    await t("response stream json", async () => new Response(src(u8(123, 34, 97, 34), u8(58, 49, 125))).json());
    await t("blob with stream body", async () => { const b = await new Response(src(u8(1), u8(2))).blob(); return [b.size, b.type]; });
    await t("clone streams", async () => { const r = new Response(src(u8(97), u8(98))); const c = r.clone(); return [await r.text(), await c.text()]; });
    await t("request body stream", async () => { const r = new Request("http://x/", { method: "POST", body: src(u8(97)) }); return [await r.text(), r.bodyUsed]; });
    await t("reader cancel undefined", async () => { const l = []; const r = new ReadableStream({ cancel(...a) { l.push(a.length, a[0]); } }).getReader(); await r.cancel(); return l; });
    await t("desired after cancel reader", async () => { let c; const s = new ReadableStream({ start(x) { c = x; c.enqueue(1); } }); const r = s.getReader(); await r.cancel(); return [c.desiredSize, raw(() => c.enqueue(1))]; });
    await t("argument counts", async () => { const l = []; const rec = (n) => function (...a) { l.push([n, a.length]); }; await new ReadableStream({ start: rec("start"), pull(...a) { l.push(["pull", a.length]); a[0].close(); } }).getReader().read(); const w = new WritableStream({ start: rec("wstart"), write: rec("write"), close: rec("wclose") }).getWriter(); await w.write(1); await w.close(); await new WritableStream({ abort: rec("abort") }).abort(1); const ts = new TransformStream({ start: rec("tstart"), transform: rec("transform"), flush: rec("flush") }); const x = ts.writable.getWriter(); x.write(1); x.close(); await ts.readable.getReader().read(); await new TransformStream({ cancel: rec("tcancel") }).readable.cancel(1); new ReadableStream({ start(c) { c.enqueue(1); } }, { size: function (...a) { l.push(["size", a.length, this === undefined]); return 1; } }); return l; });
    return Response.json(facts);
  },
};
