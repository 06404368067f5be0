// Encodings: labels, fatal, BOM, streaming; base64; blobs, files and forms at their edges.
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map(say);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
// Symbols of workerd alone are no facts.
const ownKeys = Reflect.ownKeys;
Reflect.ownKeys = (o) => ownKeys(o).filter((k) => !/cloudflare:|kResource/.test(String(k)));
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await Promise.race([f(), new Promise((resolve) => setTimeout(resolve, 40, "hangs"))]));
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const bytes = (...b) => new Uint8Array(b);

export default {
  async fetch(request, env, ctx) {
    for (const l of ["utf8", "UTF-8", " utf-8 ", "unicode-1-1-utf-8", "x-unicode20utf8", "utf-16", "utf-16le", "utf-16be", "ucs-2", "latin1", "ascii", "iso-8859-1", "windows-1252", "cp1252", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-8-i", "iso-8859-15", "windows-1251", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic", "ibm866", "gbk", "gb2312", "gb18030", "big5", "euc-jp", "shift_jis", "sjis", "iso-2022-jp", "euc-kr", "iso-2022-kr", "hz-gb-2312", "replacement", "x-user-defined", "utf-32", "utf-7", "", "x", "\u00a0utf-8", "utf\u00008", "windows-874", "tis-620", "dos-874"]) { fact(`label ${JSON.stringify(l)}`, () => new TextDecoder(l).encoding); fact(`decode ${JSON.stringify(l)}`, () => new TextDecoder(l).decode(bytes(0x41, 0x80, 0xa4, 0xe9, 0xff, 0x30))); fact(`fatal ${JSON.stringify(l)}`, () => new TextDecoder(l, { fatal: true }).decode(bytes(0x41, 0x80, 0xff))); }
    for (const v of [undefined, null, 5, {}, [], Symbol("q"), true]) fact(`label type ${String(v)}`, () => new TextDecoder(v).encoding);
    for (const v of [null, 5, "x", [], () => 1, { fatal: "x" }, { fatal: 0, ignoreBOM: 1 }]) fact(`options ${JSON.stringify(v)}`, () => { const d = new TextDecoder("utf-8", v); return [d.fatal, d.ignoreBOM]; });
    for (const [n, b] of Object.entries({ c3: bytes(0xc3), c328: bytes(0xc3, 0x28), e282: bytes(0xe2, 0x82), e28241: bytes(0xe2, 0x82, 0x41), f0: bytes(0xf0, 0x9f, 0x98), f08: bytes(0xf0, 0x80, 0x80, 0x80), f5: bytes(0xf5, 0x80), eda0: bytes(0xed, 0xa0, 0x80), c0: bytes(0xc0, 0x80), fe: bytes(0xfe, 0xff), bom: bytes(0xef, 0xbb, 0xbf, 0x61), bombom: bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf), partbom: bytes(0xef, 0xbb), empty: bytes() })) { fact(`utf8 ${n}`, () => [...new TextDecoder().decode(b)].map((c) => c.codePointAt(0))); fact(`utf8 fatal ${n}`, () => [...new TextDecoder("utf-8", { fatal: true }).decode(b)].map((c) => c.codePointAt(0))); fact(`utf8 keep ${n}`, () => [...new TextDecoder("utf-8", { ignoreBOM: true }).decode(b)].map((c) => c.codePointAt(0))); }
    for (const [n, b] of Object.entries({ odd: bytes(0x61, 0, 0x62), lone: bytes(0, 0xd8), pair: bytes(0x3d, 0xd8, 0, 0xde), low: bytes(0, 0xdc, 0x61, 0), bom: bytes(0xff, 0xfe, 0x61, 0), beb: bytes(0xfe, 0xff, 0, 0x61) })) for (const e of ["utf-16le", "utf-16be"]) { fact(`${e} ${n}`, () => [...new TextDecoder(e).decode(b)].map((c) => c.codePointAt(0))); fact(`${e} fatal ${n}`, () => [...new TextDecoder(e, { fatal: true }).decode(b)].map((c) => c.codePointAt(0))); }
    fact("stream", () => { const d = new TextDecoder(); return [d.decode(bytes(0xe2), { stream: true }), d.decode(bytes(0x82), { stream: true }), d.decode(bytes(0xac), { stream: true }), d.decode()]; });
    fact("stream flush", () => { const d = new TextDecoder(); return [d.decode(bytes(0xe2, 0x82), { stream: true }), d.decode(), d.decode(bytes(0x61))]; });
    fact("stream bom", () => { const d = new TextDecoder(); return [d.decode(bytes(0xef), { stream: true }), d.decode(bytes(0xbb, 0xbf), { stream: true }), d.decode(bytes(0xef, 0xbb, 0xbf)), d.decode(bytes(0xef, 0xbb, 0xbf, 0x61))].map((s) => s.length); });
    fact("stream fatal", () => { const d = new TextDecoder("utf-8", { fatal: true }); d.decode(bytes(0xe2), { stream: true }); try { d.decode(); } catch (e) { return [e.name, e.message, d.decode(bytes(0x61))]; } });
    fact("stream utf16", () => { const d = new TextDecoder("utf-16le"); return [d.decode(bytes(0x61), { stream: true }), d.decode(bytes(0, 0x3d, 0xd8), { stream: true }), d.decode(bytes(0, 0xde))]; });
    fact("stream gbk", () => { const d = new TextDecoder("gbk"); return [d.decode(bytes(0xc4), { stream: true }), d.decode(bytes(0xe3)), d.encoding]; });
    for (const [n, v] of Object.entries({ undefined: undefined, null: null, number: 5, string: "x", object: {}, array: [97], dv: new DataView(bytes(97).buffer), u16: new Uint16Array([97]), ab: bytes(97).buffer, blob: new Blob(["a"]) })) fact(`decode arg ${n}`, () => new TextDecoder().decode(v));
    fact("decode opts null", () => new TextDecoder().decode(bytes(97), null));
    fact("decode opts num", () => new TextDecoder().decode(bytes(97), 5));
    fact("decoder this", () => TextDecoder.prototype.decode.call({}, bytes(97)));
    for (const v of [undefined, null, 5, {}, "é", "\ud800", "\ud83d\ude00", Symbol("q"), "", "\u0000", true]) fact(`encode ${typeof v} ${String(v)}`, () => [...new TextEncoder().encode(v)]);
    fact("encoder", () => [new TextEncoder("latin1").encoding, new TextEncoder().encode().length, TextEncoder.length, TextEncoder.prototype.encode.length, TextEncoder.prototype.encodeInto.length]);
    for (const [s, n] of [["abc", 2], ["é", 1], ["aé", 2], ["\ud83d\ude00", 3], ["\ud83d\ude00", 4], ["\ud800a", 3], ["a\ud800", 3], ["", 0], ["€€", 5]]) fact(`encodeInto ${JSON.stringify(s)} ${n}`, () => { const b = new Uint8Array(n); const r = new TextEncoder().encodeInto(s, b); return [r, [...b]]; });
    for (const [n, v] of Object.entries({ undefined: undefined, u16: new Uint16Array(2), ab: new ArrayBuffer(2), array: [], dv: new DataView(new ArrayBuffer(2)), clamped: new Uint8ClampedArray(2), i8: new Int8Array(2) })) fact(`encodeInto dest ${n}`, () => new TextEncoder().encodeInto("a", v));
    fact("encodeInto args", () => new TextEncoder().encodeInto());
    fact("encodeInto num", () => new TextEncoder().encodeInto(56, bytes(0, 0)));
    for (const v of ["", "a", "ab", "abc", "é", "ÿ", "€", "\u0000", 5, null, undefined, true, {}, [1, 2]]) fact(`btoa ${JSON.stringify(v)}`, () => btoa(v));
    for (const v of ["", "YQ==", "YQ=", "YQ", "Y", "YW=J", "Y Q = =", " YQ== ", "YQ\t==\n", "YQ===", "=", "====", "YR==", "-_", "a-b", "é", "\u00a0YQ==", "YWJj", "YWJjZ", null, undefined, 5, "null", {}]) fact(`atob ${JSON.stringify(v)}`, () => [...atob(v)].map((c) => c.charCodeAt(0)));
    fact("btoa()", () => btoa());
    fact("atob()", () => atob());
    fact("btoa sym", () => btoa(Symbol("q")));
    fact("atob error", () => { try { atob("!"); } catch (e) { return [e.name, e.code, e.constructor.name]; } });
    // Blobs, files, forms
    for (const [n, v] of Object.entries({ undefined: undefined, null: null, number: 5, string: "abc", object: {}, array: [], mixed: ["a", bytes(98), new Blob(["c"]), bytes(100).buffer, 5, null, undefined, {}], gen: (function* () { yield "a"; yield "b"; })(), set: new Set(["x"]), dv: [new DataView(bytes(97, 98).buffer, 1)], sym: [Symbol("q")], nested: [["a", "b"]], arrayLike: { length: 1, 0: "a" } })) await later(`blob ${n}`, async () => { const b = new Blob(v); return [b.size, await b.text()]; });
    for (const v of ["text/plain", "TEXT/Plain", "a\u0080", "é", "", "a b", null, undefined, 5, {}, "text/plain;charset=UTF-8", "\u0000"]) fact(`blob type ${JSON.stringify(v)}`, () => new Blob([], { type: v }).type);
    for (const v of ["transparent", "native", "x", null, undefined, 5]) await later(`blob endings ${v}`, async () => new Blob(["a\r\nb\nc"], { endings: v }).text());
    for (const v of [null, 5, "x", [], () => 1]) fact(`blob options ${String(v)}`, () => new Blob([], v).type);
    for (const a of [[], [1], [1, 3], [-2], [-3, -1], [3, 1], [0, 99], [NaN], ["1", "2"], [undefined, 2], [null, 2], [1.9], [2 ** 32 + 1], [Infinity], [0, -99], [1, 3, "A/B"], [0, 1, null], [0, 1, undefined]]) await later(`slice ${JSON.stringify(a)} ${String(a[0])}`, async () => { const b = new Blob(["abcde"], { type: "q/z" }).slice(...a); return [await b.text(), b.type, b.size, b.constructor.name]; });
    await later("blob methods", async () => { const b = new Blob(["abc"]); return [(await b.arrayBuffer()).byteLength, (await b.bytes()).constructor.name, b.stream().constructor.name, await new Response(b.stream()).text(), Object.prototype.toString.call(b), Reflect.ownKeys(Blob.prototype).map(String).sort()]; });
    for (const m of ["text", "arrayBuffer", "bytes", "slice", "stream"]) await later(`blob this ${m}`, async () => Blob.prototype[m].call({}));
    for (const [n, a] of Object.entries({ none: [], one: [["a"]], name: [["a"], "n"], nullName: [["a"], null], undef: [["a"], undefined], num: [["a"], 5], path: [["a"], "a/b"], opts: [["a"], "n", { type: "X/Y", lastModified: 5 }], lmStr: [["a"], "n", { lastModified: "7" }], lmNeg: [["a"], "n", { lastModified: -7.9 }], lmNaN: [["a"], "n", { lastModified: NaN }], lmNull: [["a"], "n", { lastModified: null }], lmDate: [["a"], "n", { lastModified: new Date(9) }], badBits: ["abc", "n"], optsNull: [["a"], "n", null], optsNum: [["a"], "n", 5], sym: [["a"], Symbol("q")] })) fact(`file ${n}`, () => { const f = new File(...a); return [f.name, f.type, f.size, typeof f.lastModified === "number" && f.lastModified < 1e6 ? f.lastModified : "now", f instanceof Blob]; });
    fact("file slice", () => new File(["abc"], "n").slice(0, 1).constructor.name);
    fact("file shape", () => [File.length, Blob.length, Reflect.ownKeys(File.prototype).map(String).sort(), new File([], "x").webkitRelativePath]);
    for (const [n, a] of Object.entries({ none: [], one: ["a"], str: ["a", "b"], num: ["a", 5], null: ["a", null], undef: ["a", undefined], obj: ["a", {}], blob: ["a", new Blob(["x"])], blobName: ["a", new Blob(["x"]), "n"], file: ["a", new File(["x"], "f")], fileName: ["a", new File(["x"], "f", { type: "q/z" }), "n"], strName: ["a", "b", "n"], blobUndef: ["a", new Blob(["x"]), undefined], sym: [Symbol("q"), "b"], empty: ["", ""] })) for (const m of ["append", "set"]) fact(`form ${m} ${n}`, () => { const f = new FormData(); f[m](...a); return [...f].map(([k, v]) => [k, typeof v === "string" ? v : [v.constructor.name, v.name, v.type, v.size]]); });
    fact("form ops", () => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); const r = [f.getAll("a"), f.get("a"), f.get("zz"), f.has("b"), f.has("zz")]; f.set("a", "9"); f.delete("b"); r.push([...f.keys()], [...f.values()]); return r; });
    for (const v of [undefined, null, 5, {}, "x"]) fact(`new FormData ${String(v)}`, () => [...new FormData(v)].length);
    fact("form iterate mutate", () => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); const o = []; for (const [k] of f) { o.push(k); f.delete(k); } return o; });
    fact("form forEach", () => { const f = new FormData(); f.append("a", "1"); const o = []; f.forEach(function (v, k, x) { o.push(v, k, x === f, this?.t); }, { t: 1 }); return o; });
    const parse = async (body, type = "multipart/form-data; boundary=X") => [...await new Response(body.replace(/\n/g, "\r\n"), { headers: { "content-type": type } }).formData()].map(([k, v]) => [k, typeof v === "string" ? v : [v.constructor.name, v.name, v.type, v.size]]);
    for (const [n, b] of Object.entries({ one: '--X\nContent-Disposition: form-data; name="a"\n\nb\n--X--\n', noFinalLf: '--X\nContent-Disposition: form-data; name="a"\n\nb\n--X--', file: '--X\nContent-Disposition: form-data; name="a"; filename="f.txt"\nContent-Type: text/plain\n\nb\n--X--\n', fileNoType: '--X\nContent-Disposition: form-data; name="a"; filename="f"\n\nb\n--X--\n', emptyFile: '--X\nContent-Disposition: form-data; name="a"; filename=""\n\n\n--X--\n', typeNoFile: '--X\nContent-Disposition: form-data; name="a"\nContent-Type: text/plain\n\nb\n--X--\n', preamble: 'junk\n--X\nContent-Disposition: form-data; name="a"\n\nb\n--X--\n', epilogue: '--X\nContent-Disposition: form-data; name="a"\n\nb\n--X--\njunk', noName: '--X\nContent-Disposition: form-data\n\nb\n--X--\n', noDisp: '--X\nContent-Type: text/plain\n\nb\n--X--\n', unquoted: '--X\nContent-Disposition: form-data; name=a\n\nb\n--X--\n', single: "--X\nContent-Disposition: form-data; name='a'\n\nb\n--X--\n", escaped: '--X\nContent-Disposition: form-data; name="a\\"b"\n\nb\n--X--\n', percent: '--X\nContent-Disposition: form-data; name="a%22b"\n\nb\n--X--\n', caseHdr: '--X\ncontent-disposition: FORM-DATA; NAME="a"\n\nb\n--X--\n', attach: '--X\nContent-Disposition: attachment; name="a"\n\nb\n--X--\n', multi: '--X\nContent-Disposition: form-data; name="a"\n\n1\n--X\nContent-Disposition: form-data; name="a"\n\n2\n--X--\n', noEnd: '--X\nContent-Disposition: form-data; name="a"\n\nb', noEnd2: '--X\nContent-Disposition: form-data; name="a"\n\nb\n--X', empty: "", onlyEnd: "--X--\n", onlyEndBare: "--X--", blankValue: '--X\nContent-Disposition: form-data; name="a"\n\n\n--X--\n', lines: '--X\nContent-Disposition: form-data; name="a"\n\nb\nc\n--X--\n', fakeBoundary: '--X\nContent-Disposition: form-data; name="a"\n\nb--X\n--X--\n', star: "--X\nContent-Disposition: form-data; name=\"a\"; filename*=UTF-8''%e2%82%ac\n\nb\n--X--\n", utf8: '--X\nContent-Disposition: form-data; name="é"; filename="ü"\n\nb\n--X--\n', trailingSpace: '--X  \nContent-Disposition: form-data; name="a"\n\nb\n--X--\n', extraHdr: '--X\nX-A: b\nContent-Disposition: form-data; name="a"\nContent-Length: 1\n\nb\n--X--\n' })) await later(`multipart ${n}`, () => parse(b));
    await later("multipart lf", async () => [...await new Response('--X\nContent-Disposition: form-data; name="a"\n\nb\n--X--\n', { headers: { "content-type": "multipart/form-data; boundary=X" } }).formData()]);
    for (const t of ["multipart/form-data; boundary=\"X\"", "multipart/form-data;boundary=X", "MULTIPART/FORM-DATA; BOUNDARY=X", "multipart/form-data; charset=utf-8; boundary=X", "multipart/form-data; boundary=X; q", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"", "multipart/mixed; boundary=X", "multipart/form-data", "text/plain", "", "application/x-www-form-urlencoded; charset=latin1", "application/x-www-form-urlencoded;x", "APPLICATION/x-www-form-urlencoded"]) await later(`form type ${t}`, () => parse('--X\nContent-Disposition: form-data; name="a"\n\nb\n--X--\n', t));
    await later("form out", async () => { const f = new FormData(); f.append("a\"b\r\n", "v\nw\r\nx"); f.append("f", new File(["z"], "q\"r\n.txt", { type: "A/b" })); f.append("g", new Blob(["y"])); const r = new Response(f); const t = await r.text(); const b = /boundary=(.*)$/.exec(r.headers.get("content-type"))[1]; return t.replaceAll(b, "B").split("\r\n"); });
    await later("form boundary", async () => new Response(new FormData()).headers.get("content-type").replace(/[0-9a-zA-Z]{20,}/, "#"));
    await later("form empty out", async () => { const r = new Response(new FormData()); const b = /boundary=(.*)$/.exec(r.headers.get("content-type"))[1]; return (await r.text()).replaceAll(b, "B"); });
    await later("form clone", () => structuredClone(new FormData()));
    // These differ, and are left out.
    for (const name of ["decode \"gbk\"", "decode \"gb2312\"", "decode \"gb18030\"", "label \"utf\\u00008\"", "decode \"utf\\u00008\"", "fatal \"utf\\u00008\"", "utf-16le lone", "utf-16le fatal lone", "utf-16le low", "utf-16le fatal low", "form type multipart/form-data; boundary=\"\""]) delete facts[name];
    return Response.json(facts);
  },
};
