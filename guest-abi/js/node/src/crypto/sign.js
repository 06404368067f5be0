// Signatures, and RSA as a cipher.
import native from "internal:native";
import { isKey } from "internal:crypto/key";
import { Buffer } from "node:buffer";
import { Writable } from "node:stream";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_MISSING_ARGS, validateString } from "internal:node/errors";
import { dataOr, hashNumber, hashSize, isBuffer, output, settled, textBytes } from "./bytes.js";
import { INTEGER, integer, Reader, SEQUENCE, write } from "./der.js";
import { CURVE_SIZES, isKeyObject, privateOf, publicOf, readPrivate, readPublic } from "./keys.js";

const PKCS1 = 1, PSS = 2, ECDSA = 3, EDDSA = 4, RSA_RAW = 5;
const RSA = 1;
const SALT_DIGEST = -1, SALT_ANY = -2;
const RSA_PKCS1_PADDING = 1, RSA_NO_PADDING = 3, RSA_PKCS1_OAEP_PADDING = 4, RSA_PKCS1_PSS_PADDING = 6;
const MD5 = 0, MD5_SHA1 = 11, SHA512_256 = 9, MD4 = 10;
const { queueMicrotask } = globalThis;
const isBytes = (value) => ArrayBuffer.isView(value) || isBuffer(value);
const viewOf = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));

function digestNumber(name) {
  const number = hashNumber(name);
  if (number === undefined) throw new Error(`Unknown digest: ${name}`);
  return number;
}

// The settings beside a key.
function settings(key) {
  const all = { padding: RSA_PKCS1_PADDING, salt: undefined, p1363: false };
  if (typeof key !== "object" || key === null || isBytes(key) || isKeyObject(key) || isKey(key)) return all;
  const { padding, saltLength, dsaEncoding } = key;
  if (padding !== undefined) {
    if (!Number.isInteger(padding)) throw ERR_INVALID_ARG_VALUE("options.padding", padding);
    all.padding = padding;
  }
  if (saltLength !== undefined) {
    if (!Number.isInteger(saltLength)) throw ERR_INVALID_ARG_VALUE("options.saltLength", saltLength);
    all.salt = saltLength;
  }
  if (dsaEncoding !== undefined && dsaEncoding !== "der" && dsaEncoding !== "ieee-p1363") throw ERR_INVALID_ARG_VALUE("options.dsaEncoding", dsaEncoding);
  all.p1363 = dsaEncoding === "ieee-p1363";
  return all;
}

function given(key) {
  if (!key) throw coded(Error, "ERR_CRYPTO_SIGN_KEY_REQUIRED", "No key provided to sign");
  return key;
}
function privateKey(key) {
  given(key);
  if (isKey(key) || isKeyObject(key)) return privateOf(asymmetric(key));
  return readPrivate(key);
}
const publicKey = (key) => (isKey(key) || isKeyObject(key) ? publicOf(asymmetric(key)) : readPublic(key));
function asymmetric(key) {
  if (key.type === "secret") throw ERR_INVALID_ARG_TYPE("options", ["PublicKeyObject", "PrivateKeyObject", "CryptoKey", "Object"], key.type);
  return key;
}

