// flags: nodejs_compat, nodejs_compat_v2
// zlib: levels, dictionaries and what of options is refused.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const zlib = await import("node:zlib"); const { Buffer } = await import("node:buffer");
const z = (n, f) => note("z " + n, () => { try { return f(); } catch (e) { return [e.constructor.name, e.name, e.code, e.errno, e.message]; } });
const text = Buffer.from("hello, hello, hello, hello world of words and words of worlds");
for (const level of [-1, 0, 2, 5, 9, 10, -2, 2.5, "3", NaN, null]) { z("raw level " + level, () => zlib.deflateRawSync(text, { level }).toString("hex")); z("zlib level " + level, () => zlib.deflateSync(text, { level }).toString("hex")); z("gzip level " + level, () => zlib.gzipSync(text, { level }).toString("hex")); }
const dictionary = Buffer.from("hello world of words");
for (const [n, c, d] of [["zlib", zlib.deflateSync, zlib.inflateSync], ["raw", zlib.deflateRawSync, zlib.inflateRawSync], ["gzip", zlib.gzipSync, zlib.gunzipSync], ["unzip", zlib.deflateSync, zlib.unzipSync]]) { z(n + " dict hex", () => c(text, { dictionary }).toString("hex")); z(n + " dict round", () => d(c(text, { dictionary }), { dictionary }).toString()); if (n !== "raw") z(n + " dict missing", () => d(c(text, { dictionary })).toString()); if (n !== "raw") z(n + " dict bad", () => d(c(text, { dictionary }), { dictionary: Buffer.from("x") }).toString()); z(n + " dict unneeded", () => d(c(text), { dictionary }).toString()); z(n + " dict empty", () => c(text, { dictionary: Buffer.alloc(0) }).length); z(n + " dict ab", () => c(text, { dictionary: new Uint8Array(dictionary).buffer }).length); z(n + " dict str", () => c(text, { dictionary: "hello" })); z(n + " dict num", () => c(text, { dictionary: 5 })); }
for (const v of [4, 5, 9, -1, 1.5, "1", NaN]) z("strategy " + v, () => zlib.deflateSync("a", { strategy: v }).length);
for (const v of [63, 64, 0, -1, 1e9, "x", NaN, 100.5]) z("chunk " + v, () => zlib.deflateSync("a", { chunkSize: v }).length);
z("info", () => Object.keys(zlib.gzipSync("a", { info: true })));
await later("stream dict", () => new Promise((r) => { const i = zlib.createInflate({ dictionary }); let s = ""; i.on("data", (c) => s += c).on("end", () => r(s)).on("error", (e) => r([e.code, e.errno, e.message])); i.end(zlib.deflateSync(text, { dictionary })); }));
await later("stream dict missing", () => new Promise((r) => { const i = zlib.createInflate(); i.on("data", () => {}).on("end", () => r("end")).on("error", (e) => r([e.code, e.errno, e.message])); i.end(zlib.deflateSync(text, { dictionary })); }));
await later("stream dict bad", () => new Promise((r) => { const i = zlib.createInflate({ dictionary: Buffer.from("no") }); i.on("data", () => {}).on("end", () => r("end")).on("error", (e) => r([e.code, e.errno, e.message])); i.end(zlib.deflateSync(text, { dictionary })); }));
await later("stream deflate dict", () => new Promise((r) => { const d = zlib.createDeflate({ dictionary, level: 9 }); const p = []; d.on("data", (c) => p.push(c)).on("end", () => r(Buffer.concat(p).toString("hex"))).on("error", (e) => r(e.message)); d.end(text); }));
await later("stream level0", () => new Promise((r) => { const d = zlib.createDeflateRaw({ level: 0 }); const p = []; d.on("data", (c) => p.push(c)).on("end", () => r(Buffer.concat(p).toString("hex"))).on("error", (e) => r(e.message)); d.end("abc"); }));
await later("ds fdict", () => new Response(new Blob([zlib.deflateSync(text, { dictionary })]).stream().pipeThrough(new DecompressionStream("deflate"))).text());
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
