// Keys stretched and expanded: PBKDF2, scrypt, HKDF.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, validateFunction, validateInteger, validateString } from "internal:node/errors";
import { bytesOr, hashNumber, hashSize, secretHandle, settled, uint32 } from "./bytes.js";
import { handleOf, isKeyObject } from "./keys.js";

const HKDF = 1, PBKDF2 = 2, SCRYPT = 3;
const INT_MAX = 2147483647;
const ITERATIONS_MAX = 100000;
const { queueMicrotask } = globalThis;

// Gives a result, or a promise of it, to a callback.
function give(callback, make, finish) {
  let got;
  try {
    got = make();
  } catch (error) {
    queueMicrotask(() => callback(error));
    return;
  }
  Promise.resolve(got).then((bytes) => finish(bytes)).then((value) => queueMicrotask(() => callback(null, value)), (error) => queueMicrotask(() => callback(error)));
}

// ---- PBKDF2 ----

function checkPbkdf2(password, salt, iterations, length, digest) {
  validateString(digest, "digest");
  password = bytesOr(password, "password");
  salt = bytesOr(salt, "salt");
  validateInteger(iterations, "iterations", 1, INT_MAX);
  validateInteger(length, "keylen", 0, INT_MAX);
  return { password, salt, iterations, length, digest };
}

function pbkdf2With(derive, { password, salt, iterations, length, digest }) {
  const hash = hashNumber(digest);
  if (hash === undefined) throw new TypeError(`Invalid Pbkdf2 digest: ${digest}.`);
  if (iterations > ITERATIONS_MAX) throw new RangeError(`Pbkdf2 failed: iteration counts above ${ITERATIONS_MAX} are not supported (requested ${iterations}).`);
  if (length > 255 * hashSize(hash)) throw new RangeError("Pbkdf2 failed: derived key length exceeds maximum for this hash");
  return derive(secretHandle(password), PBKDF2, hash, salt, undefined, iterations, length);
}

const derived = (got) => Buffer.from(settled(got, "Pbkdf2 failed"));

export function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  return derived(pbkdf2With(native.cryptoDeriveNow, checkPbkdf2(password, salt, iterations, keylen, digest)));
}

export function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === "function") {
    callback = digest;
    digest = undefined;
  }
  const checked = checkPbkdf2(password, salt, iterations, keylen, digest);
  validateFunction(callback, "callback");
  give(callback, () => pbkdf2With(native.cryptoDerive, checked), derived);
}

// ---- scrypt ----

const COST_MAX = 1048576;

function checkScrypt(password, salt, length, options) {
  password = bytesOr(password, "password");
  salt = bytesOr(salt, "salt");
  validateInteger(length, "keylen", 0, INT_MAX);
  let N = 16384, r = 8, p = 1, maxmem = 32 << 20;
  const chosen = {};
  const choose = (short, long) => {
    const had = options[short] !== undefined;
    if (had) {
      uint32(options[short], short);
      chosen[short] = options[short];
    }
    if (options[long] !== undefined) {
      if (had) throw ERR_INVALID_ARG_VALUE(long, options[long]);
      uint32(options[long], long);
      chosen[short] = options[long];
    }
  };
  if (options && options !== null && options !== undefined) {
    choose("N", "cost");
    choose("r", "blockSize");
    choose("p", "parallelization");
    if (options.maxmem !== undefined) {
      validateInteger(options.maxmem, "maxmem", 0);
      maxmem = options.maxmem || maxmem;
    }
    N = chosen.N || N;
    r = chosen.r || r;
    p = chosen.p || p;
  }
  return { password, salt, length, N, r, p, maxmem };
}

function scryptWith({ password, salt, length, N, r, p, maxmem }) {
  if (N * r * p > COST_MAX) throw new RangeError(`Scrypt failed: cost exceeds maximum (${COST_MAX}).`);
  const log = Math.log2(N);
  if (N < 2 || !Number.isInteger(log) || 128 * N * r + 128 * r * p > maxmem) throw new Error("Scrypt failed");
  return Buffer.from(settled(native.cryptoDeriveNow(secretHandle(password), SCRYPT, log, salt, undefined, r, length, undefined, false, p), "Scrypt failed"));
}

export function scryptSync(password, salt, keylen, options) {
  return scryptWith(checkScrypt(password, salt, keylen, options));
}

export function scrypt(password, salt, keylen, options, callback) {
  if (callback === undefined && typeof options === "function") {
    callback = options;
    options = undefined;
  }
  const checked = checkScrypt(password, salt, keylen, options);
  validateFunction(callback, "callback");
  give(callback, () => scryptWith(checked), (bytes) => bytes);
}
Object.defineProperty(scrypt, "length", { value: 4 });

// ---- HKDF ----

const TEXT_OR_BYTES = ["string", "ArrayBuffer", "TypedArray", "DataView", "Buffer"];

function checkHkdf(digest, key, salt, info, length) {
  validateString(digest, "digest");
  if (!isKeyObject(key)) key = bytesOr(key, "ikm", undefined, ["string", "SecretKeyObject", "ArrayBuffer", "TypedArray", "DataView", "Buffer"]);
  salt = bytesOr(salt, "salt", undefined, TEXT_OR_BYTES);
  info = bytesOr(info, "info", undefined, TEXT_OR_BYTES);
  validateInteger(length, "length", 0, INT_MAX);
  if (info.byteLength > 1024) throw ERR_OUT_OF_RANGE("info", "must not contain more than 1024 bytes", info.byteLength);
  return { digest, key, salt, info, length };
}

function hkdfWith(derive, { digest, key, salt, info, length }) {
  const hash = hashNumber(digest);
  if (hash === undefined) throw new TypeError(`Invalid Hkdf digest: ${digest}`);
  if (length > 255 * hashSize(hash)) throw new RangeError("Invalid Hkdf key length");
  const handle = isKeyObject(key) ? handleOf(key) : secretHandle(key);
  return derive(handle, HKDF, hash, salt, info, 0, length);
}

const expanded = (got) => settled(got, "Hkdf failed");

export function hkdfSync(digest, key, salt, info, length) {
  return expanded(hkdfWith(native.cryptoDeriveNow, checkHkdf(digest, key, salt, info, length)));
}

export function hkdf(digest, key, salt, info, length, callback) {
  const checked = checkHkdf(digest, key, salt, info, length);
  validateFunction(callback, "callback");
  give(callback, () => hkdfWith(native.cryptoDerive, checked), expanded);
}
