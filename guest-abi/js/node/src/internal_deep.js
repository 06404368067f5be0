// Whether two values are alike in depth, wholly or in part, as Node's assert and util have it.

const hasOwn = (value, key) => Object.prototype.propertyIsEnumerable.call(value, key);
const tag = (value) => Object.prototype.toString.call(value);

const boxed = [Number, String, Boolean, BigInt, Symbol].map((Class) => Class.prototype.valueOf);
function unboxed(value) {
  for (const valueOf of boxed) {
    try {
      return [valueOf.call(value)];
    } catch {}
  }
  return undefined;
}

function keysOf(value) {
  const keys = Object.keys(value);
  for (const symbol of Object.getOwnPropertySymbols(value)) if (hasOwn(value, symbol)) keys.push(symbol);
  return keys;
}

function alike(a, b, seen, partial) {
  if (a === b) return a !== 0 || Object.is(a, b);
  if (typeof a !== "object") return typeof a === "number" && Number.isNaN(a) && Number.isNaN(b);
  if (typeof b !== "object" || a === null || b === null) return false;
  const lenient = partial && (Array.isArray(b) || b instanceof Date || b instanceof RegExp || b instanceof Error || b instanceof Set || b instanceof Map);
  if (!lenient && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (tag(a) !== tag(b)) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || (partial ? a.length < b.length : a.length !== b.length)) return false;
  } else if (a instanceof Date && b instanceof Date) {
    if (a.getTime() !== b.getTime() && !(Number.isNaN(a.getTime()) && Number.isNaN(b.getTime()))) return false;
  } else if (a instanceof RegExp && b instanceof RegExp) {
    if (a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex) return false;
  } else if (a instanceof Error && b instanceof Error) {
    if (a.message !== b.message || a.name !== b.name) return false;
    if ("cause" in a !== "cause" in b || !alike(a.cause, b.cause, seen, partial)) return false;
    if ((a.errors !== undefined || b.errors !== undefined) && !alike(a.errors, b.errors, seen, partial)) return false;
  } else if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    if (a.byteLength !== b.byteLength || a.constructor !== b.constructor) return false;
    if (a instanceof DataView) {
      for (let at = 0; at < a.byteLength; at++) if (a.getUint8(at) !== b.getUint8(at)) return false;
    } else {
      for (let at = 0; at < a.length; at++) if (!Object.is(a[at], b[at])) return false;
      const more = (value) => keysOf(value).filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
      return sameKeys(a, b, more(a), more(b), seen, partial);
    }
  } else if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    if (!alike(new Uint8Array(a), new Uint8Array(b), seen, partial)) return false;
  } else if (a instanceof Set && b instanceof Set) {
    if (partial ? a.size < b.size : a.size !== b.size) return false;
  } else if (a instanceof Map && b instanceof Map) {
    if (partial ? a.size < b.size : a.size !== b.size) return false;
  } else {
    const one = unboxed(a), other = unboxed(b);
    if ((one === undefined) !== (other === undefined)) return false;
    if (one !== undefined && !Object.is(one[0], other[0])) return false;
    if (a instanceof WeakMap || a instanceof WeakSet || a instanceof Promise) return false;
  }
  const known = seen.get(a);
  if (known?.has(b)) return true;
  if (known === undefined) seen.set(a, new Set([b]));
  else known.add(b);
  const same =
    (!(a instanceof Set) || sameSets(a, b, seen, partial)) &&
    (!(a instanceof Map) || sameMaps(a, b, seen, partial)) &&
    sameKeys(a, b, keysOf(a), keysOf(b), seen, partial);
  seen.get(a).delete(b);
  return same;
}

function sameKeys(a, b, keysA, keysB, seen, partial) {
  if (!partial && keysA.length !== keysB.length) return false;
  for (const key of partial ? keysB : keysA) if (!hasOwn(partial ? a : b, key)) return false;
  for (const key of partial ? keysB : keysA) if (!alike(a[key], b[key], seen, partial)) return false;
  return true;
}

function sameSets(a, b, seen, partial) {
  const [small, big] = partial ? [b, a] : [a, b];
  const rest = new Set(big);
  for (const value of small) {
    if (rest.delete(value)) continue;
    if (typeof value !== "object" || value === null) return false;
    let found = false;
    for (const other of rest) {
      if (partial ? alike(other, value, seen, partial) : alike(value, other, seen, partial)) {
        rest.delete(other);
        found = true;
        break;
      }
    }
    if (!found) return false;
  }
  return true;
}

function sameMaps(a, b, seen, partial) {
  const [small, big] = partial ? [b, a] : [a, b];
  const order = (x, y) => (partial ? alike(y, x, seen, partial) : alike(x, y, seen, partial));
  const rest = new Map(big);
  for (const [key, value] of small) {
    if (rest.has(key) && order(value, rest.get(key))) {
      rest.delete(key);
      continue;
    }
    if (typeof key !== "object" || key === null) return false;
    let found = false;
    for (const [otherKey, other] of rest) {
      if (order(key, otherKey) && order(value, other)) {
        rest.delete(otherKey);
        found = true;
        break;
      }
    }
    if (!found) return false;
  }
  return true;
}

export const isDeepStrictEqual = (a, b) => alike(a, b, new Map(), false);
export const isPartialStrictEqual = (a, b) => alike(a, b, new Map(), true);
