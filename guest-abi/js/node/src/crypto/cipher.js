// Cipheriv and Decipheriv.
import { scope } from "internal:errors";
import native from "internal:native";
import { Buffer } from "node:buffer";
import { Transform } from "node:stream";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, ERR_UNKNOWN_ENCODING, validateObject, validateString } from "internal:node/errors";
import { dataOr, isBuffer, secretHandle, settled, textBytes } from "./bytes.js";
import { handleOf, isKeyObject, isSecretCryptoKey, shapeOf } from "./keys.js";

const MODES = { ecb: 0, cbc: 1, ctr: 2, gcm: 3, ofb: 4 };
const NIDS = { "128-ecb": 418, "128-cbc": 419, "128-ofb": 420, "192-ecb": 422, "192-cbc": 423, "192-ofb": 424, "256-ecb": 426, "256-cbc": 427, "256-ofb": 428, "128-gcm": 895, "192-gcm": 898, "256-gcm": 901, "128-ctr": 904, "192-ctr": 905, "256-ctr": 906 };

function known(name) {
  const found = /^(?:aes|AES)-(128|192|256)-([a-z]{3}|[A-Z]{3})$/.exec(name);
  if (found === null) return undefined;
  const mode = found[2].toLowerCase();
  if (MODES[mode] === undefined) return undefined;
  return { mode, bits: Number(found[1]), number: MODES[mode], ivLength: mode === "ecb" ? 0 : mode === "gcm" ? 12 : 16 };
}

const states = new WeakMap();
const FAILED = "Authentication failed";
const OVER = "Cipher/decipher context has already been finalized";
const isBytes = (value) => ArrayBuffer.isView(value) || isBuffer(value);

function start(stream, encrypts, name, key, iv, options) {
  validateString(name, "algorithm");
  if (options === null) throw new TypeError("Cannot read properties of null (reading 'authLengthTag')");
  let handle, size;
  if (isKeyObject(key) || isSecretCryptoKey(key)) {
    handle = handleOf(key);
    size = shapeOf(key).number;
  } else if (typeof key === "string" || isBytes(key)) {
    const bytes = typeof key === "string" ? Buffer.from(key) : key;
    size = bytes.byteLength;
    handle = bytes;
  } else throw ERR_INVALID_ARG_TYPE("key", ["string", "Buffer", "TypedArray", "DataView", "KeyObject", "CryptoKey"], key);
  if (iv === null) iv = Buffer.alloc(0);
  else if (typeof iv === "string") iv = Buffer.from(iv);
  else if (!isBytes(iv)) throw ERR_INVALID_ARG_TYPE("iv", ["string", "Buffer", "TypedArray", "DataView", "null"], iv);
  const cipher = known(name);
  if (cipher === undefined) throw new Error(`Unknown or unsupported cipher: ${name}`);
  const length = iv.byteLength;
  if (cipher.mode === "gcm" ? length === 0 : length !== cipher.ivLength) throw new Error("Invalid initialization vector");
  if (size * 8 !== cipher.bits) throw new Error("Invalid key length");
  if (isBytes(handle)) handle = secretHandle(handle);
  // It begins with the first data: until then there may be more that is authenticated only.
  states.set(stream, { encrypts, key: handle, cipher, iv, pads: true, additional: [], running: null, over: false, tag: undefined });
  Transform.call(stream, options);
}

function running(state) {
  if (state.running === null) {
    const additional = state.additional.length === 0 ? undefined : Buffer.concat(state.additional);
    state.running = settled(native.cipherBegin(state.key, state.cipher.number, state.iv, additional, state.encrypts, state.pads), FAILED);
  }
  return state.running;
}

function given(bytes, encoding) {
  const buffer = Buffer.from(bytes);
  if (encoding === undefined || encoding === "buffer") return buffer;
  if (encoding === "") return buffer.toString();
  if (typeof encoding !== "string" || !Buffer.isEncoding(encoding)) throw ERR_UNKNOWN_ENCODING(encoding);
  return buffer.toString(encoding);
}

function update(data, inputEncoding, outputEncoding) {
  const state = states.get(this);
  if (typeof data === "string") {
    if (inputEncoding === undefined) throw ERR_INVALID_ARG_VALUE("inputEncoding", inputEncoding, "If inputEncoding is not provided then the data must be a Buffer");
    if (typeof inputEncoding === "string" && inputEncoding !== "buffer" && inputEncoding !== "" && !Buffer.isEncoding(inputEncoding)) throw ERR_UNKNOWN_ENCODING(inputEncoding);
    data = textBytes(data, inputEncoding);
  } else if (!isBytes(data)) dataOr(data);
  if (state.over) throw new Error(OVER);
  return given(settled(native.cipherUpdate(running(state), data), FAILED), outputEncoding);
}

function final(outputEncoding) {
  const state = states.get(this);
  if (state.over) throw new Error(OVER);
  const isGcm = state.cipher.mode === "gcm";
  if (isGcm && !state.encrypts && state.tag === undefined) throw new Error("No auth tag provided");
  const it = running(state);
  state.over = true;
  let bytes = settled(native.cipherEnd(it, state.encrypts ? undefined : state.tag), FAILED);
  if (isGcm && state.encrypts) {
    state.tag = bytes;
    bytes = new ArrayBuffer(0);
  }
  return given(bytes, outputEncoding);
}

