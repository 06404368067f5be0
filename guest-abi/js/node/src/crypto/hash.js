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

// Small pieces are put together here before they cross to the host, and most hashes begin and end there
// in one call. `running` is the host's number, null once it is over.
const PART_BYTES = 1024;
class State {
  pending = undefined;
  size = 0;
  flushed = undefined;
  constructor(number, running) {
    this.number = number;
    this.running = running;
  }
  get bytes() {
    return this.pending === undefined ? new Uint8Array(0) : this.pending.subarray(0, this.size);
  }
  begun() {
    return (this.running ??= settled(native.hashBegin(this.number), FAILED));
  }
  add(bytes) {
    const { byteLength } = bytes;
    if (this.size + byteLength > PART_BYTES) {
      if (this.size > 0) settled(native.hashUpdate(this.begun(), this.bytes), FAILED);
      this.size = 0;
      if (byteLength > PART_BYTES) {
        settled(native.hashUpdate(this.begun(), bytes), FAILED);
        return;
      }
    }
    this.pending ??= new Uint8Array(PART_BYTES);
    this.pending.set(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, byteLength), this.size);
    this.size += byteLength;
  }
  end() {
    if (this.running === undefined) return settled(native.cryptoDigest(this.number, this.bytes), FAILED);
    if (this.size > 0) settled(native.hashUpdate(this.running, this.bytes), FAILED);
    return settled(native.hashEnd(this.running), FAILED);
  }
  copy() {
    const made = new State(this.number, this.running === undefined ? undefined : settled(native.hashCopy(this.running), FAILED));
    if (this.size > 0) made.add(this.bytes);
    return made;
  }
}

// They are streams from when somebody looks at them as such; until then these stand for what a stream has.
const LAZY = {};
for (const name of ["_events", "_readableState", "_writableState", "allowHalfOpen", "_maxListeners", "domain", "_eventsCount"]) {
  LAZY[name] = {
    configurable: true,
    enumerable: true,
    get() {
      return begin(this)[name];
    },
    set(value) {
      begin(this)[name] = value;
    },
  };
}
function begin(stream) {
  for (const name of Object.keys(LAZY)) delete stream[name];
  Transform.call(stream);
  return stream;
}
function makeStream(stream, options) {
  if (options === undefined || options === null) Object.defineProperties(stream, LAZY);
  else Transform.call(stream, options);
}

export function Hash(algorithm, options) {
  if (!(this instanceof Hash)) return new Hash(algorithm, options);
  let state, number, wanted;
  if (algorithm instanceof Hash) {
    const from = states.get(algorithm);
    if (from.running === null) throw finalized();
    number = from.number;
    wanted = options?.outputLength;
    if (wanted !== undefined) uint32(wanted, "options.outputLength");
    state = from.copy();
  } else {
    validateString(algorithm, "algorithm");
    wanted = options === undefined ? undefined : options.outputLength;
    if (wanted !== undefined) uint32(wanted, "options.outputLength");
    number = digestOf(algorithm);
    state = new State(number, undefined);
  }
  checkLength(number, wanted);
  states.set(this, state);
  makeStream(this, options);
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
  state.flushed = state.end();
  this.push(Buffer.from(state.flushed));
  callback();
};
Hash.prototype.update = function update(data, encoding) {
  encoding ??= "utf8";
  if (encoding === "buffer") encoding = undefined;
  const state = states.get(this);
  if (state.running === null) throw finalized();
  state.add(dataOr(data, encoding));
  return this;
};
Hash.prototype.digest = function digest(encoding) {
  const state = states.get(this);
  if (state.running === null) throw finalized();
  const bytes = state.flushed ?? state.end();
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
  states.set(this, new State(number, settled(native.hashBegin(number, handle), FAILED)));
  makeStream(this, options);
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
  const bytes = state.flushed ?? state.end();
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
