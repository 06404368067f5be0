// flags: nodejs_compat, nodejs_compat_v2
// KeyObjects: how they are shown, and as CryptoKeys.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const crypto2 = await import("node:crypto"); const util = await import("node:util"); const { Buffer } = await import("node:buffer");
const { publicKey: pub, privateKey: prv } = crypto2.generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = crypto2.generateKeyPairSync("ed25519");
const rsa = crypto2.generateKeyPairSync("rsa", { modulusLength: 2048 });
const sec = crypto2.createSecretKey(Buffer.from("0011", "hex"));
for (const [n, k] of Object.entries({ pub, prv, edpub: ed.publicKey, edprv: ed.privateKey, rsapub: rsa.publicKey, rsaprv: rsa.privateKey, sec })) {
  note(n, () => util.inspect(k)); note(n + " format", () => util.format("%o", k)); note(n + " nested", () => util.inspect({ a: { b: k } })); note(n + " depth", () => util.inspect(k, { depth: 0 }));
}
for (const [a, u] of [["ed25519", ["verify"]], ["Ed25519", []], ["ED25519", ["sign"]], ["ECDSA", ["verify"]], [{ name: "EdDSA" }, ["verify"]]]) note("to " + JSON.stringify(a) + u, () => { const k = ed.publicKey.toCryptoKey(a, true, u); return [k.type, k.algorithm, k.usages, k.extractable]; });
for (const [a, u] of [[{ name: "ecdsa", namedCurve: "P-256" }, ["verify"]], [{ name: "ECDSA", namedCurve: "P-384" }, ["verify"]], [{ name: "ECDH", namedCurve: "P-256" }, []], [{ name: "ECDSA" }, ["verify"]], ["ECDSA", ["sign"]]]) note("toec " + JSON.stringify(a) + u, () => { const k = pub.toCryptoKey(a, false, u); return [k.type, k.algorithm, k.usages, k.extractable]; });
for (const [a, u] of [[{ name: "HMAC", hash: "SHA-256" }, ["sign"]], [{ name: "hmac", hash: "sha-1" }, ["sign"]], ["AES-GCM", ["encrypt"]], ["HKDF", ["deriveBits"]], [{ name: "HMAC" }, ["sign"]]]) note("tosec " + JSON.stringify(a) + u, () => { const k = sec.toCryptoKey(a, true, u); return [k.type, k.algorithm, k.usages, k.extractable]; });
note("torsa", () => { const k = rsa.publicKey.toCryptoKey({ name: "RSA-PSS", hash: "SHA-256" }, true, ["verify"]); return [k.type, k.algorithm.name, k.algorithm.hash, k.algorithm.modulusLength, k.usages]; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