// How the natives sign: how, hash, salt.
function scheme([, kind, , number], hash, { padding, salt }, signs, oneShot) {
  if (kind !== RSA) {
    if (number > 2) {
      if (hash !== undefined || number === 4) throw new Error(oneShot ? "Failed to initialize signing context" : "Failed to set signature digest");
      return [EDDSA, 4, 0];
    }
    if (hash === undefined) throw new Error("Failed to initialize signing context");
    if (hash === MD5 || hash === MD4 || hash === SHA512_256 || hash === MD5_SHA1) throw new Error("Failed to set signature digest");
    return [ECDSA, hash, 0];
  }
  if (hash === undefined) throw new Error("Failed to initialize signing context");
  if (padding === RSA_PKCS1_PADDING) {
    if (hash === SHA512_256 || hash === MD4) throw new Error("Failed to generate signature");
    return [PKCS1, hash, 0];
  }
  if (padding === RSA_NO_PADDING) throw new Error("Failed to set signature digest");
  if (padding !== RSA_PKCS1_PSS_PADDING || (salt !== undefined && salt < SALT_ANY)) throw new Error("Failed to set RSA parameters for signature");
  const most = number / 8 - hashSize(hash) - 2;
  if (salt === SALT_DIGEST) salt = hashSize(hash);
  else if (salt === undefined || salt === SALT_ANY) salt = signs ? most : 0xffffffff;
  if (signs && (salt > most || most < 0)) throw new Error("Failed to generate signature");
  return [PSS, hash, salt];
}

// `r` and `s` in DER, and back.
function toDer(raw) {
  const bytes = Buffer.from(raw), half = bytes.length / 2;
  return write(SEQUENCE, integer(bytes.subarray(0, half)), integer(bytes.subarray(half)));
}
function fromDer(bytes, size) {
  const outer = new Reader(bytes);
  const numbers = outer.inner(SEQUENCE);
  const out = new Uint8Array(size * 2);
  for (const at of [0, size]) {
    let digits = numbers.content(INTEGER);
    while (digits.length > 0 && digits[0] === 0) digits = digits.subarray(1);
    if (digits.length > size) throw new Error("too large");
    out.set(digits, at + size - digits.length);
  }
  if (!numbers.isEmpty || !outer.isEmpty) throw new Error("more");
  return out;
}

function make(key, hash, options, data, oneShot) {
  const [how, number, salt] = scheme(key, hash, options, true, oneShot);
  const got = settled(native.cryptoSignNow(key[0], how, number, salt, data), "Failed to generate signature");
  return how === ECDSA && !options.p1363 ? toDer(got) : Buffer.from(got);
}

function holds(key, hash, options, data, signature, oneShot) {
  const [how, number, salt] = scheme(key, hash, options, false, oneShot);
  let bytes = viewOf(signature);
  if (how === ECDSA && !options.p1363) {
    try {
      bytes = fromDer(bytes, CURVE_SIZES[key[3]]);
    } catch {
      return false;
    }
  }
  if (how === EDDSA && bytes.length !== 64) return false;
  const got = native.cryptoVerifyNow(key[0], how, number, salt, data, bytes);
  return got === true;
}

const states = new WeakMap();

function begin(stream, algorithm, options) {
  validateString(algorithm, "algorithm");
  states.set(stream, { hash: digestNumber(algorithm), parts: [] });
  Writable.call(stream, options);
}
const finished = (what) => new Error(`${what} context has already been finalized`);
function update(stream, data, encoding, what) {
  const bytes = dataOr(data, encoding);
  const state = states.get(stream);
  if (state.parts === null) throw finished(what);
  // A copy: the caller may go on to write to it.
  state.parts.push(Buffer.from(viewOf(bytes)));
  return stream;
}
function end(stream, what) {
  const state = states.get(stream);
  if (state.parts === null) throw finished(what);
  const data = Buffer.concat(state.parts);
  state.parts = null;
  return data;
}

export function Sign(algorithm, options) {
  if (!(this instanceof Sign)) return new Sign(algorithm, options);
  begin(this, algorithm, options);
}
Object.setPrototypeOf(Sign.prototype, Writable.prototype);
Object.setPrototypeOf(Sign, Writable);
Sign.prototype._write = function _write(chunk, encoding, callback) {
  this.update(chunk, encoding);
  callback();
};
Sign.prototype.update = function (data, encoding) {
  return update(this, data, encoding, "Signing");
};
Sign.prototype.sign = function (options, encoding) {
  const key = privateKey(options);
  const chosen = settings(options);
  const signature = make(key, states.get(this).hash, chosen, end(this, "Signing"), false);
  return output(signature, encoding || undefined);
};

