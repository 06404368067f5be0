// differs: a NUL in a label ends the message of its error.
// TextEncoder, TextDecoder: options, labels, streaming, fatal, marks, and the errors of it.
const facts = {};
function note(name, f) {
  try {
    const value = f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message} ${error?.code ?? ""}`;
  }
}
const hex = (bytes) => [...new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength)].map((b) => b.toString(16).padStart(2, "0")).join("");
const bytes = (...b) => new Uint8Array(b);
// differs: what workerd keeps on prototypes for its own inspector.
const INTERNAL = ["Symbol(cloudflare:internal-class)", "Symbol(kResourceTypeInspect)", "arguments", "caller"];
for (const name of ["TextEncoder", "TextDecoder"]) {
  const type = globalThis[name];
  note(`${name}`, () => [type.name, type.length]);
  for (const key of Reflect.ownKeys(type.prototype).sort((a, b) => (String(a) < String(b) ? -1 : 1))) {
    if (INTERNAL.includes(String(key))) continue;
    note(`${name}.${String(key)}`, () => {
      const d = Object.getOwnPropertyDescriptor(type.prototype, key);
      const f = (g) => (typeof g === "function" ? `${g.name}/${g.length}` : typeof g);
      return ["value" in d ? (typeof d.value === "function" ? f(d.value) : String(d.value)) : `get ${f(d.get)} set ${f(d.set)}`, d.writable ?? "-", d.enumerable, d.configurable].join(" ");
    });
    const d = Object.getOwnPropertyDescriptor(type.prototype, key);
    if (d.get) note(`${name} brand ${String(key)}`, () => d.get.call({}));
    if (typeof d.value === "function" && key !== "constructor") note(`${name} brand ${String(key)}`, () => d.value.call({}));
  }
  note(`${name} own`, () => Reflect.ownKeys(new type()).map(String));
  note(`${name} tag`, () => Object.prototype.toString.call(new type()));
}
const e = new TextEncoder();
note("encoding", () => e.encoding);
for (const text of ["", "a", "é€😀", "\ud800", "\udc00x", "\ud83d\ude00", "a\u0000b", "\ud800\ud800\udc00"]) note(`encode ${JSON.stringify(text)}`, () => hex(e.encode(text)));
note("encode()", () => [hex(e.encode()), e.encode().constructor.name]);
note("encode values", () => [hex(e.encode(undefined)), hex(e.encode(null)), hex(e.encode(5)), hex(e.encode({}))]);
note("encode symbol", () => e.encode(Symbol("a")));
note("encode buffer", () => { const b = e.encode("abc"); return [b.byteOffset, b.buffer.byteLength]; });
for (const [text, length] of [["abc", 5], ["abc", 2], ["é", 1], ["€", 2], ["€", 3], ["a😀", 4], ["a😀", 5], ["\ud800", 3], ["", 0], ["\ud800", 2], ["xé😀y", 7]]) note(`into ${JSON.stringify(text)} ${length}`, () => { const b = new Uint8Array(length); const r = e.encodeInto(text, b); return [r, hex(b), Object.keys(r)]; });
note("into offset", () => { const b = new Uint8Array(8); const r = e.encodeInto("abc", b.subarray(2, 4)); return [r, hex(b)]; });
note("into bad", () => e.encodeInto("a", new ArrayBuffer(4)));
note("into u16", () => e.encodeInto("a", new Uint16Array(4)));
note("into none", () => e.encodeInto("a"));
note("into nothing", () => e.encodeInto());
note("into number", () => e.encodeInto(5, new Uint8Array(3)));
for (const label of ["utf8", "UTF-8", " utf-8\n", "unicode-1-1-utf-8", "latin1", "ascii", "iso-8859-1", "windows-1252", "utf-16", "utf-16le", "utf-16be", "gbk", "gb18030", "big5", "shift_jis", "sjis", "euc-jp", "iso-2022-jp", "euc-kr", "koi8-r", "koi8-u", "macintosh", "ibm866", "windows-1251", "iso-8859-2", "iso-8859-8-i", "iso-8859-16", "x-user-defined", "replacement", "iso-2022-kr", "hz-gb-2312", "x-mac-cyrillic", "windows-874", "utf-7", "utf-32", "bad", "", "utf-8\u000b", "\u00a0utf-8", "us-ascii", "csunicode", "ucs-2", "unicodefffe", "iso_8859-9:1989", "tis-620", "x-sjis", "ks_c_5601-1987"]) note(`label ${JSON.stringify(label)}`, () => new TextDecoder(label).encoding);
const high = Uint8Array.from({ length: 128 }, (_, i) => i + 128);
for (const label of ["ibm866", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-8-i", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "koi8-r", "koi8-u", "macintosh", "windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258", "x-mac-cyrillic", "x-user-defined", "latin1", "ascii"]) note(`high ${label}`, () => new TextDecoder(label).decode(high));
const decode = (label, ...b) => new TextDecoder(label).decode(bytes(...b));
note("sjis", () => decode("shift_jis", 0x93, 0xfa, 0x96, 0x7b, 0xb1, 0x41));
note("euc-jp", () => decode("euc-jp", 0xc6, 0xfc, 0xcb, 0xdc));
note("iso-2022-jp", () => decode("iso-2022-jp", 0x1b, 0x24, 0x42, 0x46, 0x7c, 0x4b, 0x5c, 0x1b, 0x28, 0x42, 0x61));
note("gbk", () => decode("gbk", 0xc4, 0xe3, 0xba, 0xc3));
note("gb18030", () => decode("gb18030", 0x81, 0x30, 0x81, 0x30, 0x94, 0x39, 0xda, 0x33));
note("big5", () => decode("big5", 0xa7, 0x41, 0xa6, 0x6e));
note("euc-kr", () => decode("euc-kr", 0xbe, 0xc8, 0xb3, 0xe7));
note("utf-16le", () => decode("utf-16le", 0x61, 0, 0x3d, 0xd8, 0, 0xde));
note("utf-16be", () => decode("utf-16be", 0, 0x61, 0xd8, 0x3d, 0xde, 0));
note("utf-16 odd", () => decode("utf-16", 0x61, 0, 0x62));
for (const b of [[], [0x61], [0xff], [0xc3], [0xe2, 0x82], [0xe2, 0x82, 0x41], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf, 0x61], [0xc0, 0x80], [0xf8, 0x88, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x28, 0xa1]]) {
  note(`utf8 ${hex(bytes(...b))}`, () => decode("utf-8", ...b));
  note(`fatal ${hex(bytes(...b))}`, () => new TextDecoder("utf-8", { fatal: true }).decode(bytes(...b)));
  note(`bom ${hex(bytes(...b))}`, () => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes(...b)));
}
note("fatal sjis", () => new TextDecoder("shift_jis", { fatal: true }).decode(bytes(0x81)));
note("fatal gbk", () => new TextDecoder("gbk", { fatal: true }).decode(bytes(0xff)));
note("fatal windows-1252", () => new TextDecoder("windows-1252", { fatal: true }).decode(bytes(0x81)));
note("utf-16 bom", () => [decode("utf-16le", 0xff, 0xfe, 0x61, 0), new TextDecoder("utf-16le", { ignoreBOM: true }).decode(bytes(0xff, 0xfe, 0x61, 0)).length, decode("utf-16be", 0xfe, 0xff, 0, 0x61)]);
note("stream", () => { const d = new TextDecoder(); return [d.decode(bytes(0xe2), { stream: true }), d.decode(bytes(0x82), { stream: true }), d.decode(bytes(0xac, 0x61), { stream: true }), d.decode(bytes(0xe2), { stream: true }), d.decode()]; });
note("stream bom", () => { const d = new TextDecoder(); return [d.decode(bytes(0xef), { stream: true }), d.decode(bytes(0xbb), { stream: true }), d.decode(bytes(0xbf, 0x61), { stream: true }), d.decode(bytes(0xef, 0xbb, 0xbf)), d.decode(bytes(0xef, 0xbb, 0xbf, 0x62))]; });
note("stream fatal", () => { const d = new TextDecoder("utf-8", { fatal: true }); const all = [d.decode(bytes(0xe2), { stream: true })]; try { d.decode(); } catch (x) { all.push(x.message); } all.push(d.decode(bytes(0x61))); return all; });
note("stream utf16", () => { const d = new TextDecoder("utf-16le"); return [d.decode(bytes(0x3d), { stream: true }), d.decode(bytes(0xd8, 0x00), { stream: true }), d.decode(bytes(0xde), { stream: true }), d.decode()]; });
note("stream sjis", () => { const d = new TextDecoder("sjis"); return [d.decode(bytes(0x93), { stream: true }), d.decode(bytes(0xfa), { stream: true }), d.decode()]; });
note("options", () => { const d = new TextDecoder("utf-8", { fatal: 1, ignoreBOM: "x" }); return [d.fatal, d.ignoreBOM, new TextDecoder().fatal, new TextDecoder().ignoreBOM]; });
note("options null", () => new TextDecoder("utf-8", null).fatal);
note("options bad", () => new TextDecoder("utf-8", 5).fatal);
note("label undefined", () => new TextDecoder(undefined).encoding);
note("label null", () => new TextDecoder(null).encoding);
note("label number", () => new TextDecoder(5).encoding);
note("decode()", () => new TextDecoder().decode());
note("decode null", () => new TextDecoder().decode(null));
note("decode undefined", () => new TextDecoder().decode(undefined));
note("decode string", () => new TextDecoder().decode("abc"));
note("decode number", () => new TextDecoder().decode(5));
note("decode array", () => new TextDecoder().decode([97]));
note("decode views", () => { const b = bytes(0x61, 0x62, 0x63, 0x64).buffer; return [new TextDecoder().decode(b), new TextDecoder().decode(new DataView(b, 1, 2)), new TextDecoder().decode(new Uint16Array(b)), new TextDecoder().decode(new Uint8Array(b, 2))]; });
note("decode options bad", () => new TextDecoder().decode(bytes(0x61), 5));
note("decode options null", () => new TextDecoder().decode(bytes(0x61), null));
note("long", () => { const t = "aé€😀".repeat(1000); return new TextDecoder().decode(new TextEncoder().encode(t)) === t; });
note("no new", () => TextDecoder());
for (const text of ["", "a", "ab", "abc", "\u00ff", "\u0100", "é", "😀", "\u0000"]) note(`btoa ${JSON.stringify(text)}`, () => btoa(text));
for (const text of ["", "YQ==", "YQ=", "YQ", "YWI=", "YWJj", " Y W J j ", "Y", "YWJjZ", "Y===", "====", "YQ==YQ==", "-_-_", "/+/+", "YW\u00e9j", "YQ=a", "YR==", "\f\tYQ\n==\r", "YQ==\u000b", "a\u0100"]) note(`atob ${JSON.stringify(text)}`, () => hex(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))));
note("btoa()", () => btoa());
note("atob()", () => atob());
note("btoa values", () => [btoa(undefined), btoa(null), btoa(5), btoa({}), btoa([1, 2])]);
note("atob null", () => hex(Uint8Array.from(atob(null), (c) => c.charCodeAt(0))));
note("atob undefined", () => atob(undefined));
note("btoa error", () => { try { btoa("\u0100"); } catch (x) { return [x instanceof DOMException, x.name, x.code, x.message]; } });
note("atob error", () => { try { atob("="); } catch (x) { return [x instanceof DOMException, x.name, x.code, x.message]; } });
note("names", () => [btoa.name, btoa.length, atob.name, atob.length]);
export default { fetch: () => Response.json(facts) };
