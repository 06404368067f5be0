// Compression and decompression streams
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
    for (const f of ["gzip", "deflate", "deflate-raw", "brotli"]) {
      await t(`${f} round`, async () => { const z = await through(text, new CompressionStream(f)); const back = await through(z, new DecompressionStream(f)); return [z.length < 200, back.length, await new Blob([back.subarray(0, 11)]).text()]; });
      await t(`${f} empty`, async () => { const ts = new CompressionStream(f); ts.writable.close(); const z = await bytes(ts.readable); const back = await through(z, new DecompressionStream(f)); return [z.length, back.length]; });
      await t(`${f} head`, async () => { const z = await through(u8(97), new CompressionStream(f)); return [...z.subarray(0, f === "gzip" ? 9 : 2)]; });
      await t(`${f} trailing`, async () => { const z = await through(text, new CompressionStream(f)); const x = new Uint8Array(z.length + 3); x.set(z); return state(through(x, new DecompressionStream(f))); });
      await t(`${f} truncated`, async () => { const z = await through(text, new CompressionStream(f)); return state(through(z.subarray(0, z.length - 3), new DecompressionStream(f))); });
      await t(`${f} garbage`, async () => state(through(u8(1, 2, 3, 4, 5, 6, 7, 8), new DecompressionStream(f))));
      await t(`${f} garbage write`, async () => { const ts = new DecompressionStream(f); const w = ts.writable.getWriter(); const r = ts.readable.getReader(); return [await state(w.write(u8(0xff, 0xff, 0xff, 0xff))), await state(r.read()), await state(w.closed), await state(r.closed), await state(w.close())]; });
      await t(`${f} no input`, async () => { const ts = new DecompressionStream(f); const w = ts.writable.getWriter(); const p = w.close(); return [await state(bytes(ts.readable)), await state(p)]; });
    }
    await t("checksum", async () => { const z = await through(text, new CompressionStream("gzip")); z[z.length - 6] ^= 1; return state(through(z, new DecompressionStream("gzip"))); });
    await t("two members", async () => { const z = await through(u8(97), new CompressionStream("gzip")); const x = new Uint8Array(z.length * 2); x.set(z); x.set(z, z.length); return state(through(x, new DecompressionStream("gzip"))); });
    await t("formats", () => [raw(() => new CompressionStream("br")), raw(() => new CompressionStream("")), raw(() => new CompressionStream("GZIP")), raw(() => new DecompressionStream("zip")), raw(() => new CompressionStream(null)), raw(() => new CompressionStream(undefined)), raw(() => new CompressionStream(5))]);
    await t("classes", () => { const c = new CompressionStream("gzip"); return [c instanceof TransformStream, String(c), String(c.readable), String(c.writable), c.readable === c.readable]; });
    await t("write wrong", async () => { const w = new CompressionStream("gzip").writable.getWriter(); return [await state(w.write("text")), await state(w.write({})), await state(w.write(null)), await state(w.write(5))]; });
    await t("write string result", async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); w.write("text"); w.close(); return new Response(c.readable.pipeThrough(new DecompressionStream("gzip"))).text(); });
    await t("write resolves", async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); return [w.desiredSize, await state(w.write(u8(1))), w.desiredSize, await state(w.close()), w.desiredSize, await state(w.closed), await state(w.write(u8(1)))]; });
    await t("pieces", async () => { const c = new DecompressionStream("gzip"); const z = await through(text, new CompressionStream("gzip")); const w = c.writable.getWriter(); for (const b of z) w.write(u8(b)); w.close(); return (await bytes(c.readable)).length; });
    await t("chunks out", async () => { const z = await through(new Uint8Array(100000), new CompressionStream("deflate")); const c = new DecompressionStream("deflate"); const w = c.writable.getWriter(); w.write(z); w.close(); const l = []; for await (const x of c.readable) l.push(x.byteLength); return l.reduce((a, b) => a + b); });
    await t("abort", async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); const r = c.readable.getReader(); const p = r.read(); return [await state(w.abort(new Error("AB"))), await state(p), await state(w.closed), await state(r.closed)]; });
    await t("cancel", async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); const r = c.readable.getReader(); return [await state(r.cancel("x")), await state(w.write(u8(1))), await state(w.closed), await state(r.read())]; });
    await t("byob", async () => { const c = new DecompressionStream("gzip"); const z = await through(text, new CompressionStream("gzip")); const w = c.writable.getWriter(); w.write(z); w.close(); const r = c.readable.getReader({ mode: "byob" }); return [await r.read(new Uint8Array(4))]; });
    await t("pipeThrough", async () => new Response(new Response("piped").body.pipeThrough(new CompressionStream("deflate")).pipeThrough(new DecompressionStream("deflate"))).text());
    await t("sources", async () => { const l = []; for (const d of [text.buffer, new DataView(text.buffer, 0, 10), new Uint16Array(text.buffer.slice(0, 8))]) l.push((await through(await through(d, new CompressionStream("gzip")), new DecompressionStream("gzip"))).length); return l; });
    await t("write after garbage", async () => { const ts = new DecompressionStream("gzip"); const w = ts.writable.getWriter(); w.write(u8(1, 2)).catch(() => {}); return [await state(w.write(u8(3))), await state(ts.readable.getReader().read()), await state(w.abort())]; });
    await t("read first", async () => { const ts = new DecompressionStream("gzip"); const r = ts.readable.getReader(); const p = r.read(); const w = ts.writable.getWriter(); w.write(await through(u8(9), new CompressionStream("gzip"))); const l = [await state(p)]; const q = r.read(); l.push(await state(q)); w.close(); l.push(await state(q)); return l; });
    return Response.json(facts);
  },
};
