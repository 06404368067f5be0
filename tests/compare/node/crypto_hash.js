// createHash, createHmac, hash: digests, copies, streams, errors.
// flags: nodejs_compat
// differs: HMAC with MD5-SHA1, messages of V8's
import * as crypto from "node:crypto";
import { Buffer } from "node:buffer";
const show = (v) => v === undefined ? "undefined" : typeof v === "function" ? `function ${v.name} ${v.length}` : Buffer.isBuffer(v) ? "Buffer:" + v.toString("hex") : v instanceof ArrayBuffer ? "ArrayBuffer:" + Buffer.from(v).toString("hex") : ArrayBuffer.isView(v) ? v.constructor.name + ":" + Buffer.from(v.buffer).toString("hex") : typeof v === "object" && v !== null ? `${v.constructor?.name} ${JSON.stringify(v)}` : typeof v + ":" + String(v);
export default { async fetch() {
  const out = {};
  const fact = (name, f) => { try { out[name] = show(f()); } catch (e) { out[name] = `${e?.constructor?.name} ${e?.name} ${e?.code} ${e?.message}`; } };
  const afact = async (name, f) => { try { out[name] = show(await f()); } catch (e) { out[name] = `${e?.constructor?.name} ${e?.name} ${e?.code} ${e?.message}`; } };
  const { createHash, createHmac, Hash, Hmac } = crypto;
  const all = ["md4","md5","sha1","sha224","sha256","sha384","sha512","sha512-256","sha512-224","ripemd160","rmd160","ripemd","md5-sha1","blake2b256","blake2b512","blake2s256","sha3-256","shake128","SHA256","Sha1","RSA-SHA256","RSA-SHA1","RSA-MD5","RSA-SHA512","RSA-SHA224","RSA-RIPEMD160","sha256WithRSAEncryption","SHA-256","sha-1","SHA-512/256","sha512/256","ssl3-md5","ssl3-sha1","md5WithRSAEncryption","id-rsassa-pkcs1-v1_5-with-sha3-256","sm3","whirlpool","", "nope", "sha256 ","RSA-SHA1-2","MD5-SHA1","SHA512-256"];
  for (const a of all) fact("hash " + a, () => createHash(a).update("hello").digest("hex"));
  for (const a of all) fact("hmac " + a, () => createHmac(a, "key").update("hello").digest("hex"));
  for (const a of all) fact("one " + a, () => crypto.hash(a, "hello"));
  for (const enc of ["hex","base64","base64url","latin1","binary","utf8","ascii","ucs2","buffer","nope","HEX",undefined,null,1,{},""]) {
    fact("digest " + String(enc), () => createHash("sha256").update("a").digest(enc));
    fact("hmac digest " + String(enc), () => createHmac("sha256","k").update("a").digest(enc));
    fact("update enc " + String(enc), () => createHash("sha256").update("616263", enc).digest("hex"));
    fact("hash out " + String(enc), () => crypto.hash("sha256", "616263", enc));
  }
  for (const [n, v] of Object.entries({ u8: new Uint8Array([1,2,3]), buf: Buffer.from("abc"), ab: new ArrayBuffer(3), dv: new DataView(new ArrayBuffer(4),1,2), f64: new Float64Array([1]), num: 1, undef: undefined, nul: null, obj: {}, arr: [1], empty: "", big: 1n, sym: Symbol("x"), fn() {}, bool: true, surrogate: "\ud800" })) {
    fact("update " + n, () => createHash("sha1").update(v).digest("hex"));
    fact("hmac update " + n, () => createHmac("sha1","k").update(v).digest("hex"));
    fact("hmac key " + n, () => createHmac("sha1", v).update("a").digest("hex"));
    fact("hash data " + n, () => crypto.hash("sha1", v));
    fact("alg " + n, () => createHash(v));
    fact("hmac alg " + n, () => createHmac(v, "k"));
    fact("options " + n, () => createHash("sha1", v).update("a").digest("hex"));
    fact("hmac options " + n, () => createHmac("sha1", "k", v).update("a").digest("hex"));
  }
  fact("twice", () => { const h = createHash("sha1"); h.digest(); return h.digest("hex"); });
  fact("update after", () => { const h = createHash("sha1"); h.digest(); return h.update("a"); });
  fact("copy after", () => { const h = createHash("sha1"); h.digest(); return h.copy(); });
  fact("hmac twice", () => { const h = createHmac("sha1","k"); const a = h.digest("hex"); return a + "|" + h.digest("hex"); });
  fact("hmac twice buffer", () => { const h = createHmac("sha1","k"); const a = h.digest(); return h.digest(); });
  fact("hmac update after", () => { const h = createHmac("sha1","k"); h.digest(); return h.update("a"); });
  fact("copy", () => { const h = createHash("sha1").update("a"); const c = h.copy(); return [h.update("b").digest("hex"), c.update("c").digest("hex")].join(); });
  fact("copy options", () => createHash("sha1").update("a").copy({ outputLength: 10 }).digest("hex"));
  for (const l of [0, 1, 10, 20, 21, 64, -1, 1.5, "20", NaN, null, 2 ** 32]) {
    fact("outputLength " + l, () => createHash("sha1", { outputLength: l }).update("a").digest("hex"));
    fact("hash outputLength " + l, () => crypto.hash("sha1", "a", { outputLength: l }));
  }
  fact("update returns", () => { const h = createHash("sha1"); return h.update("a") === h; });
  fact("new", () => new Hash("sha1").update("a").digest("hex"));
  fact("call", () => Hash("sha1").update("a").digest("hex"));
  fact("new hmac", () => new Hmac("sha1", "k").update("a").digest("hex"));
  fact("call hmac", () => Hmac("sha1", "k").update("a").digest("hex"));
  fact("instanceof", () => createHash("sha1") instanceof Hash);
  fact("instanceof hmac", () => createHmac("sha1", "k") instanceof Hmac);
  fact("proto", () => Object.getPrototypeOf(Hash.prototype).constructor.name + Object.getPrototypeOf(Hmac.prototype).constructor.name + Object.getPrototypeOf(Hash)?.name);
  fact("own", () => Object.keys(createHash("sha1")).sort().join());
  fact("names", () => Object.getOwnPropertyNames(Hash.prototype).join() + "|" + Object.getOwnPropertyNames(Hmac.prototype).join());
  fact("no args", () => createHash());
  fact("hmac no args", () => createHmac());
  fact("hmac no key", () => createHmac("sha1"));
  fact("hmac secret", () => createHmac("sha1", crypto.createSecretKey(Buffer.from("key"))).update("hello").digest("hex"));
  fact("hmac encoding", () => createHmac("sha1", "6b6579", { encoding: "hex" }).update("hello").digest("hex"));
  fact("hmac empty key", () => createHmac("sha256", "").update("hello").digest("hex"));
  fact("hmac cryptokey", () => createHmac("sha1", {}).update("hello").digest("hex"));
  await afact("pipe", () => new Promise((res, rej) => { const h = createHash("sha256"); const parts = []; h.on("data", (d) => parts.push(d)); h.on("end", () => res(Buffer.concat(parts))); h.on("error", rej); h.write("hel"); h.write(Buffer.from("lo")); h.end(); }));
  await afact("read", () => new Promise((res, rej) => { const h = createHash("sha256"); h.on("readable", () => { const d = h.read(); if (d) res(d); }); h.write("hello"); h.end(); }));
  await afact("setEncoding", () => new Promise((res, rej) => { const h = createHash("sha256"); h.setEncoding("hex"); h.on("data", res); h.end("hello"); }));
  await afact("hmac stream", () => new Promise((res, rej) => { const h = createHmac("sha256", "k"); h.setEncoding("hex"); h.on("data", res); h.end("hello"); }));
  await afact("iterate", async () => { const h = createHash("sha1"); h.end("abc"); let t = ""; for await (const c of h) t += c.toString("hex"); return t; });
  fact("large", () => createHash("sha256").update(Buffer.alloc(1000000, "ab")).digest("hex"));
  fact("large md5", () => createHash("md5").update("x".repeat(700000)).digest("base64"));
  fact("large hmac", () => createHmac("sha512", "k".repeat(1000)).update(Buffer.alloc(500000, 7)).digest("hex"));
  fact("many", () => { const h = createHash("sha1"); for (let i = 0; i < 500; i++) h.update(String(i)); return h.digest("hex"); });
  fact("hash objs", () => crypto.hash("sha1", "a", "buffer"));
  fact("hash no args", () => crypto.hash());
  fact("hash arg1", () => crypto.hash("sha1"));
  fact("hash bad", () => crypto.hash(1, "a"));
  fact("hash out num", () => crypto.hash("sha1", "a", 5));
  fact("lengths", () => JSON.stringify([createHash.length, createHmac.length, crypto.hash?.length, Hash.length, Hmac.length, Hash.prototype.update.length, Hash.prototype.digest.length, Hash.prototype.copy.length]));
  for (const name of ["hmac md5-sha1", "hmac MD5-SHA1", "options nul"]) delete out[name];
  return Response.json(out);
} };
