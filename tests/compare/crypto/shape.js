// Crypto, SubtleCrypto, CryptoKey and DigestStream as classes: members, brands, objects' properties;
// getRandomValues and randomUUID.
// differs: the order of a prototype's keys and the descriptor of a class's prototype; a JavaScript class called
// without new; the engine's own message for a property that cannot be written.
const desc = (o, k) => { const d = Object.getOwnPropertyDescriptor(o, k); if (!d) return null; return [typeof d.value, !!d.get, !!d.set, d.writable, d.enumerable, d.configurable, d.value?.name ?? d.get?.name, d.value?.length ?? d.get?.length]; };
const INTERNAL = ["Symbol(cloudflare:internal-class)", "Symbol(kResourceTypeInspect)", "prototype"];
const all = (o) => Object.fromEntries(Reflect.ownKeys(o).map((k) => [String(k), desc(o, k)]).filter(([k]) => !INTERNAL.includes(k)).sort(([a], [b]) => (a < b ? -1 : 1)));
const tryit = async (f) => { try { const r = await f(); return ["ok", typeof r, String(r)]; } catch (e) { return [e?.constructor?.name, e?.name, e?.message, e?.code]; } };
const trysync = (f) => { try { const r = f(); return ["ok", typeof r, String(r)]; } catch (e) { return [e?.constructor?.name, e?.name, e?.message, e?.code]; } };
export default { async fetch() {
  const f = {};
  f.cryptoDesc = desc(globalThis, "crypto");
  f.names = ["Crypto", "SubtleCrypto", "CryptoKey", "DigestStream", "CryptoKeyPair"].map((n) => [n, desc(globalThis, n)]);
  f.protoCrypto = all(Crypto.prototype); f.crypto = all(Crypto); f.own = Reflect.ownKeys(crypto).map(String);
  f.protoSubtle = all(SubtleCrypto.prototype); f.subtle = all(SubtleCrypto); f.ownSubtle = Reflect.ownKeys(crypto.subtle).map(String);
  f.protoKey = all(CryptoKey.prototype); f.key = all(CryptoKey);
  f.ds = all(crypto.DigestStream); f.dsp = all(crypto.DigestStream.prototype); f.dsdesc = desc(crypto, "DigestStream"); f.dsdesc2 = desc(Crypto.prototype, "DigestStream");
  f.dschain = [Object.getPrototypeOf(crypto.DigestStream) === WritableStream, Object.getPrototypeOf(crypto.DigestStream.prototype) === WritableStream.prototype];
  f.same = [crypto.subtle === crypto.subtle, crypto.getRandomValues === crypto.getRandomValues, String(crypto), String(crypto.subtle), crypto instanceof Crypto];
  f.ctors = [trysync(() => new Crypto()), trysync(() => new SubtleCrypto()), trysync(() => new CryptoKey()), trysync(() => crypto.DigestStream("SHA-256"))];
  f.illegal = [trysync(() => Crypto.prototype.subtle), trysync(() => crypto.getRandomValues.call({}, new Uint8Array(1))), trysync(() => { const { randomUUID } = crypto; return typeof randomUUID(); }), await tryit(() => crypto.subtle.digest.call({}, "SHA-1", new Uint8Array(1)))];
  f.grv = [trysync(() => crypto.getRandomValues()), trysync(() => crypto.getRandomValues(1)), trysync(() => crypto.getRandomValues({})), trysync(() => crypto.getRandomValues(new Float32Array(1))), trysync(() => crypto.getRandomValues(new Float64Array(1))), trysync(() => crypto.getRandomValues(new DataView(new ArrayBuffer(4)))), trysync(() => crypto.getRandomValues(new ArrayBuffer(4))), trysync(() => crypto.getRandomValues(new Uint8Array(65537))), trysync(() => crypto.getRandomValues(new Uint32Array(16385))), trysync(() => crypto.getRandomValues(new Uint8Array(65536)).length),trysync(() => crypto.getRandomValues(new BigInt64Array(4)).length), trysync(() => crypto.getRandomValues(null))];
  const u = new Uint16Array(3); f.grvSame = crypto.getRandomValues(u) === u;
  f.uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID());
  const k = await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt", "decrypt"]);
  f.k = all(k); f.kj = JSON.stringify(k); f.kt = Object.prototype.toString.call(k); f.ksame = [k.algorithm === k.algorithm, k.usages === k.usages, Object.isFrozen(k.algorithm)];
  f.algdesc = all(k.algorithm); f.algproto = Object.getPrototypeOf(k.algorithm) === Object.prototype; f.usages = k.usages;
  const kp = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  f.kp = all(kp); f.kpp = Object.getPrototypeOf(kp) === Object.prototype; f.kpt = Object.prototype.toString.call(kp);
  f.pub = [kp.publicKey.type, kp.publicKey.extractable, kp.publicKey.usages, kp.publicKey.algorithm, Object.keys(kp.publicKey.algorithm)];
  f.priv = [kp.privateKey.type, kp.privateKey.extractable, kp.privateKey.usages, kp.privateKey.algorithm];
  f.args = [];
  for (const m of Object.getOwnPropertyNames(SubtleCrypto.prototype)) if (m !== "constructor") f.args.push([m, await tryit(() => crypto.subtle[m]()), trysync(() => { const p = crypto.subtle[m](); p?.catch?.(() => {}); return p; })]);
  return Response.json(f);
} };
