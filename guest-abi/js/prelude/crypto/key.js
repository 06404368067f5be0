// CryptoKey: what tenants see of a key that the host has.
import { illegalConstructor, platform } from "internal:platform";
import { dom, keysAre } from "internal:crypto/arguments";

const MAKE = {};
const { defineProperties } = Object;

let factsOf, isKey;

export class CryptoKey {
  // What it is, whatever is done to the object.
  #facts;
  constructor(make, handle, type, extractable, algorithm, usages) {
    if (make !== MAKE) throw illegalConstructor();
    this.#facts = { handle, type, extractable, algorithm, usages, name: algorithm.name };
    defineProperties(this, {
      usages: { value: usages, enumerable: true, configurable: true },
      algorithm: { value: algorithm, enumerable: true, configurable: true },
      extractable: { value: extractable, enumerable: true, configurable: true },
      type: { value: type, enumerable: true, configurable: true },
    });
  }

  static {
    factsOf = (key) => key.#facts;
    isKey = (value) => typeof value === "object" && value !== null && #facts in value;
  }
}

const reflect = Reflect.apply;
export { factsOf, isKey };
keysAre(isKey);
platform(CryptoKey);

export const makeKey = (handle, type, extractable, algorithm, usages) =>
  new CryptoKey(MAKE, handle, type, extractable, algorithm, usages);

// In the order in which keys tell them.
const USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

export const PUBLIC = ["encrypt", "verify", "wrapKey"];
export const PRIVATE = ["decrypt", "sign", "unwrapKey", "deriveKey", "deriveBits"];
export const DERIVING = ["deriveKey", "deriveBits"];
export const SIGNING = ["sign", "verify"];
export const CIPHERING = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
export const WRAPPING = ["wrapKey", "unwrapKey"];

const has = (list, value) => {
  for (let at = 0; at < list.length; at++) if (list[at] === value) return true;
  return false;
};

// Those of both lists, in the order in which keys tell them.
export function both(a, b) {
  const all = [];
  for (let at = 0; at < USAGES.length; at++) {
    const usage = USAGES[at];
    if (has(a, usage) && has(b, usage)) all[all.length] = usage;
  }
  return all;
}

// The usages asked for, all of which must be allowed. `verb` says what is done with the key.
export function usagesOf(name, verb, wanted, allowed) {
  for (let at = 0; at < wanted.length; at++) {
    if (!has(allowed, wanted[at])) {
      throw dom("SyntaxError", `Attempt to ${verb} ${name} key with invalid usage "${wanted[at]}".`);
    }
  }
  return both(wanted, allowed);
}

// Whether this key is of the algorithm asked for and allows what is done.
export function allow(key, name, usage) {
  const facts = factsOf(key);
  if (lower(name) !== lower(facts.name)) {
    throw dom(
      "InvalidAccessError",
      `Requested algorithm "${name}" does not match this CryptoKey's algorithm "${facts.name}".`,
    );
  }
  if (!has(facts.usages, usage)) {
    throw dom("InvalidAccessError", `Requested key usage "${usage}" does not match any usage listed in this CryptoKey.`);
  }
  return facts;
}

const { toLowerCase } = String.prototype;
const lower = (text) => reflect(toLowerCase, text, []);

export const globals = { CryptoKey };
