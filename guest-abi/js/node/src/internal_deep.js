// Whether two values are alike in depth, strictly or loosely, as Node's assert and util have it.

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

function keysOf(value, strict) {
  const keys = Object.keys(value);
  if (strict) for (const symbol of Object.getOwnPropertySymbols(value)) if (hasOwn(value, symbol)) keys.push(symbol);
  return keys;
}

function alike(a, b, strict, seen, partial) {
  if (a === b) return a !== 0 || !strict || Object.is(a, b);
  if (strict) {
    if (typeof a !== "object") return typeof a === "number" && Number.isNaN(a) && Number.isNaN(b);
    if (typeof b !== "object" || a === null || b === null) return false;
    const lenient = partial && (Array.isArray(b) || b instanceof Date || b instanceof RegExp || b instanceof Error || b instanceof Set || b instanceof Map);
    if (!lenient && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  } else {
    if (a === null || typeof a !== "object") return (b === null || typeof b !== "object") && (a == b || (Number.isNaN(a) && Number.isNaN(b)));
    if (b === null || typeof b !== "object") return false;
  }
  if (tag(a) !== tag(b)) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || (partial ? a.length < b.length : a.length !== b.length)) return false;
  } else if (a instanceof Date && b instanceof Date) {
    if (a.getTime() !== b.getTime() && !(Number.isNaN(a.getTime()) && Number.isNaN(b.getTime()))) return false;
  } else if (a instanceof RegExp && b instanceof RegExp) {
    if (a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex) return false;
  } else if (a instanceof Error && b instanceof Error) {
    if (a.message !== b.message || a.name !== b.name) return false;
    if ("cause" in a !== "cause" in b || !alike(a.cause, b.cause, strict, seen, partial)) return false;
    if ((a.errors !== undefined || b.errors !== undefined) && !alike(a.errors, b.errors, strict, seen, partial)) return false;
  } else if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    if (a.byteLength !== b.byteLength || a.constructor !== b.constructor) return false;
    if (a instanceof DataView) {
      for (let at = 0; at < a.byteLength; at++) if (a.getUint8(at) !== b.getUint8(at)) return false;
    } else {
      for (let at = 0; at < a.length; at++) if (strict ? !Object.is(a[at], b[at]) : a[at] !== b[at]) return false;
      const more = (value) => keysOf(value, strict).filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
      return sameKeys(a, b, more(a), more(b), strict, seen, partial);
    }
  } else if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    if (!alike(new Uint8Array(a), new Uint8Array(b), strict, seen, partial)) return false;
  } else if (a instanceof Set && b instanceof Set) {
    if (partial ? a.size < b.size : a.size !== b.size) return false;
  } else if (a instanceof Map && b instanceof Map) {
    if (partial ? a.size < b.size : a.size !== b.size) return false;
  } else {
    const one = unboxed(a), other = unboxed(b);
    if ((one === undefined) !== (other === undefined)) return false;
    if (one !== undefined && !Object.is(one[0], other[0])) return false;
    if ((a instanceof WeakMap || a instanceof WeakSet || a instanceof Promise) && strict) return false;
  }
  const known = seen.get(a);
  if (known?.has(b)) return true;
  if (known === undefined) seen.set(a, new Set([b]));
  else known.add(b);
  const same =
    (!(a instanceof Set) || sameSets(a, b, strict, seen, partial)) &&
    (!(a instanceof Map) || sameMaps(a, b, strict, seen, partial)) &&
    sameKeys(a, b, keysOf(a, strict), keysOf(b, strict), strict, seen, partial);
  seen.get(a).delete(b);
  return same;
}

function sameKeys(a, b, keysA, keysB, strict, seen, partial) {
  if (!partial && keysA.length !== keysB.length) return false;
  for (const key of partial ? keysB : keysA) if (!hasOwn(partial ? a : b, key)) return false;
  for (const key of partial ? keysB : keysA) if (!alike(a[key], b[key], strict, seen, partial)) return false;
  return true;
}

function sameSets(a, b, strict, seen, partial) {
  const [small, big] = partial ? [b, a] : [a, b];
  const rest = new Set(big);
  for (const value of small) {
    if (rest.delete(value)) continue;
    if (strict && (typeof value !== "object" || value === null)) return false;
    let found = false;
    for (const other of rest) {
      if (partial ? alike(other, value, strict, seen, partial) : alike(value, other, strict, seen, partial)) {
        rest.delete(other);
        found = true;
        break;
      }
    }
    if (!found) return false;
  }
  return true;
}

function sameMaps(a, b, strict, seen, partial) {
  const [small, big] = partial ? [b, a] : [a, b];
  const order = (x, y) => (partial ? alike(y, x, strict, seen, partial) : alike(x, y, strict, seen, partial));
  const rest = new Map(big);
  for (const [key, value] of small) {
    if (rest.has(key) && order(value, rest.get(key))) {
      rest.delete(key);
      continue;
    }
    if (strict && (typeof key !== "object" || key === null)) return false;
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

export const isDeepEqual = (a, b) => alike(a, b, false, new Map(), false);
export const isDeepStrictEqual = (a, b) => alike(a, b, true, new Map(), false);
export const isPartialStrictEqual = (a, b) => alike(a, b, true, new Map(), true);
