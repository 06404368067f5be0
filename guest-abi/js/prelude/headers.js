// Headers. What it does is in Rust (src/headers.rs), but for its iterators.
import native from "internal:native";
import { shape, iterable, mixin, wrongArgument } from "internal:shape";

const SEQUENCE = "Incorrect type: the provided value is not of type 'Sequence'.";
const { headersSorted } = native;

// The names and values of what can be iterated, in turn.
function pairs(init) {
  const flat = [];
  for (const pair of init) {
    if (pair === null || (typeof pair !== "object" && typeof pair !== "function") || typeof pair[Symbol.iterator] !== "function") {
      throw new TypeError(SEQUENCE);
    }
    const both = [...pair];
    if (both.length !== 2) {
      throw new TypeError("To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.");
    }
    flat.push(both[0], both[1]);
  }
  return flat;
}

export const Headers = native.headersClass(pairs);

mixin(Headers.prototype, {
  forEach(callback, thisArg) {
    const flat = headersSorted(this);
    if (typeof callback !== "function") throw wrongArgument("Headers", "forEach", 1, "function");
    for (let at = 0; at < flat.length; at += 2) callback.call(thisArg, flat[at + 1], flat[at], this);
  },
});
iterable(Headers, (headers, kind) => {
  const flat = headersSorted(headers);
  let at = -2;
  return () => {
    at += 2;
    if (at >= flat.length) return undefined;
    return kind === 2 ? [flat[at], flat[at + 1]] : flat[at + kind];
  };
});
shape(Headers);
