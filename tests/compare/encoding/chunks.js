// TextDecoder chunk by chunk, with and without `fatal` and `ignoreBOM`; TextEncoder.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const D = (l, o, ...ch) => { const d = new TextDecoder(l, o); return ch.map(([b, s]) => { try { return [...d.decode(b === undefined ? undefined : new Uint8Array(b), s === undefined ? undefined : { stream: s })].map((c) => c.codePointAt(0).toString(16)).join(" "); } catch (e) { return say(e); } }); };
for (const [n, o] of [["plain", {}], ["fatal", { fatal: true }], ["bom", { ignoreBOM: true }], ["both", { fatal: true, ignoreBOM: true }]]) {
  note(n + " bom", () => D("utf-8", o, [[0xef, 0xbb, 0xbf, 0x41]]));
  note(n + " split bom", () => D("utf-8", o, [[0xef], true], [[0xbb], true], [[0xbf, 0x41], true], [[], false]));
  note(n + " two boms", () => D("utf-8", o, [[0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf]]));
  note(n + " bom again", () => D("utf-8", o, [[0xef, 0xbb, 0xbf], false], [[0xef, 0xbb, 0xbf], false]));
  note(n + " truncated", () => D("utf-8", o, [[0xe2, 0x82]]));
  note(n + " truncated stream", () => D("utf-8", o, [[0xe2, 0x82], true], [undefined, undefined]));
  note(n + " truncated resume", () => D("utf-8", o, [[0xe2, 0x82], true], [[0xac], true], [[0x41], false]));
  note(n + " bad then good", () => D("utf-8", o, [[0xff], true], [[0x41], true], [[0x42], false]));
  note(n + " overlong", () => D("utf-8", o, [[0xc0, 0x80]]));
  note(n + " surrogate", () => D("utf-8", o, [[0xed, 0xa0, 0x80]]));
  note(n + " big", () => D("utf-8", o, [[0xf4, 0x90, 0x80, 0x80]]));
  note(n + " half then ascii", () => D("utf-8", o, [[0xe2, 0x82, 0x41]]));
  note(n + " half stream ascii", () => D("utf-8", o, [[0xe2], true], [[0x41], true], [[], false]));
  note(n + " 16le", () => D("utf-16le", o, [[0xff, 0xfe, 0x41, 0]]));
  note(n + " 16le odd", () => D("utf-16le", o, [[0x41, 0, 0x42]]));
  note(n + " 16le split", () => D("utf-16le", o, [[0x41], true], [[0], true], [[0x3d, 0xd8], true], [[0x4d, 0xdc], false]));
  note(n + " 16le lone", () => D("utf-16le", o, [[0x3d, 0xd8, 0x41, 0]]));
  note(n + " 16be", () => D("utf-16be", o, [[0xfe, 0xff, 0, 0x41]]));
  note(n + " latin", () => D("latin1", o, [[0x80, 0x81, 0xff]]));
  note(n + " sjis", () => D("shift_jis", o, [[0x82, 0xa0, 0x82], true], [[0xa2], false]));
  note(n + " sjis bad", () => D("shift_jis", o, [[0x82, 0x20]]));
  note(n + " gb", () => D("gb18030", o, [[0x81, 0x30, 0x81, 0x30, 0xff]]));
  note(n + " euckr", () => D("euc-kr", o, [[0xb0, 0xa1, 0xb0], true], [[0xa2]]));
  note(n + " 2022", () => D("iso-2022-jp", o, [[0x1b, 0x24, 0x42, 0x24, 0x22], true], [[0x1b, 0x28, 0x42, 0x41]]));
  note(n + " big5", () => D("big5", o, [[0xa4, 0x40, 0xa4]]));
  note(n + " xud", () => D("x-user-defined", o, [[0x80, 0xff]]));
  note(n + " props", () => { const d = new TextDecoder("UTF8", o); return [d.encoding, d.fatal, d.ignoreBOM]; });
}
for (const l of ["", " utf-8 ", "replacement", "iso-2022-kr", "UTF-7", "unicode", "utf-32", null, undefined, 5, "ascii", "windows-1252", "x-x"]) note("label " + String(l), () => new TextDecoder(l).encoding);
for (const v of [undefined, null, "a", 5, {}, [], new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), new Uint16Array(1), new SharedArrayBuffer(1)]) note("decode " + Object.prototype.toString.call(v), () => new TextDecoder().decode(v).length);
note("encodeInto", () => { const r = new TextEncoder().encodeInto("a€😀", new Uint8Array(6)); return [r.read, r.written]; });
note("encodeInto lone", () => { const b = new Uint8Array(3); const r = new TextEncoder().encodeInto("\ud800", b); return [r.read, r.written, [...b]]; });
note("encodeInto small", () => { const r = new TextEncoder().encodeInto("€", new Uint8Array(2)); return [r.read, r.written]; });
note("encodeInto bad", () => new TextEncoder().encodeInto("a", new Uint16Array(2)));
note("encodeInto none", () => new TextEncoder().encodeInto());
note("encode undefined", () => [new TextEncoder().encode().length, new TextEncoder().encode(undefined).length, new TextEncoder().encode(null).length]);}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
