// X509Certificate, and Certificate (SPKAC) as far as it goes in the field.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { isIP, isIPv4 } from "node:net";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateString } from "internal:node/errors";
import { bytesOr, hashNumber, settled } from "./bytes.js";
import { BITS, INTEGER, OCTETS, oid, OID, Reader, readPem, SEQUENCE, SET, writePem } from "./der.js";
import { createPublicKey, CURVE_SIZES, isKeyObject, shapeOf } from "./keys.js";

// Signatures of SPKAC are made with MD5, which the field refuses; nothing verifies.
const spkac = {
  verifySpkac(value, encoding) {
    bytesOr(value, "spkac", encoding);
    return false;
  },
  exportPublicKey(value, encoding) {
    bytesOr(value, "spkac", encoding);
    return Buffer.alloc(0);
  },
  exportChallenge(value, encoding) {
    bytesOr(value, "spkac", encoding);
    return Buffer.alloc(0);
  },
};
export function Certificate() {
  if (!(this instanceof Certificate)) return new Certificate();
}
Object.assign(Certificate, spkac);
Object.assign(Certificate.prototype, spkac);

const NAMES = { "2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.42": "GN", "1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID" };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
// How a certificate is signed: RSA by PKCS #1, or ECDSA, with a hash; Ed25519.
const PKCS1 = 1, ECDSA = 3, EDDSA = 4;
const SIGNED = {
  "1.2.840.113549.1.1.5": [PKCS1, "sha1"], "1.2.840.113549.1.1.11": [PKCS1, "sha256"], "1.2.840.113549.1.1.12": [PKCS1, "sha384"], "1.2.840.113549.1.1.13": [PKCS1, "sha512"], "1.2.840.113549.1.1.14": [PKCS1, "sha224"],
  "1.2.840.10045.4.1": [ECDSA, "sha1"], "1.2.840.10045.4.3.1": [ECDSA, "sha224"], "1.2.840.10045.4.3.2": [ECDSA, "sha256"], "1.2.840.10045.4.3.3": [ECDSA, "sha384"], "1.2.840.10045.4.3.4": [ECDSA, "sha512"],
  "1.3.101.112": [EDDSA, "sha512"],
};
const CONTEXT_0 = 0xa0, CONTEXT_3 = 0xa3;
const TEXT16 = 0x1e, TIME = 0x17;

const textOf = (tag, bytes) => (tag === TEXT16 ? Buffer.from(bytes).swap16().toString("utf16le") : Buffer.from(bytes).toString(tag === 0x0c ? "utf8" : "latin1"));

// Pairs of a name's parts, in order.
function nameOf(reader) {
  const all = [];
  while (!reader.isEmpty) {
    const set = reader.inner(SET);
    while (!set.isEmpty) {
      const pair = set.inner(SEQUENCE);
      const type = oid(pair.content(OID));
      const tag = pair.tag;
      all.push([NAMES[type] ?? type, textOf(tag, pair.content())]);
    }
  }
  return all;
}
const lines = (name) => (name.length === 0 ? undefined : name.map(([key, value]) => `${key}=${value.replace(/[\n\\+]/g, (it) => `\\${it}`)}`).join("\n"));
function objectOf(name) {
  const all = {};
  for (const [key, value] of name) all[key] = all[key] === undefined ? value : [].concat(all[key], value);
  return all;
}

function timeOf(reader) {
  const isShort = reader.tag === TIME;
  const text = Buffer.from(reader.content()).toString("latin1");
  const at = isShort ? 2 : 4;
  const year = isShort ? Number(text.slice(0, 2)) + (Number(text.slice(0, 2)) < 50 ? 2000 : 1900) : Number(text.slice(0, 4));
  const part = (index) => text.slice(at + index * 2, at + index * 2 + 2);
  return `${MONTHS[Number(part(0)) - 1]} ${String(Number(part(1))).padStart(2)} ${part(2)}:${part(3)}:${part(4)} ${year} GMT`;
}

