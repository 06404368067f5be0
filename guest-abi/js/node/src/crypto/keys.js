// KeyObject and what makes, reads and writes keys.
import native from "internal:native";
import { CryptoKey, factsOf, isKey, makeKey } from "internal:crypto/key";
import { algorithmAt, textsAt } from "internal:crypto/arguments";
import { importKey } from "internal:crypto/import";
import { insideHandler } from "internal:errors";
import { inspect } from "node:util";
import { Buffer } from "node:buffer";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateFunction, validateInteger, validateObject, validateOneOf, validateString } from "internal:node/errors";
import { isBuffer, settled, uint32 } from "./bytes.js";
import { BITS, OCTETS, oidBytes, Reader, readPem, SEQUENCE, write, writePem } from "./der.js";
import { seal, unseal } from "./sealed.js";

const SECRET = 0, RSA = 1, EC = 2;
const RAW = 0, SPKI = 1, PKCS8 = 2, PARTS = 3;
// By the natives' numbers.
const CURVES = ["prime256v1", "secp384r1", "secp521r1", "ed25519", "x25519"];
const JWK_CURVES = ["P-256", "P-384", "P-521", "Ed25519", "X25519"];
export const CURVE_NUMBERS = { "P-256": 0, prime256v1: 0, "P-384": 1, secp384r1: 1, "P-521": 2, secp521r1: 2 };
export const CURVE_SIZES = [32, 48, 66, 32, 32];
const CURVE_OIDS = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

const { queueMicrotask } = globalThis;
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const MAKE = {};
const all = new WeakMap();
const isBytes = (value) => ArrayBuffer.isView(value) || isBuffer(value);
const textOf = (bytes) => Buffer.from(bytes instanceof ArrayBuffer ? bytes : bytes.buffer, bytes.byteOffset ?? 0, bytes.byteLength).toString("latin1");
const viewOf = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));
// What there is, of a list of members that may be left out.
export const isKeyObject = (value) => all.has(value);
export const isSecretCryptoKey = (value) => isKey(value) && factsOf(value).type === "secret";
export const handleOf = (value) => (isKey(value) ? factsOf(value).handle : all.get(value).handle);

// A key of an object or a CryptoKey: [handle, kind, private, number, exponent].
export function shapeOf(value) {
  return all.get(isKey(value) ? KeyObject.from(value) : value);
}

export class KeyObject {
  constructor(make, type, facts) {
    if (make !== MAKE) throw new Error("Illegal constructor");
    all.set(this, { type, ...facts });
  }
  static from(key) {
    if (!isKey(key)) throw ERR_INVALID_ARG_TYPE("key", "CryptoKey", key);
    const { handle, type, extractable, algorithm } = factsOf(key);
    let shape;
    if (type === "secret") shape = { kind: SECRET, number: (algorithm.length ?? 0) >> 3 };
    else if (algorithm.modulusLength !== undefined) shape = { kind: RSA, number: algorithm.modulusLength, exponent: algorithm.publicExponent };
    else shape = { kind: EC, number: JWK_CURVES.indexOf(algorithm.namedCurve?.replace("NODE-ED25519", "Ed25519") ?? algorithm.name) };
    return wrap(type, { handle, extractable, ...shape });
  }
  export(options = {}) {
    return this.export(options);
  }
  equals(other) {
    if (other === this) return true;
    const mine = all.get(this), its = all.get(other);
    if (its === undefined) {
      if (other === undefined || other === null) throw new TypeError(`Cannot read properties of ${other} (reading 'Symbol(kHandle)')`);
      return false;
    }
    if (mine.type !== its.type) return false;
    return settled(native.cryptoSame(mine.handle, its.handle), "The keys cannot be compared");
  }
  toCryptoKey(algorithm, extractable, usages) {
    const facts = all.get(this);
    const isSecret = facts.type === "secret";
    if (isSecret || (facts.extractable && facts.kind === EC)) {
      const wanted = algorithmAt("importKey", arguments, 1, "ImportKeyAlgorithm");
      const [format, form] = isSecret ? ["raw"] : facts.type === "public" ? ["spki", SPKI] : ["pkcs8", PKCS8];
      const data = isSecret ? { handle: facts.handle, secret: facts.number } : der(facts, form);
      return importKey(format, data, wanted, Boolean(extractable), textsAt("importKey", arguments, 3));
    }
    return makeKey(facts.handle, facts.type, Boolean(extractable), described(facts, typeof algorithm === "string" ? { name: algorithm } : algorithm), [...usages]);
  }
  get [Symbol.toStringTag]() {
    return "KeyObject";
  }
}

