// Finite fields: primes, and Diffie-Hellman's agreement. Powers are the host's to take.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, validateBoolean, validateFunction, validateInteger, validateObject, validateString } from "internal:node/errors";
import { bytesOr, isBuffer, output, secretHandle, settled } from "./bytes.js";

const { crypto, queueMicrotask } = globalThis;

const toBig = (bytes) => (bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`));
function fromBig(value, size) {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex");
  return size === undefined || bytes.length >= size ? bytes : Buffer.concat([Buffer.alloc(size - bytes.length), bytes]);
}
const viewOf = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));

// `base` to the power of what a handle stands for.
const power = (base, handle, modulus) => new Uint8Array(settled(native.cryptoPowerNow(handle, modulus, base), "Failed to compute the power"));
const powerOf = (base, exponent, modulus) => toBig(power(fromBig(base), secretHandle(fromBig(exponent)), fromBig(modulus)));

// ---- Primes ----

const SMALL = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n, 79n, 83n, 89n, 97n];

// Miller and Rabin's test. Wrong for a composite with a chance of at most 4 to the minus `rounds`.
function isPrime(value, rounds) {
  if (value < 2n) return false;
  if (value % 2n === 0n) return value === 2n;
  for (const prime of SMALL) if (value % prime === 0n) return value === prime;
  let odd = value - 1n, twos = 0;
  while (odd % 2n === 0n) {
    odd /= 2n;
    twos++;
  }
  const size = fromBig(value).length;
  next: for (let round = 0; round < rounds; round++) {
    const base = (toBig(crypto.getRandomValues(new Uint8Array(size))) % (value - 3n)) + 2n;
    let it = powerOf(base, odd, value);
    if (it === 1n || it === value - 1n) continue;
    for (let at = 1; at < twos; at++) {
      it = (it * it) % value;
      if (it === value - 1n) continue next;
    }
    return false;
  }
  return true;
}

const ROUNDS = 20;

function numberOr(value, name) {
  if (typeof value === "bigint") {
    if (value < 0n) throw ERR_OUT_OF_RANGE(name, ">= 0", value);
    return value;
  }
  if (ArrayBuffer.isView(value) || isBuffer(value)) return toBig(viewOf(value));
  throw ERR_INVALID_ARG_TYPE(name, ["ArrayBuffer", "TypedArray", "Buffer", "DataView", "bigint"], value);
}

function planPrime(size, options = {}) {
  validateInteger(size, "size", 1, 2147483647);
  validateObject(options, "options");
  const { safe = false, bigint = false, add, rem } = options;
  validateBoolean(safe, "options.safe");
  validateBoolean(bigint, "options.bigint");
  const step = add === undefined ? undefined : numberOr(add, "options.add");
  const left = rem === undefined ? undefined : numberOr(rem, "options.rem");
  return { size, safe, bigint, step, left: left ?? (step === undefined ? undefined : 1n) };
}

function prime({ size, safe, bigint, step, left }) {
  const bytes = Math.ceil(size / 8);
  const top = 1n << BigInt(size - 1);
  for (;;) {
    let value = (toBig(crypto.getRandomValues(new Uint8Array(bytes))) & (top - 1n)) | top;
    if (size > 2) value |= (top >> 1n) | 1n;
    if (step !== undefined) {
      value = value - (value % step) + left;
      if (fromBig(value).length > bytes) continue;
    }
    if (!isPrime(value, ROUNDS) || (safe && !isPrime((value - 1n) / 2n, ROUNDS))) continue;
    return bigint ? value : viewOf(fromBig(value, bytes)).slice().buffer;
  }
}

function give(callback, work) {
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

// How large a prime may be.
const SIZE_MAX = 8192;
function checkSize(size) {
  if (size > SIZE_MAX) throw new RangeError(`generatePrime size exceeds maximum (${SIZE_MAX} bits)`);
}
export function generatePrimeSync(size, options) {
  const plan = planPrime(size, options);
  checkSize(size);
  return prime(plan);
}
Object.defineProperty(generatePrimeSync, "length", { value: 1 });
export function generatePrime(size, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = undefined;
  }
  validateInteger(size, "size", 1, 2147483647);
  validateFunction(callback, "callback");
  const plan = planPrime(size, options);
  give(callback, () => {
    checkSize(size);
    return prime(plan);
  });
}
function planCheck(candidate, options = {}) {
  const value = numberOr(candidate, "candidate");
  validateObject(options, "options");
  const { checks = 0 } = options;
  validateInteger(checks, "options.checks", 0, 2147483647);
  return () => isPrime(value, checks === 0 ? ROUNDS : Math.min(checks, 64));
}
export function checkPrimeSync(candidate, options) {
  return planCheck(candidate, options)();
}
Object.defineProperty(checkPrimeSync, "length", { value: 1 });
export function checkPrime(candidate, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = undefined;
  }
  numberOr(candidate, "candidate");
  if (options !== undefined) validateObject(options, "options");
  validateFunction(callback, "callback");
  give(callback, planCheck(candidate, options));
}

// ---- Diffie-Hellman ----

// RFC 3526: a prime of n bits is 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c).
const GROUPS = { modp14: [2048, 124476], modp15: [3072, 1690314], modp16: [4096, 240904] };

// The digits of pi after the point, in binary, by Machin's formula.
function pi(bits) {
  const one = 1n << BigInt(bits + 32);
  const arctan = (inverse) => {
    let term = one / inverse, sum = term;
    const square = inverse * inverse;
    for (let odd = 3n, sign = -1n; term !== 0n; odd += 2n, sign = -sign) {
      term /= square;
      sum += (sign * term) / odd;
    }
    return sum;
  };
  return (4n * (4n * arctan(5n) - arctan(239n))) >> 32n;
}
const primes = new Map();
function groupPrime(name) {
  if (!Object.hasOwn(GROUPS, name)) throw new Error("Failed to init DiffieHellmanGroup: invalid group. Only groups {modp14, modp15, modp16, modp17, modp18} are supported.");
  let found = primes.get(name);
  if (found === undefined) {
    const [n, c] = GROUPS[name];
    const size = BigInt(n);
    found = fromBig((1n << size) - (1n << (size - 64n)) - 1n + (1n << 64n) * (pi(n - 130) + BigInt(c)));
    primes.set(name, found);
  }
  return found;
}

const states = new WeakMap();

function generateKeys(encoding) {
  const state = states.get(this);
  if (state.key === null) {
    // Of twice the strength that the group has.
    const bits = Math.min(state.prime.length * 8 - 8, 512);
    state.key = settled(native.cryptoGenerateNow(0, bits, 0), "Failed to generate DH key")[0];
    state.length = bits / 8;
  }
  state.publicKey = Buffer.from(power(state.generator, state.key, state.prime));
  return output(state.publicKey, encoding);
}
function computeSecret(otherPublicKey, inputEncoding, outputEncoding) {
  const state = states.get(this);
  const other = viewOf(typeof otherPublicKey === "string" ? Buffer.from(otherPublicKey, inputEncoding) : bytesOr(otherPublicKey, "otherPublicKey"));
  if (state.key === null) throw new Error("Invalid DH keys");
  const value = toBig(other);
  if (value <= 1n) throw new Error("Supplied key is too small");
  if (value >= toBig(state.prime) - 1n) throw new Error("Supplied key is too large");
  return output(power(other, state.key, state.prime), outputEncoding);
}
function getPrime(encoding) {
  return output(states.get(this).prime, encoding);
}
function getGenerator(encoding) {
  return output(states.get(this).generator, encoding);
}
function getPublicKey(encoding) {
  const { publicKey } = states.get(this);
  if (publicKey === null) throw new Error("No public key - did you forget to generate one?");
  return output(publicKey, encoding);
}
function getPrivateKey(encoding) {
  const { key, length } = states.get(this);
  if (key === null) throw new Error("No private key - did you forget to generate one?");
  return output(settled(native.cryptoExportNow(key, 0, length), "Failed to get the private key"), encoding);
}

export function DiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding) {
  if (!(this instanceof DiffieHellman)) return new DiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding);
  if (typeof sizeOrKey !== "number" && typeof sizeOrKey !== "string" && !ArrayBuffer.isView(sizeOrKey) && !isBuffer(sizeOrKey)) {
    throw ERR_INVALID_ARG_TYPE("sizeOrKey", ["number", "string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"], sizeOrKey);
  }
  if (keyEncoding !== undefined && (typeof keyEncoding !== "string" || (!Buffer.isEncoding(keyEncoding) && keyEncoding !== "buffer"))) {
    genEncoding = generator;
    generator = keyEncoding;
    keyEncoding = undefined;
  }
  let modulus;
  if (typeof sizeOrKey === "number") {
    validateInteger(sizeOrKey, "sizeOrKey", 2, 2147483647);
    modulus = Buffer.from(prime({ size: sizeOrKey, safe: true }));
  } else modulus = Buffer.from(viewOf(typeof sizeOrKey === "string" ? Buffer.from(sizeOrKey, keyEncoding) : sizeOrKey));
  const base = generator === undefined ? Buffer.from([2]) : typeof generator === "number" ? fromBig(BigInt(generator)) : Buffer.from(viewOf(typeof generator === "string" ? Buffer.from(generator, genEncoding) : generator));
  states.set(this, { prime: modulus, generator: base, key: null, length: 0, publicKey: null });
  this.verifyError = 0;
}
Object.assign(DiffieHellman.prototype, {
  generateKeys, computeSecret, getPrime, getGenerator, getPublicKey, getPrivateKey,
  setPublicKey(key, encoding) {
    states.get(this).publicKey = Buffer.from(viewOf(typeof key === "string" ? Buffer.from(key, encoding) : bytesOr(key, "key")));
    return this;
  },
  setPrivateKey(key, encoding) {
    const state = states.get(this);
    const bytes = viewOf(typeof key === "string" ? Buffer.from(key, encoding) : bytesOr(key, "key"));
    state.key = secretHandle(bytes);
    state.length = bytes.length;
    return this;
  },
});

export function DiffieHellmanGroup(name) {
  if (!(this instanceof DiffieHellmanGroup)) return new DiffieHellmanGroup(name);
  validateString(name, "name");
  states.set(this, { prime: groupPrime(name), generator: Buffer.from([2]), key: null, length: 0, publicKey: null });
  this.verifyError = 0;
}
Object.assign(DiffieHellmanGroup.prototype, { generateKeys, computeSecret, getPrime, getGenerator, getPublicKey, getPrivateKey });

export function createDiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding) {
  return new DiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding);
}
export function createDiffieHellmanGroup(name) {
  return new DiffieHellmanGroup(name);
}
export function getDiffieHellman(name) {
  return new DiffieHellmanGroup(name);
}
