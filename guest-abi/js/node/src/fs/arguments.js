// Arguments of what is done with files: how they are checked, and told of where there is a callback.
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, validateBoolean, validateInteger, validateObject, validateUint32 } from "internal:node/errors";

// While arguments alone are checked, nothing is looked up.
const CHECKED = Symbol("checked");
let checking = false;
const isPaths = (error) => error.code === "ERR_INVALID_ARG_TYPE" && error.message.startsWith('The "path" ');
export function check(work, args, inside) {
  checking = true;
  try {
    work(...args);
  } catch (error) {
    if (error !== CHECKED && !(inside && isPaths(error))) throw error;
  } finally {
    checking = false;
  }
}
// What looks something up says so first.
export function lookUp() {
  if (checking) throw CHECKED;
}

const OCTAL = "must be a 32-bit unsigned integer or an octal string";
// Modes are looked at and not kept.
export function validateMode(mode, standard, name = "mode") {
  if (standard !== undefined) mode ??= standard;
  if (typeof mode === "string") {
    if (!/^[0-7]+$/.test(mode)) throw ERR_INVALID_ARG_VALUE(name, mode, OCTAL);
    mode = Number.parseInt(mode, 8);
  }
  validateUint32(mode, name);
}
export const validateFd = (fd) => validateInteger(fd, "fd", 0, 2147483647);
export function validateOwner(uid, gid) {
  validateInteger(uid, "uid", -1, 4294967295);
  validateInteger(gid, "gid", -1, 4294967295);
}
export function validateRetries({ maxRetries = 0, recursive = false, retryDelay = 0 }) {
  validateUint32(maxRetries, "options.maxRetries");
  validateBoolean(recursive, "options.recursive");
  validateUint32(retryDelay, "options.retryDelay");
}

// Options as an object; a string is an encoding.
export function given(options, whole = true) {
  if (whole && (typeof options === "string" || options === null)) options = { encoding: options };
  if (options === undefined) options = {};
  validateObject(options, "options");
  const kept = {};
  for (const name in options) if (options[name] !== undefined) kept[name] = options[name];
  return kept;
}
export function validateEncoding(encoding) {
  if (encoding !== "buffer" && !Buffer.isEncoding(encoding)) throw ERR_INVALID_ARG_VALUE("options.encoding", encoding);
}
const ENCODINGS = ["utf8", "utf-8", "hex", "base64", "base64url", "latin1", "binary", "ascii", "ucs2", "ucs-2", "utf16le", "utf-16le", "buffer"];
export function optionsOf(options, defaults = {}) {
  if (options === null || options === undefined || typeof options === "function") return { ...defaults };
  if (typeof options === "string") options = { encoding: options };
  validateObject(options, "options");
  const all = { ...defaults, ...options };
  if (all.encoding !== undefined && all.encoding !== null && !ENCODINGS.includes(all.encoding)) throw ERR_INVALID_ARG_VALUE("options.encoding", all.encoding);
  return all;
}
export const givenAs = (bytes, encoding) => {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === null || encoding === "buffer" ? buffer : buffer.toString(encoding);
};
export const bytesOf = (data, encoding) => {
  if (typeof data === "string") return Buffer.from(data, encoding === "buffer" ? undefined : (encoding ?? undefined));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw ERR_INVALID_ARG_TYPE("data", ["string", "Buffer", "TypedArray", "DataView"], data);
};

export function validateSize(size) {
  if (typeof size !== "number") throw ERR_INVALID_ARG_TYPE("len", "number", size);
  if (!Number.isInteger(size)) throw ERR_OUT_OF_RANGE("len", "an integer", size);
  if (size < 0 || size > 4294967295) throw ERR_OUT_OF_RANGE("len", ">= 0 && < 4294967296", size);
}
// Does something and tells a callback how it went, later.
const { queueMicrotask } = globalThis;
export function called(callback, work, inside = false) {
  let error = null, value;
  try {
    value = work();
  } catch (caught) {
    // What is wrong with arguments is told at once.
    if (!(inside && isPaths(caught)) && /^ERR_(INVALID_ARG|OUT_OF_RANGE|UNSUPPORTED)/.test(caught.code)) throw caught;
    error = caught;
  }
  queueMicrotask(() => (error === null ? callback(null, value) : callback(error)));
}