function described({ kind, number, exponent }, { name, hash }) {
  const hashed = hash === undefined ? {} : { hash: { name: typeof hash === "string" ? hash : hash.name } };
  if (kind === RSA) return { name, modulusLength: number, publicExponent: exponent, ...hashed };
  if (kind === EC) return number > 2 ? { name } : { name, namedCurve: JWK_CURVES[number] };
  return { name, ...hashed, length: number * 8 };
}

function wrap(type, facts) {
  if (type === "secret") return new SecretKeyObject(MAKE, type, facts);
  return type === "private" ? new PrivateKeyObject(MAKE, type, facts) : new PublicKeyObject(MAKE, type, facts);
}

function of(got, extractable = true) {
  const [handle, kind, isPrivate, number, exponent] = got;
  const facts = { handle, kind, number, exponent, extractable };
  if (kind === SECRET) {
    return wrap("secret", { handle, kind, number, extractable });
  }
  return wrap(isPrivate ? "private" : "public", facts);
}

Object.defineProperty(KeyObject, "length", { value: 0 });
export class SecretKeyObject extends KeyObject {
  get symmetricKeySize() {
    const facts = all.get(this);
    return facts.number;
  }
  export(options = {}) {
    validateObject(options, "options");
    const facts = all.get(this);
    const { format } = options;
    if (format !== undefined && format !== "buffer" && format !== "jwk") throw new TypeError(`Invalid format for secret key export: ${format}`);
    allowExport(facts);
    const bytes = settled(native.cryptoExportNow(facts.handle, RAW, facts.number || 1 << 20), "Failed to export key");
    if (format === "jwk") return { kty: "oct", ext: true, k: native.base64Url(bytes) };
    return Buffer.from(bytes);
  }
  get type() {
    return "secret";
  }
  [INSPECT](depth, options) {
    return shown("SecretKeyObject", { size: this.symmetricKeySize }, depth, options);
  }
}

