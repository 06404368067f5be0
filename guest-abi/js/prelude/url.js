// URL, URLSearchParams and URLPattern. What they do is in Rust (src/url.rs, src/params.rs,
// src/pattern.rs).
import native from "internal:native";
import { iterable, member, mixin } from "internal:shape";
import { platform, wrongParameter } from "internal:platform";

const { ownKeys, getOwnPropertyDescriptor } = Reflect;
const SEQUENCE = "Incorrect type: the provided value is not of type 'Sequence'.";

// The names and values of an object that parameters are made of, in turn.
function pairs(init) {
  const flat = [];
  if (typeof init[Symbol.iterator] === "function") {
    for (const pair of init) {
      if (pair === null || (typeof pair !== "object" && typeof pair !== "function") || typeof pair[Symbol.iterator] !== "function") {
        throw new TypeError(SEQUENCE);
      }
      const both = [...pair];
      if (both.length !== 2) throw new TypeError("Invalid URL search params sequence.");
      flat.push(`${both[0]}`, `${both[1]}`);
    }
    return flat;
  }
  const at = new Map();
  for (const key of ownKeys(init)) {
    if (typeof key !== "string" || !getOwnPropertyDescriptor(init, key)?.enumerable) continue;
    const name = key.toWellFormed();
    const value = `${init[key]}`;
    const known = at.get(name);
    if (known === undefined) at.set(name, flat.push(name, value) - 1);
    else flat[known] = value;
  }
  return flat;
}

export const URL = native.urlClass();
export const URLSearchParams = native.paramsClass(pairs);

const { paramsAt } = native;

iterable(URLSearchParams, native.paramsIterators);
mixin(URLSearchParams.prototype, {
  forEach(callback, thisArg) {
    paramsAt(this, 0, 0);
    if (typeof callback !== "function") throw wrongParameter("forEach", "URLSearchParams", 1, "function");
    for (let at = 0; ; at++) {
      const pair = paramsAt(this, at, 2);
      if (pair === undefined) break;
      callback.call(thisArg, pair[1], pair[0], this);
    }
  },
});
platform(URL);
platform(URLSearchParams);

export const URLPattern = platform(native.patternClass());

const { parse } = URL;
const PARTS = ["href", "protocol", "hostname", "port", "origin"];
const getters = PARTS.map((name) => member(URL, name));

// The parts of an address as nobody has changed them, or null for what is none.
export function urlParts(text) {
  const url = Reflect.apply(parse, URL, [text]);
  if (url === null) return null;
  const parts = {};
  PARTS.forEach((name, at) => (parts[name] = getters[at](url)));
  return parts;
}

export const globals = { URL, URLSearchParams, URLPattern };
