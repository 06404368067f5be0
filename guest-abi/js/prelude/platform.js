// What every class and function of the platform has in common: its looks, and its refusals.

import native from "internal:native";

const ILLEGAL =
  "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

// For functions of the global scope: called as a method of anything else they are refused.
export const isGlobal = (receiver) => receiver === undefined || receiver === null || receiver === globalThis;
export function ofGlobal(receiver) {
  if (!isGlobal(receiver)) throw new TypeError(ILLEGAL);
}

// A string as the platform converts one.
export function text(value) {
  if (typeof value === "string") return value;
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
  return `${value}`;
}

// The same as UTF-8 has it: each half of a pair that is alone takes three bytes, none of which is a character.
export function scalar(value) {
  const told = text(value);
  return told.isWellFormed() ? told : told.replace(/[\ud800-\udfff]/gu, "\ufffd\ufffd\ufffd");
}

export const wrongParameter = (method, owner, index, type) =>
  new TypeError(`Failed to execute '${method}' on '${owner}': parameter ${index} is not of type '${type}'.`);

export const wrongConstructorParameter = (owner, index, type) =>
  new TypeError(`Failed to construct '${owner}': constructor parameter ${index} is not of type '${type}'.`);

export const wrongField = (name, owner, type) =>
  new TypeError(`Incorrect type for the '${name}' field on '${owner}': the provided value is not of type '${type}'.`);

export const illegalConstructor = () => new TypeError("Illegal constructor");

// A member of an object of the platform's that is its own, and cannot be assigned to.
export function readOnly(object, name, value) {
  defineProperty(object, name, { value, writable: false, enumerable: true, configurable: true });
}

// For classes that only the platform makes objects of: they are refused without `new` alike.
export function closed(...classes) {
  for (const c of classes) native.closeClass(c);
}

// Accessors of the platform's prototypes by prototype: what the console shows of an object.
export const shown = new Map();

const finished = new Set([Function.prototype, Object.prototype, Error.prototype]);
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

function finishMembers(holder, isStatic) {
  const accessors = [];
  for (const key of Reflect.ownKeys(holder)) {
    if (key === "constructor" || (isStatic && (key === "prototype" || key === "length" || key === "name"))) continue;
    const property = getOwnPropertyDescriptor(holder, key);
    if (!property.configurable) continue;
    if (typeof property.value === "function") plain(property.value);
    if (property.get) {
      defineProperty(property.get, "name", { value: "", configurable: true });
      if (typeof key === "string") accessors.push(key);
    }
    if (property.set) {
      defineProperty(property.set, "name", { value: "", configurable: true });
      plain(property.set);
    }
    if (typeof key === "string") property.enumerable = true;
    defineProperty(holder, key, property);
  }
  if (isStatic) return;
  if (accessors.length > 0) shown.set(holder, accessors);
  // It comes after the other names.
  const own = getOwnPropertyDescriptor(holder, "constructor");
  if (own?.configurable) {
    delete holder.constructor;
    defineProperty(holder, "constructor", own);
  }
}

// Proxies of the platform's, which are to look like objects: by proxy, what has their own members.
export const facades = new WeakMap();

// Every prototype of the platform's classes.
export const prototypes = new Set();

// Prototypes of classes of the language that are written in JavaScript here, and whose objects cannot be cloned.
export const unclonable = new Set();

// A function as the platform's are: its length is 0.
export function plain(f) {
  defineProperty(f, "length", { value: 0, configurable: true });
}

// Methods that promise refuse what they are not for at once, before there is a promise; `check` does.
export function promising(c, check, names) {
  const { prototype } = c;
  for (const name of names) {
    const promised = prototype[name];
    const { [name]: method } = {
      [name]() {
        check(this);
        return Reflect.apply(promised, this, arguments);
      },
    };
    defineProperty(prototype, name, { value: method, enumerable: false, writable: true, configurable: true });
  }
}

// A class as the platform's are: members are enumerable, functions have the length 0, objects
// have a tag. The name may be another than the class's in this code.
export function platform(c, name = c.name) {
  if (finished.has(c)) return c;
  finished.add(c);
  const parent = getPrototypeOf(c);
  if (typeof parent === "function" && !finished.has(parent)) platform(parent);
  if (name !== c.name) defineProperty(c, "name", { value: name, configurable: true });
  prototypes.add(c.prototype);
  finishMembers(c.prototype, false);
  finishMembers(c, true);
  plain(c);
  if (!Object.hasOwn(c.prototype, Symbol.toStringTag)) {
    defineProperty(c.prototype, Symbol.toStringTag, { value: name, writable: true, configurable: true });
  }
  // After its parent, whose class it does not inherit from then.
  native.platformClass(c);
  return c;
}