// What the console shows of a key.
function shown(name, facts, depth, options) {
  if (depth < 0) return options.stylize(`[${name}]`, "special");
  return `${name} ${inspect(facts, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
}

function allowExport(facts) {
  if (!facts.extractable) throw new TypeError("Unable to export non-extractable key");
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyDetails() {
    const { kind, number, exponent } = all.get(this);
    if (kind === RSA) return { modulusLength: number, publicExponent: BigInt(`0x${Buffer.from(exponent).toString("hex")}`) };
    return number > 2 ? {} : { namedCurve: CURVES[number] };
  }
  get asymmetricKeyType() {
    const { kind, number } = all.get(this);
    return kind === RSA ? "rsa" : number > 2 ? CURVES[number] : "ec";
  }
  toCryptoKey(algorithm, extractable, usages) {
    return super.toCryptoKey(algorithm, extractable, usages);
  }
  [INSPECT](depth, options) {
    const { modulusLength, publicExponent, namedCurve } = this.asymmetricKeyDetails;
    const details = { modulusLength, publicExponent, divisorLength: undefined, namedCurve };
    return shown(this.constructor.name, { type: this.asymmetricKeyType, details }, depth, options);
  }
}

// ---- Writing ----

function der(facts, form) {
  allowExport(facts);
  return new Uint8Array(settled(native.cryptoExportNow(facts.handle, form, 0), "Failed to export key"));
}

function jwkOf(facts, isPrivate) {
  allowExport(facts);
  const parts = settled(native.cryptoExportNow(facts.handle, PARTS, 0), "Failed to export key").map((part) => native.base64Url(part));
  if (facts.kind === RSA) {
    const [n, e, d, p, q, dp, dq, qi] = parts;
    return isPrivate ? { kty: "RSA", d, n, e, p, q, dp, dq, qi } : { kty: "RSA", n, e };
  }
  const [x, y, d] = parts;
  const flat = facts.number > 2;
  const jwk = flat ? { kty: "OKP", ...(facts.number === 3 && { alg: "EdDSA" }), crv: JWK_CURVES[facts.number], x } : { kty: "EC", crv: JWK_CURVES[facts.number], x, y };
  if (isPrivate) jwk.d = d;
  return jwk;
}

function checkFormat(format) {
  if (format !== "pem" && format !== "der") throw new Error("Invalid key format");
}

const given = (label, bytes, format) => (format === "pem" ? writePem(label, bytes) : Buffer.from(bytes));

function incompatible(encoding, kind) {
  return coded(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", `The selected key encoding ${encoding} can only be used for ${kind} keys.`);
}

function exportPrivate(facts, options) {
  validateObject(options, "options");
  const { type, format, cipher, passphrase } = options;
  if (type === "pkcs1" && facts.kind !== RSA) throw incompatible("pkcs1", "RSA");
  if (type === "sec1" && (facts.kind !== EC || facts.number > 2)) throw incompatible("sec1", "EC");
  if (format === "jwk") return jwkOf(facts, true);
  if (type === undefined) throw new TypeError("Missing type option");
  checkFormat(format);
  if (type === "spki") throw new Error("Failed to export key");
  if (type !== "pkcs1" && type !== "sec1" && type !== "pkcs8") throw new Error("Invalid key encoding");
  const pkcs8 = der(facts, PKCS8);
  if (type === "pkcs8") {
    if (cipher === undefined || passphrase === undefined) return given("PRIVATE KEY", pkcs8, format);
    return given("ENCRYPTED PRIVATE KEY", seal(pkcs8, typeof passphrase === "string" ? Buffer.from(passphrase) : passphrase, cipher), format);
  }
  const outer = new Reader(pkcs8).inner(SEQUENCE);
  outer.next();
  outer.next();
  const inner = outer.content(OCTETS);
  if (type === "pkcs1") return given("RSA PRIVATE KEY", inner, format);
  // What PKCS #8 has outside: the curve.
  const reader = new Reader(inner).inner(SEQUENCE);
  const [version, d, point] = [reader.whole(), reader.whole(), reader.whole()];
  return given("EC PRIVATE KEY", write(SEQUENCE, version, d, write(0xa0, oidBytes(CURVE_OIDS[facts.number])), point), format);
}

function exportPublic(facts, options) {
  validateObject(options, "options");
  const { type, format, passphrase } = options;
  if (passphrase !== undefined && !isBytes(passphrase)) throw new TypeError("Incorrect type for the 'passphrase' field on 'KeyExportOptions': the provided value is not of type 'BufferSource'.");
  if (format === "jwk") return jwkOf(facts, false);
  if (type === undefined) throw new TypeError("Missing type option");
  checkFormat(format);
  const isEc = facts.kind === EC && facts.number <= 2;
  if (type === "pkcs1" && facts.kind !== RSA) throw new Error("PKCS1 can only be used for RSA keys");
  if (type === "sec1" && !isEc) throw new Error("SEC1 can only be used for EC keys");
  if (type !== "pkcs1" && type !== "spki" && type !== "pkcs8" && type !== "sec1") throw new Error("Invalid key encoding");
  const spki = der(facts, SPKI);
  if (type !== "pkcs1") return given("PUBLIC KEY", spki, format);
  const outer = new Reader(spki).inner(SEQUENCE);
  outer.next();
  return given("RSA PUBLIC KEY", outer.content(BITS).subarray(1), format);
}

export class PrivateKeyObject extends AsymmetricKeyObject {
  export(options = {}) {
    return exportPrivate(all.get(this), options);
  }
  get type() {
    return "private";
  }
}
export class PublicKeyObject extends AsymmetricKeyObject {
  export(options = {}) {
    return exportPublic(all.get(this), options);
  }
  get type() {
    return "public";
  }
}

// ---- Reading ----

const BAD_PRIVATE = "Failed to parse private key", BAD_PUBLIC = "Failed to parse public key";
const KEY_TYPES = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView", "Object"];

function privateFromDer(bytes, passphrase) {
  if (passphrase !== undefined) {
    try {
      bytes = unseal(viewOf(bytes), passphrase);
    } catch {
      // Not under a passphrase, then.
    }
  }
  return settled(native.cryptoImportNow(3, 0, bytes), BAD_PRIVATE);
}

// What a certificate says: the key in it.
export function keyOfCertificate(bytes) {
  const body = new Reader(bytes).inner(SEQUENCE).inner(SEQUENCE);
  if (body.tag === 0xa0) body.next();
  for (let at = 0; at < 5; at++) body.next();
  return body.whole(SEQUENCE);
}

function publicFromDer(bytes, type) {
  let got = native.cryptoImportNow(2, 0, bytes);
  if (typeof got === "number") {
    // PKCS #1, with what SPKI has around it.
    const spki = write(SEQUENCE, write(SEQUENCE, oidBytes("1.2.840.113549.1.1.1"), Buffer.from([5, 0])), write(BITS, Buffer.alloc(1), viewOf(bytes)));
    got = native.cryptoImportNow(2, 0, spki);
  }
  return settled(got, BAD_PUBLIC);
}

function jwkBytes(value) {
  const bytes = typeof value === "string" ? native.base64UrlBytes(value) : null;
  return bytes ?? new Uint8Array(0);
}

function fromJwk(jwk, isPrivate) {
  const what = isPrivate ? "private" : "public";
  const bad = isPrivate ? BAD_PRIVATE : BAD_PUBLIC;
  const { kty, crv } = jwk;
  const needed = { RSA: "n", EC: "crv", OKP: "crv" }[kty];
  if (needed !== undefined && jwk[needed] === undefined) throw new Error(`${kty} JWK missing ${needed} parameter`);
  if (kty === "RSA") {
    const [n, e] = [jwkBytes(jwk.n), jwkBytes(jwk.e)];
    if (!isPrivate) return settled(native.cryptoImportRsaNow(n, e), bad);
    return settled(native.cryptoImportRsaNow(n, e, ...[jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map(jwkBytes)), bad);
  }
  const curve = JWK_CURVES.indexOf(crv);
  if ((kty === "EC" && curve >= 0 && curve < 3) || (kty === "OKP" && curve > 2)) {
    const d = isPrivate ? jwkBytes(jwk.d) : undefined;
    return settled(native.cryptoImportEcNow(curve, jwkBytes(jwk.x), jwk.y === undefined ? new Uint8Array(0) : jwkBytes(jwk.y), d), bad);
  }
  if (kty === "OKP") throw new Error("OKP JWK unsupported crv parameter");
  throw new Error(`JWK ${what} key import is not implemented for this key type`);
}

// The arguments of createPrivateKey and createPublicKey, apart.
function asked(value) {
  if (typeof value === "string" || isBytes(value)) return { key: value, format: "pem" };
  if (value === undefined || value === null) throw ERR_INVALID_ARG_TYPE("key", KEY_TYPES, value);
  const { key, format = "pem", type, passphrase, encoding } = value;
  if (key === undefined || key === null) throw ERR_INVALID_ARG_TYPE("options.key", KEY_TYPES, key);
  if (typeof key === "string" || isBytes(key)) {
    if (format !== "pem" && format !== "der") throw ERR_INVALID_ARG_VALUE("format", format, "must be one of: 'pem', 'der'");
    return { key: typeof key === "string" && format === "der" ? Buffer.from(key, encoding) : key, format, type, passphrase };
  }
  if (typeof key !== "object") throw ERR_INVALID_ARG_TYPE("key", KEY_TYPES, value);
  return isKeyObject(key) || isKey(key) ? { object: key } : { jwk: key };
}

export function readPrivate(value) {
  const { key, format, passphrase, jwk, object } = asked(value);
  if (object !== undefined) return privateOf(object);
  if (jwk !== undefined) return fromJwk(jwk, true);
  const secret = passphrase === undefined ? undefined : typeof passphrase === "string" ? Buffer.from(passphrase) : passphrase;
  if (format === "der") return privateFromDer(key, secret);
  const pem = readPem(typeof key === "string" ? key : textOf(key));
  if (pem?.bytes === undefined || !pem.label.endsWith("PRIVATE KEY")) throw new Error(BAD_PRIVATE);
  if (pem.label === "ENCRYPTED PRIVATE KEY" && secret === undefined) throw new Error(BAD_PRIVATE);
  return privateFromDer(pem.bytes, pem.label === "ENCRYPTED PRIVATE KEY" ? secret : undefined);
}

export function readPublic(value) {
  const { key, format, type, passphrase, jwk, object } = asked(value);
  if (object !== undefined) return publicOf(object);
  if (jwk !== undefined) return fromJwk(jwk, false);
  if (format === "der") return publicFromDer(key, type);
  const pem = readPem(typeof key === "string" ? key : textOf(key));
  if (pem?.bytes === undefined) throw new Error(BAD_PUBLIC);
  if (pem.label === "CERTIFICATE") {
    try {
      return publicFromDer(keyOfCertificate(pem.bytes));
    } catch {
      throw new Error(BAD_PUBLIC);
    }
  }
  if (!pem.label.endsWith("PRIVATE KEY")) return publicFromDer(pem.bytes);
  let got;
  try {
    got = readPrivate(passphrase === undefined ? key : { key, format, passphrase });
  } catch {
    throw new Error(BAD_PUBLIC);
  }
  return settled(native.cryptoPublic(got[0]), BAD_PUBLIC);
}

const listed = ({ handle, kind, number, exponent, type }) => [handle, kind, type === "private", number, exponent];

export function wrongType(type, expected) {
  return coded(Error, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${type}, expected ${expected}.`);
}

