// How streams of bytes end, compressed or not
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
    const bytes = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());
    const through = (data, ts) => { const w = ts.writable.getWriter(); w.write(data).catch(() => {}); w.close().catch(() => {}); return bytes(ts.readable); };
    const text = enc("hello hello hello hello hello compression ".repeat(50));
    await t("truncated", async () => { const z = await through(text, new CompressionStream("gzip")); return state(through(z.subarray(0, z.length - 3), new DecompressionStream("gzip"))); });
    await t("trailing", async () => { const z = await through(text, new CompressionStream("gzip")); const x = new Uint8Array(z.length + 3); x.set(z); return state(through(x, new DecompressionStream("gzip")).then((b) => b.length)); });
    await t("garbage", async () => state(through(u8(1, 2, 3, 4, 5, 6, 7, 8), new DecompressionStream("gzip"))));
    await t("no input", async () => { const ts = new DecompressionStream("gzip"); const w = ts.writable.getWriter(); const p = w.close(); return [await state(bytes(ts.readable)), await state(p)]; });
    await t("write after end", async () => { const z = await through(text, new CompressionStream("gzip")); const ts = new DecompressionStream("gzip"); const w = ts.writable.getWriter(); return [await state(w.write(z)), await state(w.write(u8(1))), await state(w.close())]; });
    await t("identity byob end", async () => { const ts = new IdentityTransformStream(); ts.writable.close(); return state(ts.readable.getReader({ mode: "byob" }).read(new Uint8Array(4))); });
    await t("identity byob end after data", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(); w.write(u8(1)); w.close(); const r = ts.readable.getReader({ mode: "byob" }); return [await r.read(new Uint8Array(4)), await state(r.read(new Uint8Array(4))), await state(r.read(new Uint8Array(4)))]; });
    await t("identity pending byob end", async () => { const ts = new IdentityTransformStream(); const r = ts.readable.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(4)); ts.writable.close(); return state(p); });
    await t("identity pending byob cancel", async () => { const ts = new IdentityTransformStream(); const r = ts.readable.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(4)); return [await state(r.cancel()), await state(p)]; });
    await t("readAtLeast end", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(); w.write(u8(1)); w.close(); const r = ts.readable.getReader({ mode: "byob" }); return [await r.readAtLeast(3, new Uint8Array(4)), await r.readAtLeast(3, new Uint8Array(4))]; });
    await t("js byob end", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.close(); } }); return state(s.getReader({ mode: "byob" }).read(new Uint8Array(4))); });
    return Response.json(facts);
  },
};
