// What the classes that tenants see have in common: the shape of their members, and the words for
// wrong arguments.
const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf } = Object;
const { ownKeys } = Reflect;

const ILLEGAL =
  "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

// The error for a method that is called on something else.
export const illegal = () => new TypeError(ILLEGAL);

export const wrongArgument = (method, name, place, type) =>
  new TypeError(`Failed to execute '${method}' on '${name}': parameter ${place} is not of type '${type}'.`);

export const wrongInit = (name, place, type) =>
  new TypeError(`Failed to construct '${name}': constructor parameter ${place} is not of type '${type}'.`);

export const wrongField = (field, dictionary, type) =>
  new TypeError(`Incorrect type for the '${field}' field on '${dictionary}': the provided value is not of type '${type}'.`);

export const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// A dictionary of options that may be left out.
export function dictionary(value, name, place, type) {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrongInit(name, place, type);
  return value;
}

// A field that is a function or left out.
export function callback(object, field, type) {
  const value = object[field];
  if (value !== undefined && typeof value !== "function") throw wrongField(field, type, "function");
  return value;
}

// A number of bytes or chunks, as the platform takes one.
export function amount(value) {
  if (typeof value === "bigint") {
    if (value < 0n || value >= 1n << 64n) {
      throw new TypeError(
        "The value cannot be converted because it is either negative and this API expects a positive bigint, or the value would be truncated.",
      );
    }
    return Number(value);
  }
  const number = Number(value);
  if (!(number - number === 0)) {
    throw new TypeError("The value cannot be converted because it is not an integer.");
  }
  if (number < 0) {
    throw new TypeError("The value cannot be converted because it is negative and this API expects a positive bigint.");
  }
  return number - (number % 1);
}

// Gives a class's members the shape that they have on the platform: enumerable, getters without a name.
export function expose(constructor, tag = constructor.name) {
  const { prototype } = constructor;
  for (const target of [constructor, prototype]) {
    for (const key of ownKeys(target)) {
      if (typeof key === "symbol" || key === "constructor" || key === "prototype" || key === "name" || key === "length") continue;
      const descriptor = getOwnPropertyDescriptor(target, key);
      descriptor.enumerable = true;
      if (descriptor.get) {
        defineProperty(descriptor.get, "name", { value: "" });
        if (descriptor.set) defineProperty(descriptor.set, "name", { value: "" });
      }
      defineProperty(target, key, descriptor);
    }
  }
  defineProperty(prototype, Symbol.toStringTag, { value: tag, writable: true, configurable: true });
}

// A second name for a method, such as that of iteration.
export function alias(constructor, symbol, method) {
  defineProperty(constructor.prototype, symbol, { value: method, writable: true, configurable: true });
}

// Makes instances of `constructor` instances of `parent`, whose constructor it calls itself.
export function inherit(constructor, parent) {
  setPrototypeOf(constructor.prototype, parent.prototype);
}
