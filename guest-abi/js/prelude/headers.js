// Headers. What it does is in Rust (src/headers.rs, src/iterators.rs).
import native from "internal:native";
import { iterable, mixin } from "internal:shape";
import { platform, wrongParameter } from "internal:platform";

const SEQUENCE = "Incorrect type: the provided value is not of type 'Sequence'.";
const { headersItems } = native;

// The names and values of what can be iterated, in turn.
function pairs(init) {
  const flat = [];
  for (const pair of init) {
    if (pair === null || (typeof pair !== "object" && typeof pair !== "function") || typeof pair[Symbol.iterator] !== "function") {
      throw new TypeError(SEQUENCE);
    }
    const both = isArray(pair) ? pair : [...pair];
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
    const items = headersItems(this);
    if (typeof callback !== "function") throw wrongParameter("forEach", "Headers", 1, "function");
    for (let at = 0; at < items.length; at += 2) callback.call(thisArg, items[at + 1], items[at], this);
  },
});
iterable(Headers, native.headersIterators);
platform(Headers);
