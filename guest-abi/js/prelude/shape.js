// What all classes of the Web APIs have in common (as workerd has it): members that are
// enumerable and count no parameters, iterators, and the errors of misuse.

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf } = Object;
const { ownKeys } = Reflect;

export const ILLEGAL =
  "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

// For members that are called on something else.
export function illegal() {
  throw new TypeError(ILLEGAL);
}

// Gives a class the look of the platform's: call it once its members are there.
export function shape(type, tag = type.name) {
  for (const target of [type.prototype, type]) {
    for (const key of ownKeys(target)) {
      if (key === "constructor" || key === "prototype" || key === "name" || key === "length") continue;
      const property = getOwnPropertyDescriptor(target, key);
      if (typeof property.value !== "function" && property.get === undefined) continue;
      property.enumerable = typeof key === "string";
      for (const member of [property.value, property.get, property.set]) {
        if (member !== undefined) defineProperty(member, "length", { value: 0, configurable: true });
      }
      for (const member of [property.get, property.set]) {
        if (member !== undefined) defineProperty(member, "name", { value: "", configurable: true });
      }
      defineProperty(target, key, property);
    }
  }
  defineProperty(type, "length", { value: 0, configurable: true });
  defineProperty(type.prototype, Symbol.toStringTag, { value: tag, writable: true, configurable: true });
  return type;
}

// Puts the members of an object on a prototype.
export function mixin(prototype, members) {
  for (const key of ownKeys(members)) defineProperty(prototype, key, getOwnPropertyDescriptor(members, key));
}

const IteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
const MAKE = {};

function iteratorClass(name) {
  const type = {
    [name]: class {
      #next;
      constructor(make, next) {
        if (make !== MAKE) throw new TypeError("Illegal constructor");
        this.#next = next;
      }
      next() {
        if (!(#next in this)) illegal();
        const value = this.#next();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      }
      [Symbol.iterator]() {
        return this;
      }
    },
  }[name];
  setPrototypeOf(type.prototype, IteratorPrototype);
  shape(type, name);
  unnamed(type.prototype);
  return type;
}

function unnamed(prototype) {
  defineProperty(prototype[Symbol.iterator], "name", { value: "", configurable: true });
}

const KeyIterator = iteratorClass("KeyIterator");
const ValueIterator = iteratorClass("ValueIterator");
const EntryIterator = iteratorClass("EntryIterator");

// Gives a class keys(), values(), entries() and [Symbol.iterator](). `start(object, kind)` gives a
// function of the next item, undefined at the end: names (kind 0), values (1) or both (2); it
// throws for what is no such object.
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

// What workerd says of an argument that is missing or of the wrong type.
export function wrongArgument(type, method, parameter, wanted) {
  return new TypeError(
    method === null
      ? `Failed to construct '${type}': constructor parameter ${parameter} is not of type '${wanted}'.`
      : `Failed to execute '${method}' on '${type}': parameter ${parameter} is not of type '${wanted}'.`,
  );
}