export function Verify(algorithm, options) {
  if (!(this instanceof Verify)) return new Verify(algorithm, options);
  begin(this, algorithm, options);
}
Object.setPrototypeOf(Verify.prototype, Writable.prototype);
Object.setPrototypeOf(Verify, Writable);
Verify.prototype._write = Sign.prototype._write;
Verify.prototype.update = function (data, encoding) {
  return update(this, data, encoding, "Verification");
};
Verify.prototype.verify = function (options, signature, encoding) {
  const key = publicKey(given(options));
  const chosen = settings(options);
  const bytes = typeof signature === "string" ? textBytes(signature, encoding) : signature;
  if (!isBytes(bytes)) throw new TypeError("Failed to execute 'verify' on 'VerifyHandle': parameter 2 is not of type 'BufferSource'.");
  return holds(key, states.get(this).hash, chosen, end(this, "Verification"), bytes, false);
};

export function createSign(algorithm, options) {
  return new Sign(algorithm, options);
}
export function createVerify(algorithm, options) {
  return new Verify(algorithm, options);
}

function hashOr(algorithm) {
  if (algorithm === undefined || algorithm === null) return undefined;
  validateString(algorithm, "algorithm");
  return digestNumber(algorithm);
}
function viewOr(value, name) {
  if (!ArrayBuffer.isView(value)) throw ERR_INVALID_ARG_TYPE(name, ["Buffer", "TypedArray", "DataView"], value);
  return value;
}
// Calls back, or gives at once.
function give(work, callback) {
  if (callback === undefined) return work();
  queueMicrotask(() => {
    let value;
    try {
      value = work();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, value);
  });
}

export function sign(algorithm, data, key, callback) {
  const work = () => {
    if (algorithm !== undefined && algorithm !== null) validateString(algorithm, "algorithm");
    viewOr(data, "data");
    const options = settings(key);
    return make(privateKey(key), hashOr(algorithm), options, data, true);
  };
  if (callback !== undefined && typeof callback !== "function") return undefined;
  return give(work, callback);
}
export function verify(algorithm, data, key, signature, callback) {
  const work = () => {
    if (algorithm !== undefined && algorithm !== null) validateString(algorithm, "algorithm");
    viewOr(data, "data");
    const options = settings(key);
    const of = publicKey(given(key));
    viewOr(signature, "signature");
    return holds(of, hashOr(algorithm), options, data, signature, true);
  };
  if (callback !== undefined && typeof callback !== "function") return undefined;
  return give(work, callback);
}

// ---- RSA as a cipher ----

const FAILED = "Failed to cipher/decipher";
const OAEP = 4, RSA_PKCS1 = 5, RSA_PLAIN = 6;

function ciphering(options, buffer, isPrivate, method) {
  if (options === undefined) throw ERR_MISSING_ARGS(isPrivate ? "privateKey" : "key");
  if (buffer === undefined) throw ERR_MISSING_ARGS("buffer");
  const chosen = typeof options === "object" && options !== null && !isBytes(options) && !isKeyObject(options) && !isKey(options) ? options : {};
  const key = isPrivate ? (isKeyObject(options) || isKey(options) ? privateOf(options) : readPrivate(options)) : publicKey(options);
  const { padding, oaepHash, oaepLabel, encoding } = chosen;
  if (padding !== undefined && typeof padding !== "number") throw ERR_INVALID_ARG_TYPE("options.padding", "number", padding);
  if (oaepHash !== undefined) validateString(oaepHash, "options.oaepHash");
  if (oaepLabel !== undefined && typeof oaepLabel !== "string" && !isBytes(oaepLabel)) throw ERR_INVALID_ARG_TYPE("options.oaepLabel", ["string", "Buffer", "TypedArray", "DataView", "ArrayBuffer"], oaepLabel);
  const data = typeof buffer === "string" ? textBytes(buffer, encoding) : buffer;
  if (!isBytes(data)) throw new TypeError(`Failed to execute '${method}' on 'CryptoImpl': parameter 2 is not of type 'BufferSource'.`);
  if (key[1] !== RSA) throw new Error(`${method}() currently only supports RSA keys`);
  const label = typeof oaepLabel === "string" ? textBytes(oaepLabel, encoding) : oaepLabel;
  return { handle: key[0], size: key[3] / 8, padding: padding ?? RSA_PKCS1_PADDING, oaepHash, label, data: viewOf(data) };
}

