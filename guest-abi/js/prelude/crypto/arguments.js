// What Web Crypto is given: dictionaries of algorithms, keys' usages, bytes; converted in the order
// and with the refusals of the field.
import { DOMException } from "internal:errors";
import { wrongField, wrongParameter } from "internal:platform";


export const dom = (name, message) => new DOMException(message, name);
export const missing = (field, of = "algorithm") => new TypeError(`Missing field "${field}" in "${of}".`);

export const isBytes = (value) => isView(value) || value instanceof ArrayBuffer;

// The parameter of this number, counted from 1, of `args`; refused if it is not there.
export function parameter(method, args, index, type) {
  if (args.length < index) throw wrongParameter(method, "SubtleCrypto", index, type);
  return args[index - 1];
}

export function bytesAt(method, args, index) {
  const value = args[index - 1];
  if (!isBytes(value)) throw wrongParameter(method, "SubtleCrypto", index, "BufferSource");
  return value;
}

export const textAt = (method, args, index) => `${parameter(method, args, index, "string")}`;
export const truthAt = (method, args, index) => !!parameter(method, args, index, "boolean");

export function textsAt(method, args, index) {
  const value = args[index - 1];
  if (!isArray(value)) throw wrongParameter(method, "SubtleCrypto", index, "Array");
  return texts(value);
}

function texts(list) {
  const all = [];
  for (let at = 0; at < list.length; at++) all[at] = `${list[at]}`;
  return all;
}

export function integer(value) {
  const number = Math.trunc(+value) || 0;
  if (number > 2147483647 || number < -2147483648) {
    throw new TypeError("Value out of range. Must be between -2147483648 and 2147483647 (inclusive).");
  }
  return number;
}

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// The platform tells a dictionary by the name that its class has there.
const uninitialized = (dictionary) =>
  new TypeError(
    `Cannot initialize N7workerd3api12SubtleCrypto${dictionary.length}${dictionary}E with required members from an undefined or null value.`,
  );

// The kinds of members.
const TEXT = (value) => `${value}`;
const FLAG = (value) => !!value;
const HASH = (value) => named(value, "HashAlgorithm");
function BYTES(value, name, owner) {
  if (!isBytes(value)) throw wrongField(name, owner, "BufferSource");
  return value;
}
function TEXTS(value, name, owner) {
  if (!isArray(value)) throw wrongField(name, owner, "Array");
  return texts(value);
}

// The name of an algorithm that is a string or has one.
function named(value, dictionary) {
  if (isObject(value)) return `${value.name}`;
  if (value === undefined || value === null) throw uninitialized(dictionary);
  return `${value}`;
}

function converter(dictionary, members) {
  const names = Object.keys(members);
  return (value) => {
    if (!isObject(value)) return { name: named(value, dictionary) };
    const result = { name: `${value.name}` };
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      const member = value[name];
      if (member !== undefined) result[name] = members[name](member, name, dictionary);
    }
    return result;
  };
}

const CONVERTERS = {
  HashAlgorithm: converter("HashAlgorithm", {}),
  EncryptAlgorithm: converter("EncryptAlgorithm", {
    iv: BYTES,
    additionalData: BYTES,
    tagLength: integer,
    counter: BYTES,
    length: integer,
    label: BYTES,
  }),
  SignAlgorithm: converter("SignAlgorithm", { hash: HASH, dataLength: integer, saltLength: integer }),
  GenerateKeyAlgorithm: converter("GenerateKeyAlgorithm", {
    hash: HASH,
    modulusLength: integer,
    publicExponent: BYTES,
    length: integer,
    namedCurve: TEXT,
  }),
  ImportKeyAlgorithm: converter("ImportKeyAlgorithm", {
    hash: HASH,
    length: integer,
    namedCurve: TEXT,
    compressed: FLAG,
  }),
  DeriveKeyAlgorithm: converter("DeriveKeyAlgorithm", {
    salt: BYTES,
    iterations: integer,
    hash: HASH,
    public(value, name, owner) {
      if (!isKey(value)) throw wrongField(name, owner, "CryptoKey");
      return value;
    },
    info: BYTES,
  }),
};

let isKey = () => false;
// Tells what a CryptoKey is.
export function keysAre(test) {
  isKey = test;
}

export function keyAt(method, args, index) {
  const value = args[index - 1];
  if (!isKey(value)) throw wrongParameter(method, "SubtleCrypto", index, "CryptoKey");
  return value;
}

