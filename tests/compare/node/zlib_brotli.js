// node:zlib: Brotli and Zstandard, there and back, what workerd made, and what is refused.
// differs: which of the errors of Brotli's format it is.
// flags: nodejs_compat
import zlib from "node:zlib";
import { pipeline } from "node:stream";
const said = (e) => ({ name: e.name, message: e.message, code: e.code, errno: e.errno });
const t = (f) => { try { const v = f(); return Buffer.isBuffer(v) ? `B:${v.length > 60 ? v.length : v.toString("hex")}` : v === undefined ? "(undefined)" : v; } catch (e) { return said(e); } };
const c = zlib.constants;
const HEX = {
  brotli: "1b1600f88d946ede445586966c206f214f1ce038",
  zstd: "28b52ffd202f6500003068656c6c6f200100029522",
};
const through = (s, ...parts) => new Promise((r) => { const l = []; s.on("data", (x) => l.push(x)).on("end", () => r(String(Buffer.concat(l)))).on("error", (e) => r(said(e))); for (const p of parts) s.write(p); s.end(); });
const bytes = (hex) => [...Buffer.from(hex, "hex")].map((b) => Buffer.from([b]));
export default {
  async fetch() {
    const x = Buffer.from("hello hello hello hello"), o = {};
    const large = Buffer.alloc(300000, "one and another ");
    const odd = Buffer.from(Uint32Array.from({ length: 60000 }, (_, i) => Math.imul(i, 2654435761) ^ (i << 7)).buffer);
    for (const [name, from, to] of [["brotli", "brotliCompressSync", "brotliDecompressSync"], ["zstd", "zstdCompressSync", "zstdDecompressSync"]]) {
      const known = Buffer.from(HEX[name], "hex");
      o[name] = ["", "é", x, large, odd, new Uint16Array([1, 2]), new ArrayBuffer(3)].map((v) => t(() => { const b = zlib[to](zlib[from](v)); return [b.length, zlib.crc32(b)]; }));
      o[`${name} small`] = t(() => zlib[from](large).length < 3000);
      o[`${name} known`] = t(() => zlib[to](known).toString());
      o[`${name} wrong`] = [t(() => zlib[from](5)), t(() => zlib[from]()), t(() => zlib[to](5)), t(() => zlib[to](null))];
      o[`${name} bad`] = ["garbage that is none", "x"].map((v) => t(() => zlib[to](v)));
      o[`${name} none`] = t(() => zlib[to](""));
      o[`${name} cut`] = [1, 4, 6, 10, known.length - 1].map((n) => t(() => zlib[to](known.subarray(0, n)).toString()));
      o[`${name} twice`] = t(() => zlib[to](Buffer.concat([known, known])).toString());
      o[`${name} more`] = t(() => zlib[to](Buffer.concat([known, Buffer.from("more")])).toString());
      o[`${name} max`] = [t(() => zlib[to](known, { maxOutputLength: 5 }).toString()), t(() => zlib[from](large, { maxOutputLength: 5 }).length)];
    }
    for (const params of [{ [c.BROTLI_PARAM_QUALITY]: 0 }, { [c.BROTLI_PARAM_QUALITY]: 11 }, { [c.BROTLI_PARAM_LGWIN]: 10 }, { [c.BROTLI_PARAM_LGWIN]: 24 }, { [c.BROTLI_PARAM_MODE]: c.BROTLI_MODE_TEXT }, { [c.BROTLI_PARAM_SIZE_HINT]: 23 }, { [c.BROTLI_PARAM_QUALITY]: 99 }, { 999: 1 }, { "-1": 1 }, { 1: "z" }, { 1: null }, { 1: true }, { 1: -1 }, { 1: 1.5 }, { 2: 1000 }])
      o[`brotli ${JSON.stringify(params)}`] = t(() => zlib.brotliDecompressSync(zlib.brotliCompressSync(x, { params })).toString());
    for (const params of [{ [c.ZSTD_c_compressionLevel]: 1 }, { [c.ZSTD_c_compressionLevel]: 22 }, { [c.ZSTD_c_compressionLevel]: 99 }, { [c.ZSTD_c_checksumFlag]: 1 }, { [c.ZSTD_c_windowLog]: 10 }, { [c.ZSTD_c_windowLog]: 1000 }, { 999: 1 }, { 100: "z" }, { 100: null }])
      o[`zstd ${JSON.stringify(params)}`] = t(() => zlib.zstdDecompressSync(zlib.zstdCompressSync(x, { params })).toString());
    o.decodeParams = [{ 0: 1 }, { 1: 1 }, { 9: 1 }].map((params) => t(() => zlib.brotliDecompressSync(Buffer.from(HEX.brotli, "hex"), { params }).toString()));
    o.zstdDecodeParams = [{ 100: 20 }, { 100: 1000 }, { 9: 1 }].map((params) => t(() => zlib.zstdDecompressSync(Buffer.from(HEX.zstd, "hex"), { params }).toString()));
    o.chunkSize = [1, 64, "x", -1].map((chunkSize) => t(() => zlib.brotliDecompressSync(Buffer.from(HEX.brotli, "hex"), { chunkSize }).toString()));
    o.flush = [0, 1, 2, 3, 4, 9].map((finishFlush) => t(() => zlib.brotliDecompressSync(Buffer.from(HEX.brotli, "hex").subarray(0, 12), { finishFlush }).toString()));
    const call = (name, ...args) => new Promise((r) => zlib[name](...args, (e, b) => r(e ? said(e) : b.length < 40 ? b.toString() : b.length)));
    o.called = [await call("brotliDecompress", Buffer.from(HEX.brotli, "hex")), await call("brotliDecompress", Buffer.from(HEX.brotli, "hex"), {}), await call("brotliDecompress", "nope"), await call("zstdDecompress", Buffer.from(HEX.zstd, "hex")), await call("zstdDecompress", "nope nope")];
    o.callBack = [await call("brotliDecompress", await new Promise((r) => zlib.brotliCompress(x, (e, b) => r(b)))), await call("zstdDecompress", await new Promise((r) => zlib.zstdCompress(x, (e, b) => r(b))))];
    o.noCallback = ["brotliCompress", "brotliDecompress", "zstdCompress", "zstdDecompress"].map((name) => t(() => zlib[name](x)));
    for (const [name, make, expand] of [["brotli", "createBrotliCompress", "createBrotliDecompress"], ["zstd", "createZstdCompress", "createZstdDecompress"]]) {
      const parts = [];
      for await (const part of pipeline([x, x, large], zlib[make](), () => {})) parts.push(part);
      o[`${name} stream`] = [zlib.crc32(Buffer.concat([x, x, large])), zlib.crc32(zlib[name === "brotli" ? "brotliDecompressSync" : "zstdDecompressSync"](Buffer.concat(parts)))];
      o[`${name} stream known`] = await through(zlib[expand](), ...bytes(HEX[name]));
      o[`${name} stream bad`] = await through(zlib[expand](), "garbage that is none").then((e) => ({ ...e, code: e.code.replace(/PADDING_\d/, "PADDING") }));
      o[`${name} stream cut`] = await through(zlib[expand](), Buffer.from(HEX[name], "hex").subarray(0, 12));
      o[`${name} made`] = [zlib[make]() instanceof zlib[name === "brotli" ? "BrotliCompress" : "ZstdCompress"], t(() => zlib[make]({ params: { 999: 1 } }) && 1), t(() => zlib[make]({ chunkSize: 1 }) && 1), t(() => zlib[make]({ flush: 99 }) && 1), zlib[make].length, zlib[expand].length];
      const flushing = zlib[make](), got = [];
      flushing.on("data", (part) => got.push(part));
      flushing.write("first");
      await new Promise((r) => flushing.flush(r));
      // Of Zstandard a window's worth comes out at the end.
      o[`${name} flush`] = [got.length > 0, name === "brotli" ? await through(zlib[expand]({ finishFlush: c.BROTLI_OPERATION_FLUSH }), ...got) : "zstd"];
    }
    o.lengths = ["brotliCompressSync", "brotliCompress", "zstdCompressSync", "zstdDecompress"].map((name) => zlib[name].length);
    return Response.json(o);
  },
};
