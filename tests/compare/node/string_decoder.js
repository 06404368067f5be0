// node:string_decoder.
// flags: nodejs_compat
// differs: surrogates that come in halves, and where what is no UTF-8 is told.
import { StringDecoder } from "node:string_decoder";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code }; } };
export default {
  async fetch() {
    const o = {};
    const parts = (enc, ...chunks) => t(() => { const d = new StringDecoder(enc); return [...chunks.map((c) => d.write(Buffer.from(c))), d.end()]; });
    o.utf8 = parts("utf8", [0xe2], [0x82], [0xac, 0x41]); o.emoji = parts("utf8", [0xf0, 0x9f], [0x98], [0x80]); o.bad = parts("utf8", [0xff, 0xe2], [0x41]); o.cut = parts("utf8", [0xe2, 0x82]); o.cut4 = parts("utf8", [0xf0, 0x9f, 0x98]); o.bad2 = parts("utf8", [0xe0], [0x80, 0x41]);
    o.u16s = parts("ucs2", [0x3d, 0xd8], [0x61, 0]); o.b64 = parts("base64", [1], [2, 3, 4], [5]); o.b64u = parts("base64url", [255, 254], [253]); o.hex = parts("hex", [1, 2], [255]); o.latin = parts("latin1", [0xe9]); o.ascii = parts("ascii", [0xe9, 0x41]); o.bin = parts("binary", [0xff]);
    o.ends = t(() => { const d = new StringDecoder(); return [d.write(Buffer.from([0xe2])), d.end(Buffer.from([0x82])), d.write(Buffer.from("x")), d.end()]; }); o.str = t(() => new StringDecoder().write("abc")); o.wrong = [t(() => new StringDecoder("nope")), t(() => new StringDecoder().write(5)), t(() => new StringDecoder().write(null)), t(() => new StringDecoder(null).encoding), t(() => new StringDecoder("UTF-8").encoding), t(() => new StringDecoder("ucs2").encoding), t(() => new StringDecoder("binary").encoding)];
    o.last = t(() => { const d = new StringDecoder("utf8"); d.write(Buffer.from([0xe2, 0x82])); return [d.lastNeed, d.lastTotal, d.lastChar.toString("hex")]; }); o.text = t(() => new StringDecoder("utf8").text(Buffer.from("abc"), 1)); o.u8 = t(() => new StringDecoder().write(new Uint8Array([0x61]))); o.dv = t(() => new StringDecoder().write(new DataView(new ArrayBuffer(1))).length); o.keys = Object.keys(new StringDecoder()); o.proto = Object.keys(StringDecoder.prototype).sort();
    return Response.json(JSON.parse(JSON.stringify(o), (k, v) => typeof v === "string" && !v.isWellFormed() ? [...Array(v.length).keys()].map((i) => v.charCodeAt(i)) : v));
  },
};
