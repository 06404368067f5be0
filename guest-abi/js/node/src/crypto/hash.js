// Hash, Hmac and the functions that make them.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { Transform } from "node:stream";
import { coded, ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING, validateString } from "internal:node/errors";
import { dataOr, digestOf, hashNames, hashSize, isBuffer, output, secretHandle, settled, textBytes, uint32 } from "./bytes.js";
import { handleOf, isKeyObject, isSecretCryptoKey } from "./keys.js";

const states = new WeakMap();
const FAILED = "Digest method not supported";

function finalized() {
  return coded(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
}

function encoded(bytes, encoding) {
  if (encoding === undefined || encoding === "buffer") return Buffer.from(bytes);
  if (typeof encoding !== "string") throw ERR_UNKNOWN_ENCODING(encoding);
  return Buffer.from(bytes).toString(encoding);
}

export function Hash(algorithm, options) {
  if (!(this instanceof Hash)) return new Hash(algorithm, options);
  let running, number, wanted;
  if (algorithm instanceof Hash) {
    const from = states.get(algorithm);
    if (from.running === null) throw finalized();
    number = from.number;
    wanted = options?.outputLength;
    if (wanted !== undefined) uint32(wanted, "options.outputLength");
    running = settled(native.hashCopy(from.running), FAILED);
  } else {
    validateString(algorithm, "algorithm");
    wanted = options === undefined ? undefined : options.outputLength;
    if (wanted !== undefined) uint32(wanted, "options.outputLength");
    number = digestOf(algorithm);
    checkLength(number, wanted);
    running = settled(native.hashBegin(number), FAILED);
  }
  checkLength(number, wanted);
  states.set(this, { running, number });
  Transform.call(this, options);
}
Object.setPrototypeOf(Hash.prototype, Transform.prototype);
Object.setPrototypeOf(Hash, Transform);

function checkLength(number, wanted) {
  if (wanted !== undefined && wanted !== hashSize(number)) throw new Error("invalid digest size");
}

Hash.prototype.copy = function copy(options) {
  return new Hash(this, options);
};
Hash.prototype._transform = function (chunk, encoding, callback) {
  if (typeof chunk === "string") this.update(chunk, encoding);
  else this.update(chunk);
  callback();
};
Hash.prototype._flush = function (callback) {
  // It may be asked for once more.
  const state = states.get(this);
  state.flushed = settled(native.hashEnd(state.running), FAILED);
  this.push(Buffer.from(state.flushed));
  callback();
};
Hash.prototype.update = function update(data, encoding) {
  encoding ??= "utf8";
  if (encoding === "buffer") encoding = undefined;
  const state = states.get(this);
  if (state.running === null) throw finalized();
  settled(native.hashUpdate(state.running, dataOr(data, encoding)), FAILED);
  return this;
};
Hash.prototype.digest = function digest(encoding) {
  const state = states.get(this);
  if (state.running === null) throw finalized();
  const bytes = state.flushed ?? settled(native.hashEnd(state.running), FAILED);
  state.running = null;
  return encoded(bytes, encoding);
};

function keyFor(key, encoding) {
  if (isKeyObject(key)) {
    if (key.type !== "secret") throw coded(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${key.type}, expected secret.`);
    return handleOf(key);
  }
  if (isSecretCryptoKey(key)) return handleOf(key);
  if (typeof key === "string") return secretHandle(textBytes(key, encoding));
  if (ArrayBuffer.isView(key) || isBuffer(key)) return secretHandle(key);
  throw ERR_INVALID_ARG_TYPE("key", ["string", "ArrayBuffer", "Buffer", "ArrayBufferView", "KeyObject", "CryptoKey"], key);
}

export function Hmac(hmac, key, options) {
  if (!(this instanceof Hmac)) return new Hmac(hmac, key, options);
  validateString(hmac, "hmac");
  const handle = keyFor(key, options?.encoding);
  const number = digestOf(hmac);
  states.set(this, { running: settled(native.hashBegin(number, handle), FAILED), number, digested: false });
  Transform.call(this, options ?? undefined);
}
Object.setPrototypeOf(Hmac.prototype, Transform.prototype);
Object.setPrototypeOf(Hmac, Transform);

Hmac.prototype.update = Hash.prototype.update;
Hmac.prototype.digest = function digest(encoding) {
  const state = states.get(this);
  if (state.running === null) {
    const empty = Buffer.alloc(0);
    return encoding === undefined || encoding === "buffer" ? empty : "";
  }
  const bytes = state.flushed ?? settled(native.hashEnd(state.running), FAILED);
  state.running = null;
  return encoded(bytes, encoding);
};
Hmac.prototype._flush = Hash.prototype._flush;
Hmac.prototype._transform = Hash.prototype._transform;

export function createHash(algorithm, options) {
  return new Hash(algorithm, options);
}
export function createHmac(hmac, key, options) {
  return new Hmac(hmac, key, options);
}
export function getHashes() {
  return [...hashNames];
}
export function hash(algorithm, data, options) {
  validateString(algorithm, "algorithm");
  const encoding = options === undefined ? "hex" : options;
  if (typeof data !== "string" && !ArrayBuffer.isView(data)) throw ERR_INVALID_ARG_TYPE("data", ["string", "Buffer", "TypedArray", "DataView"], data);
  if (typeof encoding !== "string") throw ERR_INVALID_ARG_TYPE("outputEncoding", "string", options);
  const number = digestOf(algorithm);
  const bytes = settled(native.cryptoDigest(number, typeof data === "string" ? Buffer.from(data) : data), FAILED);
  return output(bytes, encoding);
}
Object.defineProperty(hash, "length", { value: 2 });
