// What classes of the Web APIs are put together from: iterators, mixed-in members, and the
// refusal of what is called on something else.
import { platform } from "internal:platform";

export { platform as shape };

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf } = Object;
const { ownKeys } = Reflect;

export const ILLEGAL =
  "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

// For members that are called on something else.
export function illegal() {
  throw new TypeError(ILLEGAL);
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
const MAKE = {};

function iteratorClass(name) {
  const type = {
    [name]: class {
      // An array of what is left to give, or a function of the next item and its place.
      #items;
      #at = 0;
      constructor(make, items) {
        if (make !== MAKE) throw new TypeError("Illegal constructor");
        this.#items = items;
      }
      next() {
        if (!(#items in this)) illegal();
        const items = this.#items;
        const at = this.#at++;
        const value = typeof items === "function" ? items(at) : items[at];
        return value === undefined ? { done: true, value } : { done: false, value };
      }
      [Symbol.iterator]() {
        return this;
      }
    },
  }[name];
  setPrototypeOf(type.prototype, IteratorPrototype);
  platform(type, name);
  unnamed(type.prototype);
  return type;
}

function unnamed(prototype) {
  defineProperty(prototype[Symbol.iterator], "name", { value: "", configurable: true });
}

const KeyIterator = iteratorClass("KeyIterator");
const ValueIterator = iteratorClass("ValueIterator");
const EntryIterator = iteratorClass("EntryIterator");

// Gives a class keys(), values(), entries() and [Symbol.iterator](). `start(object, kind)` gives
// names (kind 0), values (1) or pairs of both (2): an array of them, or a function of an item's
// place that gives undefined at the end. It throws for what is no such object.
export function iterable(type, start) {
  const members = {
    entries() {
      return new EntryIterator(MAKE, start(this, 2));
    },
    keys() {
      return new KeyIterator(MAKE, start(this, 0));
    },
    values() {
      return new ValueIterator(MAKE, start(this, 1));
    },
    [Symbol.iterator]() {
      return new EntryIterator(MAKE, start(this, 2));
    },
  };
  mixin(type.prototype, members);
  unnamed(type.prototype);
}