// The private key, or the public one, of a key object or a CryptoKey.
export function privateOf(object) {
  const facts = shapeOf(object);
  if (facts.type !== "private") throw wrongType(facts.type, "private");
  return listed(facts);
}
export function publicOf(object) {
  const facts = shapeOf(object);
  if (facts.type === "secret") throw wrongType("secret", "private or public");
  return facts.type === "public" ? listed(facts) : settled(native.cryptoPublic(facts.handle), BAD_PUBLIC);
}

export function createPrivateKey(key) {
  return of(readPrivate(key));
}
export function createPublicKey(key) {
  return of(isKeyObject(key) || isKey(key) ? publicOf(key) : readPublic(key));
}
export function createSecretKey(key, encoding) {
  if (key === undefined || key === null) throw ERR_INVALID_ARG_TYPE("key", ["string", "ArrayBuffer", "TypedArray", "DataView"], key);
  if (typeof key === "string") key = encoding === undefined || typeof encoding !== "string" || encoding === "" ? Buffer.from(key) : Buffer.from(key, encoding);
  if (!isBytes(key)) throw new TypeError("Failed to execute 'createSecretKey' on 'CryptoImpl': parameter 1 is not of type 'BufferSource'.");
  return of(settled(native.cryptoImportNow(0, 0, key), "Failed to create key"));
}

