// Formats of npm: protobufjs, iconv-lite, bn.js, jszip.
// flags: nodejs_compat
import protobuf from "protobufjs";
import iconv from "iconv-lite";
import BN from "bn.js";
import JSZip from "jszip";

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

export default {
  async fetch(request, env, ctx) {
    await fact("const r = protobuf.parse('syntax = \"proto3\"; message A { string n = 1; int64 v = 2; repeated int32 l = 3; }').root; const A = r.lookupType(\"A\"); const b = A.encode({ n: \"x\", v: 5, l: [1, 2] }).finish(); return [[...b], A.toObject(A.decode(b), { longs: String })];", async () => { const r = protobuf.parse('syntax = "proto3"; message A { string n = 1; int64 v = 2; repeated int32 l = 3; }').root; const A = r.lookupType("A"); const b = A.encode({ n: "x", v: 5, l: [1, 2] }).finish(); return [[...b], A.toObject(A.decode(b), { longs: String })]; });
    await fact("protobuf.parse('syntax = \"proto3\"; message A {')", async () => (protobuf.parse('syntax = "proto3"; message A {')));
    await fact("[...iconv.encode(\"h\u00e9llo \u00fc\", \"win1252\")]", async () => ([...iconv.encode("héllo ü", "win1252")]));
    await fact("iconv.decode(iconv.encode(\"\u65e5\u672c\", \"Shift_JIS\"), \"Shift_JIS\")", async () => (iconv.decode(iconv.encode("日本", "Shift_JIS"), "Shift_JIS")));
    await fact("iconv.encode(\"x\", \"nope\")", async () => (iconv.encode("x", "nope")));
    await fact("new BN(\"123456789012345678901234567890\").pow(new BN(3)).toString(16)", async () => (new BN("123456789012345678901234567890").pow(new BN(3)).toString(16)));
    await fact("new BN(7).invm(new BN(31)).toString()", async () => (new BN(7).invm(new BN(31)).toString()));
    await fact("const z = new JSZip(); z.file(\"a.txt\", \"hello\"); const b = await z.generateAsync({ type: \"uint8array\", date: new Date(0) }); const y = await JSZip.loadAsync(b); return [b.length, await y.file(\"a.txt\").async(\"string\")];", async () => { const z = new JSZip(); z.file("a.txt", "hello"); const b = await z.generateAsync({ type: "uint8array", date: new Date(0) }); const y = await JSZip.loadAsync(b); return [b.length, await y.file("a.txt").async("string")]; });
    return Response.json(facts);
  },
};
