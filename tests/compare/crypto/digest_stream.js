// crypto.DigestStream: algorithms and checksums, what can be written, how it fails.
const tryit = async (f) => { try { const r = await f(); return ["ok", r instanceof ArrayBuffer ? r.byteLength : r?.type ?? typeof r]; } catch (e) { return [e?.constructor?.name, e?.name, e?.message]; } };
const D = new Uint8Array([1, 2, 3]);
export default { async fetch() {
 const f = {};
 const all = async (name, fn) => { f[name] = await tryit(fn); };
 await all("ds", async () => { const d = new crypto.DigestStream("SHA-256"); const w = d.getWriter(); await w.write(D); await w.write("abc"); await w.write(new Uint8Array(0)); await w.close(); const r = new Uint8Array(await d.digest); f.dsr = [...r].join(); f.dsb = [typeof d.bytesWritten, String(d.bytesWritten)]; f.dsame = d.digest === d.digest; return 1; });
 await all("ds large", async () => { const d = new crypto.DigestStream("SHA-512"); const w = d.getWriter(); w.write(new Uint8Array(1 << 20).fill(3)); w.write("x".repeat(400000)); await w.close(); f.dslarge = [...new Uint8Array(await d.digest)].join(); });
 await all("digests large", async () => { f.large = []; for (const n of ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"]) f.large.push([...new Uint8Array(await crypto.subtle.digest(n, new Uint8Array((1 << 20) + 7).fill(5)))].join()); });
 await all("ds bad", () => new crypto.DigestStream("x")); await all("ds md5", async () => { const d = new crypto.DigestStream({ name: "md5" }); const w = d.getWriter(); w.close(); return d.digest; });
 for (const n of ["crc32", "crc32c", "crc64nvme", "CRC32"]) await all("ds " + n, async () => { const d = new crypto.DigestStream(n); const w = d.getWriter(); w.write("123456789"); w.close(); const r = new Uint8Array(await d.digest); f["r" + n] = [...r].join(); return 1; });
 await all("ds chunk", async () => { const d = new crypto.DigestStream("SHA-1"); d.digest.catch((e) => { f.dserr = [e?.name, e?.message]; }); const w = d.getWriter(); await w.write(5); }); await new Promise((r) => setTimeout(r, 5));
 await all("ds abort", async () => { const d = new crypto.DigestStream("SHA-1"); const w = d.getWriter(); await w.abort(new RangeError("boo")); return d.digest; });
 await all("ds abort2", async () => { const d = new crypto.DigestStream("SHA-1"); const p = d.digest.catch((e) => [e === undefined, String(e)]); await d.abort(); f.dsab = await p; });
 await all("ds dispose", async () => { const d = new crypto.DigestStream("SHA-1"); d[Symbol.dispose](); return d.digest; });
 await all("ds noarg", () => new crypto.DigestStream()); await all("ds null", () => new crypto.DigestStream(null)); await all("ds {}", () => new crypto.DigestStream({}));
 await all("ds pipe", async () => { const d = new crypto.DigestStream("SHA-256"); await new Response("hello").body.pipeTo(d); f.dspipe = [...new Uint8Array(await d.digest)].join(); });
 await all("ds get on proto", () => crypto.DigestStream.prototype.digest); await all("ds order", async () => { const d = new crypto.DigestStream("SHA-1"); const w = d.getWriter(); w.write(new Uint16Array([1, 2])); await w.close(); f.dsu16 = [...new Uint8Array(await d.digest)].join(); f.dsu16b = String(d.bytesWritten); });
 await all("ds write after close", async () => { const d = new crypto.DigestStream("SHA-1"); const w = d.getWriter(); await w.close(); await w.write(D); });
 f.instance = [new crypto.DigestStream("SHA-1") instanceof WritableStream, Object.prototype.toString.call(new crypto.DigestStream("SHA-1"))];
 return Response.json(f); } };
