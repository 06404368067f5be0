// Randomness, and comparing without telling where bytes differ.
import { Buffer, kMaxLength } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, validateBoolean, validateFunction, validateInteger, validateObject } from "internal:node/errors";
import { isBuffer } from "./bytes.js";

const { crypto, queueMicrotask } = globalThis;
const { subtle } = crypto;

export const webcrypto = crypto;
export { subtle };
export const getRandomValues = crypto.getRandomValues.bind(crypto);
export function timingSafeEqual(a, b) {
  return subtle.timingSafeEqual(a, b);
}

const bytesOf = (view) => (ArrayBuffer.isView(view) ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view));

export function randomBytes(size, callback) {
  validateInteger(size, "size", 0, kMaxLength);
  if (callback !== undefined && typeof callback !== "function") validateFunction(undefined, "callback");
  const buffer = Buffer.alloc(size);
  if (callback === undefined) return randomFillSync(buffer);
  randomFill(buffer, callback);
}

export function randomFillSync(buffer, offset, size) {
  if (!ArrayBuffer.isView(buffer) && !isBuffer(buffer)) throw ERR_INVALID_ARG_TYPE("buffer", ["TypedArray", "DataView", "ArrayBuffer", "SharedArrayBuffer"], buffer);
  const most = buffer.byteLength;
  if (offset !== undefined) validateInteger(offset, "offset", 0, kMaxLength);
  else offset = 0;
  if (size !== undefined) validateInteger(size, "size", 0, most - offset);
  else size = most;
  if (isBuffer(buffer)) buffer = Buffer.from(buffer);
  else if (buffer instanceof DataView) buffer = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return crypto.getRandomValues(buffer.subarray(offset, offset + size));
}

export function randomFill(buffer, offset, size, callback) {
  if (!ArrayBuffer.isView(buffer) && !isBuffer(buffer)) throw ERR_INVALID_ARG_TYPE("buffer", ["TypedArray", "DataView", "ArrayBuffer", "SharedArrayBuffer"], buffer);
  let done = callback;
  if (typeof offset === "function") {
    done = offset;
    offset = size = undefined;
  } else if (typeof size === "function") {
    done = size;
    size = undefined;
  }
  validateFunction(done, "callback");
  const most = buffer.byteLength;
  if (offset !== undefined) validateInteger(offset, "offset", 0, most);
  else offset = 0;
  if (size !== undefined) validateInteger(size, "size", 0, most - offset);
  else size = most - offset;
  let error = null;
  try {
    const bytes = bytesOf(buffer);
    crypto.getRandomValues(bytes.subarray(offset, offset + size));
  } catch (caught) {
    error = caught;
  }
  queueMicrotask(() => (error === null ? done(null, buffer) : done(error)));
}

const INT_MAX = 0xffff_ffff_ffff;

export function randomInt(min, max, callback) {
  if (arguments.length < 2 || typeof max === "function") {
    callback = max;
    max = min;
    min = 0;
  }
  if (callback !== undefined) validateFunction(callback, "callback");
  validateSafe(min, "min");
  validateSafe(max, "max");
  if (min >= max) throw ERR_OUT_OF_RANGE("min", "min < max", min);
  const range = max - min;
  if (!(max <= INT_MAX)) throw ERR_OUT_OF_RANGE("max", `<= ${INT_MAX}`, max);
  if (!(range <= INT_MAX)) throw ERR_OUT_OF_RANGE("max - min", `<= ${INT_MAX}`, range);
  const limit = INT_MAX - (INT_MAX % range);
  const bytes = new Uint8Array(6);
  let value;
  do {
    crypto.getRandomValues(bytes);
    value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  } while (value >= limit);
  const result = (value % range) + min;
  if (callback === undefined) return result;
  queueMicrotask(() => callback(undefined, result));
}

function validateSafe(value, name) {
  if (typeof value !== "number") throw ERR_INVALID_ARG_TYPE(name, "number", value);
  if (!Number.isSafeInteger(value)) throw ERR_OUT_OF_RANGE(name, Number.isInteger(value) ? `>= ${Number.MIN_SAFE_INTEGER} && <= ${Number.MAX_SAFE_INTEGER}` : "an integer", value);
}

export function randomUUID(options) {
  if (options !== undefined) {
    validateObject(options, "options");
    if (options.disableEntropyCache !== undefined) validateBoolean(options.disableEntropyCache, "options.disableEntropyCache");
  }
  return crypto.randomUUID();
}