function setAutoPadding(autoPadding) {
  const state = states.get(this);
  if (state.running === null) state.pads = autoPadding !== false && autoPadding !== null && autoPadding !== 0;
  return this;
}

function setAAD(data, options) {
  const state = states.get(this);
  if (state.cipher.mode !== "gcm") throw new Error("Cipher does not support authenticated mode");
  if (typeof data === "string") data = textBytes(data, options?.encoding);
  if (state.running === null && isBytes(data)) state.additional.push(Buffer.from(ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)));
  return this;
}

function _transform(chunk, encoding, callback) {
  this.push(this.update(chunk, typeof chunk === "string" ? encoding : undefined));
  callback();
}
function _flush(callback) {
  try {
    this.push(this.final());
  } catch (error) {
    callback(error);
    return;
  }
  callback();
}

export function Cipheriv(cipher, key, iv, options) {
  if (!(this instanceof Cipheriv)) return new Cipheriv(cipher, key, iv, options);
  start(this, true, cipher, key, iv, options);
}
export function Decipheriv(cipher, key, iv, options) {
  if (!(this instanceof Decipheriv)) return new Decipheriv(cipher, key, iv, options);
  start(this, false, cipher, key, iv, options);
}
for (const type of [Cipheriv, Decipheriv]) {
  Object.defineProperty(type, "length", { value: 3 });
  Object.setPrototypeOf(type.prototype, Transform.prototype);
  Object.setPrototypeOf(type, Transform);
  Object.assign(type.prototype, { update, final, setAAD, setAutoPadding });
}
Cipheriv.prototype.getAuthTag = function getAuthTag() {
  const { over, tag } = states.get(this);
  if (!over || tag === undefined) throw new Error("Auth tag is only available once cipher context has been finalized");
  return Buffer.from(tag.slice(0));
};
Decipheriv.prototype.setAuthTag = function setAuthTag(tag) {
  const state = states.get(this);
  if (state.cipher.mode !== "gcm") throw new Error("Cipher does not support authenticated mode");
  if (!isBytes(tag)) throw new TypeError("Failed to execute 'setAuthTag' on 'CipherHandle': parameter 1 is not of type 'BufferSource'.");
  if (state.tag !== undefined) throw new Error("Auth tag is already set");
  const size = tag.byteLength;
  if (size !== 4 && size !== 8 && (size < 12 || size > 16)) throw new Error("Invalid authentication tag length");
  state.tag = Buffer.from(ArrayBuffer.isView(tag) ? new Uint8Array(tag.buffer, tag.byteOffset, size) : new Uint8Array(tag));
  return this;
};
for (const type of [Cipheriv, Decipheriv]) Object.assign(type.prototype, { _transform, _flush });

export function createCipheriv(cipher, key, iv, options) {
  return new Cipheriv(cipher, key, iv, options);
}
export function createDecipheriv(cipher, key, iv, options) {
  return new Decipheriv(cipher, key, iv, options);
}
for (const made of [createCipheriv, createDecipheriv]) Object.defineProperty(made, "length", { value: 3 });

const missing = (name, shown) => ({ [shown]: () => { throw ERR_METHOD_NOT_IMPLEMENTED(name); } })[shown];
// What Node has ended with version 22.
const ended = scope.flags?.has("remove_nodejs_compat_eol_v22") === true ? () => undefined : missing;
export const createCipher = ended("createCipher", "createCipher"), createDecipher = ended("createDecipher", "createDecipher"), Cipher = ended("Cipher", "Cipher"), Decipher = ended("Decipher", "Decipher");

export const getCiphers = function getCiphers() {
  const all = [];
  for (const family of ["AES", "aes"]) {
    for (const mode of ["cbc", "ctr", "ecb", "ofb", "gcm"]) {
      for (const bits of [128, 192, 256]) all.push(`${family}-${bits}-${family === "AES" ? mode.toUpperCase() : mode}`);
    }
  }
  return all;
}.bind(undefined);

export function getCipherInfo(nameOrId, options) {
  if (typeof nameOrId !== "string" && typeof nameOrId !== "number") throw ERR_INVALID_ARG_TYPE("nameOrId", ["string", "number"], nameOrId);
  if (options !== undefined) validateObject(options, "options");
  const name = typeof nameOrId === "number" ? Object.keys(NIDS).find((key) => NIDS[key] === nameOrId) : undefined;
  const cipher = known(typeof nameOrId === "number" ? `aes-${name}` : nameOrId);
  if (cipher === undefined) return undefined;
  const { mode, bits } = cipher;
  let { ivLength } = cipher;
  if (options?.keyLength !== undefined && options.keyLength !== bits / 8) return undefined;
  if (options?.ivLength !== undefined) {
    const wanted = Math.trunc(options.ivLength);
    if (mode === "gcm" ? !(wanted > 0) : wanted !== ivLength) return undefined;
    ivLength = wanted;
  }
  const isBlock = mode === "cbc" || mode === "ecb";
  return { name: mode === "gcm" ? `id-aes${bits}-GCM` : `AES-${bits}-${mode.toUpperCase()}`, nid: NIDS[`${bits}-${mode}`], blockSize: isBlock ? 16 : 1, ivLength, keyLength: bits / 8, mode };
}
Object.defineProperty(getCipherInfo, "length", { value: 1 });