// ---- Making ----

function generateSecret(type, options) {
  validateOneOf(type, "type", ["hmac", "aes"]);
  validateObject(options, "options");
  const { length } = options;
  if (type === "hmac") validateInteger(length, "options.length", 8, 65536);
  else validateOneOf(length, "options.length", [128, 192, 256]);
  return () => {
    insideHandler();
    return of(settled(native.cryptoGenerateNow(0, Math.floor(length / 8) * 8, 0), "Failed to generate key"));
  };
}

export function generateKeySync(type, options) {
  return generateSecret(type, options)();
}
export function generateKey(type, options, callback) {
  const make = generateSecret(type, options);
  if (typeof callback !== "function") return undefined;
  queueMicrotask(() => {
    let key;
    try {
      key = make();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, key);
  });
}

const PAIRS = ["rsa", "ec", "ed25519", "x25519", "dh"];

// How a pair is made: the natives' arguments.
function plan(type, options) {
  validateOneOf(type, "type", PAIRS);
  if (options !== undefined) validateObject(options, "options");
  options ??= {};
  const { publicKeyEncoding, privateKeyEncoding } = options;
  if (publicKeyEncoding !== undefined) validateObject(publicKeyEncoding, "options.publicKeyEncoding");
  if (privateKeyEncoding !== undefined) validateObject(privateKeyEncoding, "options.privateKeyEncoding");
  if (type === "rsa") {
    const { modulusLength, publicExponent = 65537 } = options;
    uint32(modulusLength, "options.modulusLength");
    uint32(publicExponent, "options.publicExponent");
    if (modulusLength > 16384) throw new RangeError("RSA modulusLength exceeds maximum (16384)");
    return [1, modulusLength, publicExponent];
  }
  if (type === "ec") {
    validateString(options.namedCurve, "options.namedCurve");
    const curve = CURVE_NUMBERS[options.namedCurve];
    if (curve === undefined) throw new Error("Failed to initialize key");
    return [2, curve, 0];
  }
  if (type === "dh") throw new Error("Generating DH keys from a prime length is not yet implemented");
  return [2, type === "ed25519" ? 3 : 4, 0];
}

function pairOf(got, options) {
  const made = settled(got, "Failed to generate key");
  const privateKey = of(made);
  const publicKey = of([made[5], made[1], false, made[3], made[4]]);
  const written = (key, encoding) => (encoding === undefined ? key : key.export(encoding));
  return { publicKey: written(publicKey, options?.publicKeyEncoding), privateKey: written(privateKey, options?.privateKeyEncoding) };
}

export function generateKeyPairSync(type, options) {
  return pairOf(native.cryptoGenerateNow(...plan(type, options)), options);
}
Object.defineProperty(generateKeyPairSync, "length", { value: 1 });
export function generateKeyPair(type, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = undefined;
  }
  validateFunction(callback, "callback");
  // What is wrong with the rest is told as an answer.
  new Promise((resolve) => resolve(native.cryptoGenerate(...plan(type, options))))
    .then((got) => pairOf(got, options))
    .then(({ publicKey, privateKey }) => queueMicrotask(() => callback(null, publicKey, privateKey)), (error) => queueMicrotask(() => callback(error)));
}
Object.defineProperty(generateKeyPair, Symbol.for("nodejs.util.promisify.custom.args"), { value: ["publicKey", "privateKey"] });

export { CryptoKey };