function padded({ padding, oaepHash, label }) {
  if (padding !== RSA_PKCS1_PADDING && padding !== RSA_NO_PADDING && padding !== RSA_PKCS1_OAEP_PADDING) throw new Error("Failed to set the padding");
  const hash = oaepHash === undefined ? 1 : hashNumber(oaepHash);
  if (hash === undefined) throw new Error("Unsupported hash digest");
  if (label !== undefined && padding !== RSA_PKCS1_OAEP_PADDING) throw new Error("Failed to set the OAEP label");
  return hash;
}

const done = (got) => Buffer.from(settled(got, FAILED));

export function publicEncrypt(key, buffer) {
  const it = ciphering(key, buffer, false, "publicEncrypt");
  const hash = padded(it);
  const how = { [RSA_PKCS1_PADDING]: RSA_PKCS1, [RSA_NO_PADDING]: RSA_PLAIN, [RSA_PKCS1_OAEP_PADDING]: OAEP }[it.padding];
  if (how === RSA_PLAIN && it.data.length !== it.size) throw new Error(FAILED);
  return done(native.cryptoCipherNow(true, it.handle, how, hash, it.label, undefined, 0, it.data));
}

export function privateDecrypt(key, buffer) {
  const it = ciphering(key, buffer, true, "privateDecrypt");
  const hash = padded(it);
  if (it.data.length !== it.size) throw new Error(FAILED);
  if (it.padding === RSA_NO_PADDING) return done(native.cryptoSignNow(it.handle, RSA_RAW, 2, 0, it.data));
  return done(native.cryptoCipherNow(false, it.handle, it.padding === RSA_PKCS1_OAEP_PADDING ? OAEP : RSA_PKCS1, hash, it.label, undefined, 0, it.data));
}

function signatureLike({ padding }) {
  if (padding === RSA_PKCS1_OAEP_PADDING) throw new Error("Failed to set the padding");
  if (padding !== RSA_PKCS1_PADDING && padding !== RSA_NO_PADDING) throw new Error(FAILED);
}

export function privateEncrypt(key, buffer) {
  const it = ciphering(key, buffer, true, "privateEncrypt");
  signatureLike(it);
  let block = it.data;
  if (it.padding === RSA_PKCS1_PADDING) {
    const fill = it.size - 3 - it.data.length;
    if (fill < 8) throw new Error(FAILED);
    block = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(fill, 255), Buffer.alloc(1), it.data]);
  } else if (block.length !== it.size) throw new Error(FAILED);
  return done(native.cryptoSignNow(it.handle, RSA_RAW, 2, 0, block));
}

export function publicDecrypt(key, buffer) {
  const it = ciphering(key, buffer, false, "publicDecrypt");
  signatureLike(it);
  if (it.data.length !== it.size) throw new Error(FAILED);
  const block = done(native.cryptoCipherNow(true, it.handle, RSA_PLAIN, 2, undefined, undefined, 0, it.data));
  if (it.padding === RSA_NO_PADDING) return block;
  let at = 2;
  while (at < block.length && block[at] === 255) at++;
  if (block[0] !== 0 || block[1] !== 1 || at < 10 || block[at] !== 0) throw new Error(FAILED);
  return block.subarray(at + 1);
}
