// node:zlib: what is compressed expands, and what fails.
// flags: nodejs_compat
// differs: bytes of levels, Brotli and Zstandard.
import zlib from "node:zlib";
const t = (f) => { try { const v = f(); return Buffer.isBuffer(v) ? "B:" + v.toString("hex") : v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, errno: e.errno }; } };
export default {
  async fetch() {
    const x = Buffer.from("hello hello hello hello"), o = {};
    for (const [c, d] of [["deflateSync", "inflateSync"], ["gzipSync", "gunzipSync"], ["deflateRawSync", "inflateRawSync"], ["gzipSync", "unzipSync"], ["deflateSync", "unzipSync"]]) {
      o[c + d] = ["", "é", x, Buffer.alloc(70000, "abc"), new Uint16Array([1, 2]), new ArrayBuffer(3)].map((v) => t(() => { const b = zlib[d](zlib[c](v)); return b.length > 100 ? b.length : b.toString("hex"); }));
      o[c + "level"] = [0, 1, 9, -1].map((level) => t(() => zlib[d](zlib[c](x, { level })).toString())); o[c + "wrong"] = [t(() => zlib[c](5)), t(() => zlib[c]()), t(() => zlib[c](x, { level: 99 }))];
    }
    o.known = [t(() => zlib.inflateSync(Buffer.from("789ccb48cdc9c957c8402701680308b1", "hex")).toString()), t(() => zlib.gunzipSync(Buffer.from("1f8b0800000000000003cb48cdc9c957c8402701e3513d8d17000000", "hex")).toString())];
    o.bad = [t(() => zlib.inflateSync(Buffer.from("nope"))), t(() => zlib.inflateSync(zlib.deflateSync(x).subarray(0, 8))), t(() => zlib.gunzipSync(Buffer.from("nope"))), t(() => zlib.inflateSync("")), t(() => zlib.inflateRawSync(Buffer.from([0xff, 0xff]))), t(() => zlib.gunzipSync(Buffer.concat([zlib.gzipSync(x), Buffer.from("tr")])).toString()), t(() => zlib.inflateSync(zlib.deflateSync(x), { maxOutputLength: 5 }).length)];
    o.multi = t(() => zlib.gunzipSync(Buffer.concat([zlib.gzipSync("a"), zlib.gzipSync("b")])).toString()); o.crc = [t(() => zlib.crc32("hello")), t(() => zlib.crc32(x, 5)), t(() => zlib.crc32(5)), t(() => zlib.crc32(""))];
    o.cb = await new Promise((r) => zlib.gzip(x, (e, b) => r([e, zlib.gunzipSync(b).toString()]))); o.cbOptions = await new Promise((r) => zlib.deflate(x, { level: 1 }, (e, b) => r([e, zlib.inflateSync(b).toString()]))); o.cbError = await new Promise((r) => zlib.gunzip("nope", (e, b) => r([e.message, typeof b]))); o.nocb = t(() => zlib.gzip(x));
    const through = (s, ...parts) => new Promise((r) => { const l = []; s.on("data", (c) => l.push(c)).on("end", () => r(Buffer.concat(l))).on("error", (e) => r("error " + e.message)); for (const p of parts) s.write(p); s.end(); });
    o.stream = String(await through(zlib.createGunzip(), await through(zlib.createGzip(), "ab", "c"))); o.streamParts = String(await through(zlib.createInflate(), ...[...zlib.deflateSync("parts")].map((b) => Buffer.from([b])))); o.streamBad = String(await through(zlib.createInflate(), "nope")); o.codes = zlib.codes; o.constants = zlib.constants; o.frozen = [Object.isFrozen(zlib.constants), Object.isFrozen(zlib.codes)];
    return Response.json(o);
  },
};
