// What the parts of node:crypto have in common: bytes of arguments, names of hashes, failures.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } from "internal:node/errors";

const { isView } = ArrayBuffer;
const isShared = (value) => typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer;
export const isBuffer = (value) => value instanceof ArrayBuffer || isShared(value);

// A failure of the host's: a number below 0. See internal:crypto/arguments.
export const STATUS = { WRONG_KEY: 1, BAD_CALL: 2, BAD_KEY: 3, UNSUPPORTED: 4, BAD_DATA: 5, TOO_LONG: 6, NOT_ON_CURVE: 7, SMALL_ORDER: 8, FULL: 9, FAILED: 10 };
export const statusOf = (got) => -got & 15;
export function settled(got, message) {
  if (typeof got === "number" && got < 0) {
    if (statusOf(got) === STATUS.FULL) throw new Error("The Worker has 4,096 keys, or its limit memory-bytes leaves no room for this; use fewer keys or raise the limit.");
    throw new Error(typeof message === "function" ? message(statusOf(got)) : message);
  }
  return got;
}

// As the natives number them.
const HASHES = { md5: 0, sha1: 1, sha256: 2, sha384: 3, sha512: 4, sha224: 8, "sha512-256": 9, md4: 10, "md5-sha1": 11 };
const SIZES = [16, 20, 32, 48, 64, 0, 0, 0, 28, 32, 16, 36];
const NAMES = { __proto__: null };
for (const name of Object.keys(HASHES)) {
  NAMES[name] = NAMES[name.toUpperCase()] = HASHES[name];
}
for (const name of ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]) {
  NAMES[`RSA-${name.toUpperCase()}`] = NAMES[`${name}WithRSAEncryption`] = HASHES[name];
}
for (const name of ["DSA-SHA", "DSA-SHA1", "ecdsa-with-SHA1", "dsaWithSHA1", "dsaWithSHA"]) NAMES[name] = HASHES.sha1;
export const hashNumber = (name) => NAMES[name];
export const hashSize = (number) => SIZES[number];
export const hashNames = ["md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "md5-sha1", "RSA-MD5", "RSA-SHA1", "RSA-SHA224", "RSA-SHA256", "RSA-SHA384", "RSA-SHA512", "DSA-SHA", "DSA-SHA1", "ecdsa-with-SHA1"];

export function digestOf(name) {
  const number = NAMES[name];
  if (number === undefined) throw new Error("Digest method not supported");
  return number;
}

const TEXT_OR_BYTES = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];

// Strings, ArrayBuffers and views, as something that natives take.
export function bytesOr(value, name, encoding, expected = TEXT_OR_BYTES) {
  if (typeof value === "string") return encoding === undefined || encoding === "buffer" || encoding === "utf8" ? Buffer.from(value) : Buffer.from(value, encoding);
  if (isView(value) || isBuffer(value)) return value;
  throw ERR_INVALID_ARG_TYPE(name, expected, value);
}

// A string or a view, as what is hashed, signed or encrypted.
export function dataOr(value, encoding, name = "data") {
  if (typeof value === "string") return textBytes(value, encoding);
  if (isView(value)) return value;
  throw ERR_INVALID_ARG_TYPE(name, ["string", "Buffer", "TypedArray", "DataView"], value);
}

export function textBytes(text, encoding) {
  return typeof encoding === "string" && encoding !== "" && encoding !== "buffer" && encoding !== "utf8" && encoding !== "utf-8" ? Buffer.from(text, encoding) : Buffer.from(text);
}

// What is given out: bytes, or text in an encoding.
export function output(bytes, encoding) {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
}

export function secretHandle(bytes) {
  return settled(native.cryptoImport(0, 0, bytes), "The key cannot be taken in")[0];
}

export function uint32(value, name) {
  if (typeof value !== "number") throw ERR_INVALID_ARG_TYPE(name, "number", value);
  if (!Number.isInteger(value)) throw ERR_OUT_OF_RANGE(name, "an integer", value);
  if (value < 0 || value > 4294967295) throw ERR_OUT_OF_RANGE(name, ">= 0 && < 4294967296", value);
}
