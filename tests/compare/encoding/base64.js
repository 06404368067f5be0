// Base64 and hexadecimal of arrays.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
for (const s of ["", "YQ==", "YQ", "YQ=", "Y", "YWI=", "YW I=", " YQ== ", "YQ==YQ==", "Y*", "-_-_", "+/+/", "YR==", "YWJj\n", "====", "YQ=a"]) {
  for (const o of [undefined, { alphabet: "base64url" }, { lastChunkHandling: "strict" }, { lastChunkHandling: "stop-before-partial" }]) note(`b64 ${JSON.stringify(s)} ${JSON.stringify(o)}`, () => [...Uint8Array.fromBase64(s, o)].join());
  note(`setb64 ${JSON.stringify(s)}`, () => { const b = new Uint8Array(2); const r = b.setFromBase64(s); return [r.read, r.written, [...b].join()]; });
  note(`atob ${JSON.stringify(s)}`, () => atob(s).length);
}
for (const s of ["", "6", "61", "616", "6g", "6A6a", " 61", "61 62"]) { note("hex " + s, () => [...Uint8Array.fromHex(s)].join()); note("sethex " + s, () => { const b = new Uint8Array(1); const r = b.setFromHex(s); return [r.read, r.written]; }); }
note("b64 opts", () => [Uint8Array.fromBase64.length, new Uint8Array([255, 254]).toBase64(), new Uint8Array([255, 254]).toBase64({ alphabet: "base64url", omitPadding: true }), new Uint8Array([1]).toHex()]);
note("b64 bad alphabet", () => Uint8Array.fromBase64("", { alphabet: "x" })); note("b64 bad last", () => Uint8Array.fromBase64("", { lastChunkHandling: "x" })); note("b64 num", () => Uint8Array.fromBase64(5)); note("b64 this", () => Uint8Array.fromBase64.call(Uint16Array, "YQ==").constructor.name); note("hex num", () => Uint8Array.fromHex(5));}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
