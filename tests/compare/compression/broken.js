// What is compressed and is not, and broken and cut off.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
// compression
const pump = async (s, ...chunks) => { const w = s.writable.getWriter(); const out = new Response(s.readable).arrayBuffer(); out.catch(() => {}); const errs = []; for (const c of chunks) await w.write(c).catch((e) => errs.push("write " + say(e))); await w.close().catch((e) => errs.push("close " + say(e))); try { errs.push((await out).byteLength); } catch (e) { errs.push("read " + say(e)); } return errs; };
const gz = new Uint8Array(await new Response(new Blob(["hello hello hello"]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
for (const f of ["gzip", "deflate", "deflate-raw"]) {
  await later("dec junk " + f, () => pump(new DecompressionStream(f), new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])));
  await later("dec empty " + f, () => pump(new DecompressionStream(f)));
  await later("dec trunc " + f, () => pump(new DecompressionStream(f), f === "gzip" ? gz.slice(0, 15) : new Uint8Array([0x78, 0x9c, 0x4b])));
  await later("dec str " + f, () => pump(new DecompressionStream(f), "abc"));
  await later("comp str " + f, () => pump(new CompressionStream(f), "abc"));
  await later("comp num " + f, () => pump(new CompressionStream(f), 5));
  await later("comp null " + f, () => pump(new CompressionStream(f), null));
  await later("comp empty " + f, () => pump(new CompressionStream(f)));
}
await later("gz trailing", () => pump(new DecompressionStream("gzip"), gz, new Uint8Array([1, 2, 3])));
await later("gz two members", () => pump(new DecompressionStream("gzip"), gz, gz));
await later("gz bad crc", () => { const b = gz.slice(); b[b.length - 6] ^= 1; return pump(new DecompressionStream("gzip"), b); });
await later("gz bad len", () => { const b = gz.slice(); b[b.length - 1] ^= 1; return pump(new DecompressionStream("gzip"), b); });
await later("gz bad magic", () => pump(new DecompressionStream("gzip"), new Uint8Array([0x1f, 0x8c, 8, 0, 0, 0, 0, 0, 0, 3])));
await later("gz pieces", () => pump(new DecompressionStream("gzip"), ...[...gz].map((b) => new Uint8Array([b]))));
for (const f of ["br", "GZIP", "", null, undefined, 5, {}]) { note("cs " + String(f), () => new CompressionStream(f).toString()); note("ds " + String(f), () => new DecompressionStream(f).toString()); }
note("cs none", () => new CompressionStream());
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
