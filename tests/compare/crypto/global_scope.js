// Web Crypto in global scope: what works there, what is refused, keys that handlers use afterwards.
const tryit = async (f) => { try { const r = await f(); return ["ok", r instanceof ArrayBuffer ? r.byteLength : r?.type ?? typeof r]; } catch (e) { return [e?.constructor?.name, e?.name, e?.message]; } };
const s = crypto.subtle, D = new Uint8Array([1, 2, 3]); const f = {};
f.digest = await tryit(() => s.digest("SHA-1", D)); f.imp = await tryit(() => s.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]));
f.enc = await tryit(async () => s.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, await s.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]), D));
f.genaes = await tryit(() => s.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"])); f.genaesbad = await tryit(() => s.generateKey({ name: "AES-GCM", length: 12 }, true, ["encrypt"])); f.genhmac = await tryit(() => s.generateKey({ name: "HMAC", hash: "SHA-1" }, true, ["sign"]));
f.genec = await tryit(() => s.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"])); f.gened = await tryit(() => s.generateKey("Ed25519", true, ["sign"])); f.genrsa = await tryit(() => s.generateKey({ name: "RSA-PSS", hash: "SHA-1", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }, true, ["sign"]));
f.uuid = await tryit(() => crypto.randomUUID()); f.grv = await tryit(() => crypto.getRandomValues(new Uint8Array(4))); f.grvbad = await tryit(() => crypto.getRandomValues(new Float32Array(4)));f.grv0 = await tryit(() => crypto.getRandomValues(new Uint8Array(0)));
f.pb = await tryit(async () => s.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: D, iterations: 1000 }, await s.importKey("raw", D, "PBKDF2", false, ["deriveBits"]), 128));
f.ecdsa = await tryit(async () => s.sign({ name: "ECDSA", hash: "SHA-256" }, (await s.importKey("jwk", {"kty": "EC", "crv": "P-256", "x": "Vyq-lXNrBU4GHiusclrVqu7qMF-CYjf8tj0jI71P8o4", "y": "qYblez8rHJ14Awk8Kc9S0m94uPhD2z1K4sij6PhiK7o", "d": "iH68Pkw0PYVdyemmBrh48pHTLnQdyD0PGg-JqzenMqA"}, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"])), D));
const hk = await s.importKey("raw", D, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
export default { async fetch() { f.hk = await tryit(() => s.sign("HMAC", hk, D));
  return Response.json(f);
} };