function ipOf(bytes) {
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: bytes.length / 2 }, (_, at) => (bytes[at * 2] * 256 + bytes[at * 2 + 1]).toString(16).toUpperCase()).join(":");
}
// [kind, value] of the other names.
function alternatives(bytes) {
  const all = [];
  const reader = new Reader(bytes).inner(SEQUENCE);
  while (!reader.isEmpty) {
    const { tag } = reader;
    const value = reader.content();
    const text = Buffer.from(value).toString("latin1");
    if (tag === 0x81) all.push(["email", text]);
    else if (tag === 0x82) all.push(["DNS", text]);
    else if (tag === 0x86) all.push(["URI", text]);
    else if (tag === 0x87) all.push(["IP Address", ipOf(value)]);
  }
  return all;
}
const quoted = (text) => (/[,"\\]/.test(text) ? JSON.stringify(text) : text);

function parse(bytes) {
  const all = new Reader(bytes);
  const outer = all.inner(SEQUENCE);
  const signed = outer.whole(SEQUENCE);
  const method = outer.inner(SEQUENCE);
  const facts = { raw: Buffer.from(bytes.subarray(0, all.at)), signed, method: oid(method.content(OID)), signature: outer.content(BITS).subarray(1), alternatives: [], ca: false, keyUsage: undefined, info: undefined };
  const body = new Reader(signed).inner(SEQUENCE);
  if (body.tag === CONTEXT_0) body.next();
  let serial = body.content(INTEGER);
  if (serial.length > 1 && serial[0] === 0) serial = serial.subarray(1);
  facts.serial = Buffer.from(serial).toString("hex").toUpperCase();
  body.next(SEQUENCE);
  facts.issuer = nameOf(body.inner(SEQUENCE));
  const times = body.inner(SEQUENCE);
  facts.from = timeOf(times);
  facts.to = timeOf(times);
  facts.subject = nameOf(body.inner(SEQUENCE));
  facts.key = body.whole(SEQUENCE);
  while (!body.isEmpty && body.tag !== CONTEXT_3) body.next();
  if (body.isEmpty) return facts;
  const extensions = body.inner(CONTEXT_3).inner(SEQUENCE);
  while (!extensions.isEmpty) {
    const extension = extensions.inner(SEQUENCE);
    const type = oid(extension.content(OID));
    if (extension.tag === 1) extension.next();
    const value = extension.content(OCTETS);
    if (type === "2.5.29.17") facts.alternatives = alternatives(value);
    else if (type === "2.5.29.19") {
      const basic = new Reader(value).inner(SEQUENCE);
      facts.ca = !basic.isEmpty && basic.tag === 1 && basic.content()[0] !== 0;
    } else if (type === "2.5.29.37") {
      const usages = new Reader(value).inner(SEQUENCE);
      facts.keyUsage = [];
      while (!usages.isEmpty) facts.keyUsage.push(oid(usages.content(OID)));
    } else if (type === "1.3.6.1.5.5.7.1.1") {
      const list = new Reader(value).inner(SEQUENCE);
      facts.info = [];
      while (!list.isEmpty) {
        const pair = list.inner(SEQUENCE);
        const method = oid(pair.content(OID));
        const isUri = pair.tag === 0x86;
        const place = Buffer.from(pair.content()).toString("latin1");
        if (isUri) facts.info.push([{ "1.3.6.1.5.5.7.48.1": "OCSP", "1.3.6.1.5.5.7.48.2": "CA Issuers" }[method] ?? method, place]);
      }
    }
  }
  return facts;
}

function matches(host, pattern, wildcards) {
  const one = host.toLowerCase(), other = pattern.toLowerCase();
  if (one === other) return true;
  if (!wildcards || !other.startsWith("*.")) return false;
  const dot = one.indexOf(".");
  return dot > 0 && one.slice(dot) === other.slice(1) && other.slice(2).includes(".");
}

const states = new WeakMap();
const factsOf = (certificate) => states.get(certificate);
const keyObject = (key, name = "pkey") => {
  if (!isKeyObject(key)) throw ERR_INVALID_ARG_TYPE(name, "KeyObject", key);
  return key;
};

function digest(certificate, hash) {
  return Buffer.from(settled(native.cryptoDigest(hashNumber(hash), factsOf(certificate).raw), "failed")).toString("hex").toUpperCase().match(/../g).join(":");
}

// A signature of two numbers, as they are compared: of the curve's size each.
function flat(signature, size) {
  const numbers = new Reader(signature).inner(SEQUENCE);
  const out = new Uint8Array(size * 2);
  for (const at of [0, size]) {
    let digits = numbers.content(INTEGER);
    while (digits.length > 0 && digits[0] === 0) digits = digits.subarray(1);
    out.set(digits, at + size - digits.length);
  }
  return out;
}

export class X509Certificate {
  constructor(buffer) {
    if (typeof buffer === "string") buffer = Buffer.from(buffer);
    if (!ArrayBuffer.isView(buffer)) throw ERR_INVALID_ARG_TYPE("buffer", ["string", "Buffer", "TypedArray", "DataView"], buffer);
    const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    let facts;
    try {
      const pem = bytes[0] === SEQUENCE ? undefined : readPem(Buffer.from(bytes).toString("latin1"));
      facts = parse(pem?.bytes ?? bytes);
    } catch {
      const hex = Buffer.from(bytes.subarray(0, 50)).toString("hex").match(/../g)?.join(" ") ?? "";
      const error = ERR_INVALID_ARG_VALUE("buffer", "", "is not a valid certificate");
      error.message = `The argument 'buffer' is not a valid certificate. Received <Buffer ${hex}>`;
      throw error;
    }
    states.set(this, facts);
  }
  get subject() {
    return lines(factsOf(this).subject);
  }
  get subjectAltName() {
    const { alternatives } = factsOf(this);
    return alternatives.length === 0 ? undefined : alternatives.map(([kind, value]) => `${kind}:${quoted(value)}`).join(", ");
  }
  get issuer() {
    return lines(factsOf(this).issuer);
  }
  get issuerCertificate() {
    return undefined;
  }
  get infoAccess() {
    return factsOf(this).info?.map(([kind, place]) => `${kind} - URI:${place}`).join("\n");
  }
  get validFrom() {
    return factsOf(this).from;
  }
  get validTo() {
    return factsOf(this).to;
  }
  get fingerprint() {
    return digest(this, "sha1");
  }
  get fingerprint256() {
    return digest(this, "sha256");
  }
  get fingerprint512() {
    return digest(this, "sha512");
  }
  get keyUsage() {
    return factsOf(this).keyUsage;
  }
  get serialNumber() {
    return factsOf(this).serial;
  }
  get raw() {
    return Buffer.from(factsOf(this).raw);
  }
  get publicKey() {
    return createPublicKey({ key: factsOf(this).key, format: "der", type: "spki" });
  }
  get ca() {
    return factsOf(this).ca;
  }
  toString() {
    return writePem("CERTIFICATE", factsOf(this).raw);
  }
  toJSON() {
    return this.toString();
  }
  checkHost(name, options = {}) {
    validateString(name, "name");
    const { subject = "default", wildcards = true } = options;
    const names = factsOf(this).alternatives.filter(([kind]) => kind === "DNS").map(([, value]) => value);
    const common = factsOf(this).subject.filter(([key]) => key === "CN").map(([, value]) => value);
    const all = subject === "never" ? names : subject === "always" || names.length === 0 ? [...names, ...common] : names;
    return all.find((pattern) => matches(name, pattern, wildcards));
  }
  checkEmail(email) {
    validateString(email, "email");
    const all = [...factsOf(this).alternatives.filter(([kind]) => kind === "email"), ...factsOf(this).subject.filter(([key]) => key === "emailAddress")];
    return all.some(([, value]) => value.toLowerCase() === email.toLowerCase()) ? email : undefined;
  }
  checkIP(ip) {
    validateString(ip, "ip");
    if (!isIP(ip)) throw new Error("Invalid IP");
    const normal = (text) => (isIPv4(text) ? text : new URL(`http://[${text}]`).hostname);
    return factsOf(this).alternatives.some(([kind, value]) => kind === "IP Address" && normal(value) === normal(ip)) ? ip : undefined;
  }
  checkIssued(otherCert) {
    if (!(otherCert instanceof X509Certificate)) throw ERR_INVALID_ARG_TYPE("otherCert", "X509Certificate", otherCert);
    return lines(factsOf(this).issuer) === lines(factsOf(otherCert).subject) && this.verify(otherCert.publicKey);
  }
  checkPrivateKey(pkey) {
    if (keyObject(pkey).type !== "private") throw ERR_INVALID_ARG_VALUE("pkey", pkey);
    return createPublicKey(pkey).equals(this.publicKey);
  }
  verify(pkey) {
    const key = shapeOf(keyObject(pkey));
    const { method, signed, signature } = factsOf(this);
    const known = SIGNED[method];
    if (key.type !== "public" || known === undefined) return false;
    const [how, hash] = known;
    try {
      const given = how === ECDSA ? flat(signature, CURVE_SIZES[key.number]) : signature;
      return native.cryptoVerifyNow(key.handle, how, hashNumber(hash), 0, signed, given) === true;
    } catch {
      return false;
    }
  }
  toLegacyObject() {
    const facts = factsOf(this);
    const key = this.publicKey;
    const of = shapeOf(key);
    const info = {};
    for (const [kind, place] of facts.info ?? []) (info[`${kind} - URI`] ??= []).push(place);
    const all = { subject: objectOf(facts.subject), subjectAltName: this.subjectAltName, infoAccess: info, issuer: objectOf(facts.issuer), ca: facts.ca };
    const parts = native.cryptoExportNow(of.handle, 3, 0);
    const hex = (part) => Buffer.from(part).toString("hex").toUpperCase();
    const isRsa = key.asymmetricKeyType === "rsa";
    Object.assign(all, {
      modulus: isRsa ? hex(parts[0]) : undefined,
      bits: isRsa ? of.number : CURVE_SIZES[of.number] * 8,
      exponent: isRsa ? `0x${BigInt(`0x${hex(parts[1])}`).toString(16)}` : undefined,
      pubkey: isRsa ? Buffer.from(facts.key) : key.export({ type: "spki", format: "der" }),
      asn1Curve: isRsa ? undefined : key.asymmetricKeyDetails.namedCurve,
      nistCurve: isRsa ? undefined : { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" }[key.asymmetricKeyDetails.namedCurve],
      valid_from: facts.from,
      valid_to: facts.to,
      fingerprint: this.fingerprint,
      fingerprint256: this.fingerprint256,
      fingerprint512: this.fingerprint512,
      serialNumber: facts.serial,
      ext_key_usage: facts.keyUsage,
      raw: this.raw,
    });
    return all;
  }
}
