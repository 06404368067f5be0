// What classes of the Web APIs are put together from: iterators, mixed-in members, and the
// refusal of what is called on something else.
import native from "internal:native";
import { platform } from "internal:platform";

export { platform as shape };

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf } = Object;
const { apply, ownKeys } = Reflect;

export const ILLEGAL =
  "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

// For members that are called on something else.
export function illegal() {
  throw new TypeError(ILLEGAL);
}

// What a method or a getter of a class does, whatever a Worker has put in its place or made of the class.
export function member(c, name) {
  const { value, get } = getOwnPropertyDescriptor(c.prototype, name);
  return value === undefined ? (object) => apply(get, object, []) : (object, ...args) => apply(value, object, args);
}

// Puts the members of an object on a prototype.
export function mixin(prototype, members) {
  for (const key of ownKeys(members)) {
    const property = getOwnPropertyDescriptor(members, key);
    property.enumerable = typeof key === "string";
    defineProperty(prototype, key, property);
  }
}

const IteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));

// What iterators do is in Rust (src/iterators.rs).
function iteratorClass(name) {
  const type = {
    [name]: class {
      constructor() {
        throw new TypeError("Illegal constructor");
      }
    },
  }[name];
  setPrototypeOf(type.prototype, IteratorPrototype);
  return type;
}

const iterators = ["KeyIterator", "ValueIterator", "EntryIterator"].map(iteratorClass);
native.iteratorPrototypes(...iterators.map((type) => type.prototype));
for (const type of iterators) platform(type);

// Gives a class keys(), values(), entries() and [Symbol.iterator](), as natives make them.
export function iterable(type, members) {
  mixin(type.prototype, members);
}