export function algorithmAt(method, args, index, dictionary) {
  return CONVERTERS[dictionary](parameter(method, args, index, `string or ${dictionary}`));
}

// For the constructor of DigestStream, which takes one too.
export const hashAlgorithm = CONVERTERS.HashAlgorithm;

const JWK = {
  use: TEXT,
  key_ops: TEXTS,
  alg: TEXT,
  ext: FLAG,
  crv: TEXT,
  x: TEXT,
  y: TEXT,
  d: TEXT,
  n: TEXT,
  e: TEXT,
  p: TEXT,
  q: TEXT,
  dp: TEXT,
  dq: TEXT,
  qi: TEXT,
  oth(value, name, owner) {
    if (!isArray(value)) throw wrongField(name, owner, "Array");
    return value;
  },
  k: TEXT,
};
const JWK_NAMES = Object.keys(JWK);

// A JSON Web Key.
export function jsonWebKey(value) {
  if (value === undefined || value === null) throw uninitialized("JsonWebKey");
  const result = { kty: `${value.kty}` };
  for (const name of JWK_NAMES) {
    const member = value[name];
    if (member !== undefined) result[name] = JWK[name](member, name, "JsonWebKey");
  }
  return result;
}

// Bytes, or a JSON Web Key.
export function keyDataAt(method, args, index) {
  const value = parameter(method, args, index, "BufferSource or JsonWebKey");
  if (isBytes(value)) return value;
  if (!isObject(value) && value !== undefined && value !== null) {
    throw wrongParameter(method, "SubtleCrypto", index, "BufferSource or JsonWebKey");
  }
  return { jwk: jsonWebKey(value) };
}

// The number of a hash function at the host, and its name as keys tell it.
const HASHES = {
  MD5: [0, "MD5", 16, 64],
  "SHA-1": [1, "SHA-1", 20, 64],
  "SHA-256": [2, "SHA-256", 32, 64],
  "SHA-384": [3, "SHA-384", 48, 128],
  "SHA-512": [4, "SHA-512", 64, 128],
};
const { hasOwn } = Object;
const { toUpperCase } = String.prototype;
const call = Function.prototype.call.bind(Function.prototype.call);

export const upper = (text) => call(toUpperCase, text);

// [number, name, bytes of a digest, bytes of a block]
export function hashOf(name) {
  const key = upper(name);
  if (!hasOwn(HASHES, key)) {
    throw dom("NotSupportedError", "Unrecognized or unimplemented digest algorithm requested.");
  }
  return HASHES[key];
}

const CURVES = { "P-256": [0, "P-256", 32], "P-384": [1, "P-384", 48], "P-521": [2, "P-521", 66] };

// [number, name, bytes of a coordinate]
export function curveOf(name) {
  const key = upper(name);
  if (!hasOwn(CURVES, key)) {
    throw dom("NotSupportedError", `Unrecognized or unimplemented EC curve "${name}" requested.`);
  }
  return CURVES[key];
}
export const ED25519 = 3;
export const X25519 = 4;

// What a native gave: a number is a failure.
export const STATUS = {
  WRONG_KEY: 1,
  BAD_CALL: 2,
  BAD_KEY: 3,
  UNSUPPORTED_KEY: 4,
  BAD_DATA: 5,
  TOO_LONG: 6,
  NOT_ON_CURVE: 7,
  SMALL_ORDER: 8,
  FULL: 9,
};
export const statusOf = (result) => -result & 15;
export const detailOf = (result) => -result >> 4;

const Later = Promise;
export const isLater = (result) => result instanceof Later;

// For failures that the caller has no words for.
export function failure(result) {
  switch (statusOf(result)) {
    case STATUS.FULL:
      return dom("OperationError", "This isolate has too many CryptoKeys: at most 4,096, with 1 MiB of key material.");
    case STATUS.WRONG_KEY:
      return dom("InvalidAccessError", "The key does not support this operation.");
    case STATUS.UNSUPPORTED_KEY:
      return dom("NotSupportedError", "RSA keys of more than 4096 bits are not supported.");
    default:
      return dom("OperationError", "The operation failed.");
  }
}

// Refuses what failed otherwise than the caller knows.
export const settled = (result) => {
  if (typeof result === "number") throw failure(result);
  return result;
};
