// What the language has, as it was before any tenant's code: a Worker that replaces a global, or what is on one,
// does so for itself and not for the platform. Modules of the prelude have these names in the globals' place
// (src/modules.rs). What is on prototypes the engine keeps for it (prototypes.patch).
import "internal:json";

const { apply, ownKeys, setPrototypeOf } = globalThis.Reflect;
const Plain = globalThis.Object;
const Promised = globalThis.Promise;
const { defineProperty } = Plain;
const { resolve, reject } = Promised;

// Puts what is on an object on another, of which nobody else knows.
function copied(to, from) {
  for (const key of ownKeys(from)) {
    if (typeof key === "string" && key !== "name" && key !== "length") to[key] = from[key];
  }
  return to;
}

const Objects = copied((value) => Plain(value), Plain);
// What a descriptor does not say is not looked for on `Object.prototype`.
Objects.defineProperty = (object, key, property) => {
  setPrototypeOf(property, null);
  return defineProperty(object, key, property);
};
const Reflected = copied({ __proto__: null }, globalThis.Reflect);
const Parsed = copied({ __proto__: null }, globalThis.JSON);
const Maths = copied({ __proto__: null }, globalThis.Math);
const Plainest = globalThis.Number;
const Numbers = copied((value) => Plainest(value), Plainest);

export const {
  AggregateError,
  Array,
  ArrayBuffer,
  BigInt,
  Boolean,
  DataView,
  Date,
  Error,
  EvalError,
  Map,
  Proxy,
  RangeError,
  ReferenceError,
  RegExp,
  Set,
  String,
  Symbol,
  SyntaxError,
  TypeError,
  URIError,
  Uint8Array,
  WeakMap,
  WeakRef,
  WeakSet,
} = globalThis;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const resolvedWith = (value) => apply(resolve, Promised, [value]);
export const rejectedWith = (error) => apply(reject, Promised, [error]);

export { Maths as Math, Numbers as Number, Objects as Object, Promised as Promise, Reflected as Reflect, Parsed as JSON };
