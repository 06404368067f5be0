// Hashes and HMACs of what comes in parts: small, large, copied in between, through streams.
// flags: nodejs_compat
import crypto from "node:crypto"; import { pipeline } from "node:stream/promises"; import { Readable, Transform, PassThrough } from "node:stream";
export default { async fetch() { const out = {};
  const parts = { small: ["a", "b", "c"], none: [], empty: ["", ""], kilobyte: ["x".repeat(1023), "y", "z"], exact: ["x".repeat(1024)], large: ["a", "x".repeat(5000), "b"], many: Array.from({ length: 300 }, (_, at) => `part ${at};`), views: [new Uint16Array([1, 2]), new DataView(new ArrayBuffer(3)), Buffer.from("b"), new Float64Array(200)] };
  const made = { md5: () => crypto.createHash("md5"), sha1: () => crypto.createHash("sha1"), sha256: () => crypto.createHash("sha256"), sha512: () => crypto.createHash("sha512"), hmac: () => crypto.createHmac("sha256", "key"), hmac1: () => crypto.createHmac("sha1", Buffer.alloc(200, 1)) };
  for (const [kind, make] of Object.entries(made)) for (const [name, list] of Object.entries(parts)) {
    const one = make(); for (const part of list) one.update(part); out[`${kind} ${name}`] = one.digest("hex");
    if (!kind.startsWith("hmac")) { const first = make(), copies = []; for (const part of list) { first.update(part); copies.push(first.copy().digest("base64").slice(0, 8)); } out[`${kind} ${name} copies`] = copies.slice(0, 5).join(); const last = first.copy(); first.update("more"); out[`${kind} ${name} apart`] = [last.digest("hex") === out[`${kind} ${name}`], first.digest("hex").slice(0, 8)]; }
    const stream = make(); await pipeline(Readable.from(list.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part.buffer, part.byteOffset, part.byteLength))), { objectMode: false }), stream); out[`${kind} ${name} stream`] = stream.read()?.toString("hex") ?? null;
  }
  const mutable = Buffer.from("abc"), kept = crypto.createHash("sha1").update(mutable); mutable.fill(0); out.mutable = kept.digest("hex");
  const events = crypto.createHash("md5"), seen = []; events.on("readable", () => { const got = events.read(); if (got) seen.push(got.toString("hex")); }); events.on("end", () => seen.push("end")); events.write("a"); events.end("b"); await new Promise((resolve) => setTimeout(resolve, 10)); out.events = seen;
  const hash = crypto.createHash("md5"); out.kind = [hash instanceof Transform, hash.writable, hash.readable, typeof hash.pipe, hash.listenerCount("end"), hash.destroyed, hash.writableHighWaterMark, hash.readableObjectMode, hash.eventNames().length >= 0];
  out.options = [crypto.createHash("md5", { highWaterMark: 7 }).writableHighWaterMark, crypto.createHmac("md5", "k", { highWaterMark: 9 }).readableHighWaterMark];
  const piped = []; await new Promise((resolve) => new PassThrough().end("text").pipe(crypto.createHash("sha1")).setEncoding("hex").on("data", (text) => piped.push(text)).on("end", resolve)); out.piped = piped;
  for (const name of ["update", "digest", "copy"]) { const over = crypto.createHash("md5"); over.digest(); try { out[`over ${name}`] = typeof over[name]("x"); over.on?.("error", () => {}); } catch (e) { out[`over ${name}`] = `${e.name} ${e.code} ${e.message}`; } }
  return Response.json(out); } };
