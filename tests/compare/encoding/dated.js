// UTF-16 with halves of pairs alone and the byte 0x80 in Chinese encodings, before 2026-02-24.
// head: ../streams/heads/facts.js
export default {
  async fetch(request) {
    for (const enc_ of ["utf-16le", "utf-16be"]) for (const [n, b] of Object.entries({ odd: [0x61, 0, 0x62], lone: [0x00, 0xd8, 0x61, 0x00], lone2: [0xd8, 0x00, 0, 0x61], bom: [0xff, 0xfe, 0x61, 0x00], bomBe: [0xfe, 0xff, 0, 0x61], pair: [0x3d, 0xd8, 0x00, 0xde], low: [0, 0xdc] })) for (const o of [{}, { fatal: true }, { ignoreBOM: true }]) await t(`${enc_} ${n} ${JSON.stringify(o)}`, () => [...new TextDecoder(enc_, o).decode(u8(...b))].map((c) => c.codePointAt(0).toString(16)).join(" "));
    await t("stream", () => { const d = new TextDecoder(); return [d.decode(u8(0xe2), { stream: true }), d.decode(u8(0x82), { stream: true }), d.decode(u8(0xac, 0xe2), { stream: true }), d.decode(), d.decode(u8(0xef, 0xbb), { stream: true }), d.decode(u8(0xbf, 0x61), { stream: true }), d.decode(undefined, { stream: true }), d.decode()]; });
    await t("stream fatal", () => { const d = new TextDecoder("utf-8", { fatal: true }); return [raw(() => d.decode(u8(0xe2), { stream: true })), raw(() => d.decode()), raw(() => d.decode(u8(0x61))), raw(() => d.decode(u8(0xff))), raw(() => d.decode(u8(0x62)))]; });
    await t("stream sjis", () => { const d = new TextDecoder("shift_jis"); return [d.decode(u8(0x82), { stream: true }), d.decode(u8(0xa0, 0x82), { stream: true }), d.decode()]; });
    for (const label of ["gbk", "gb18030", "gb2312", "big5", "euc-kr"]) for (const fatal of [false, true]) await t(`${label} ${fatal}`, () => new TextDecoder(label, { fatal }).decode(u8(0x41, 0x80, 0xa4, 0xe9, 0x80, 0x30, 0x81, 0x30, 0x81, 0x30, 0x80)));
    await t("halves in parts", () => { const d = new TextDecoder("utf-16le"); const l = []; for (const b of [0x3d, 0xd8, 0x3d, 0xd8, 0x00, 0xde, 0x61]) l.push(d.decode(u8(b), { stream: true }).length); l.push(d.decode().length); return l; });
    return Response.json(facts);
  },
};
