// structuredClone, and what posting a message shares with it.
import native from "internal:native";
import { DOMException, flag, isDomException } from "internal:errors";
import { ofGlobal, prototypes, unclonable, wrongField, wrongParameter } from "internal:platform";

const { getPrototypeOf, keys } = Object;
const brandOf = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
const tagOfView = brandOf(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const functionText = Function.prototype.toString;

const PLAIN_ERRORS = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const ERRORS = { __proto__: null, ...PLAIN_ERRORS, AggregateError, SuppressedError };
const VIEWS = {};
for (const View of [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
]) VIEWS[View.name] = View;

// How objects of the platform are cloned, by a test of theirs.
const makers = [];

// Adds a class of the platform whose objects can be cloned: `test(value)`, `copy(value)`.
export function cloneable(test, copy) {
  makers.push([test, copy]);
}

export function refused(value) {
  let what;
  if (typeof value === "symbol") what = String(value);
  else if (typeof value === "function") what = functionText.call(value);
  else {
    const name = constructorName(value);
    const tag = Object.prototype.toString.call(value);
    if (tag === "[object Symbol]") return new DOMException(`${tag} could not be cloned.`, "DataCloneError");
    what = name === undefined || (name === "Object" && tag !== "[object Object]" && tag !== "[object Arguments]") || name === ""
      ? tag
      : `#<${name}>`;
  }
  return new DOMException(`${what} could not be cloned.`, "DataCloneError");
}

function constructorName(value) {
  for (let proto = getPrototypeOf(value); proto !== null; proto = getPrototypeOf(proto)) {
    const own = Object.getOwnPropertyDescriptor(proto, "constructor")?.value;
    if (typeof own === "function" && own.name !== "Iterator") return own.name;
    if (typeof own !== "function" && Object.hasOwn(proto, Symbol.toStringTag)) return undefined;
  }
  return "Object";
}

export function platformName(value) {
  for (let proto = getPrototypeOf(value); proto !== null; proto = getPrototypeOf(proto)) {
    if (prototypes.has(proto)) return proto[Symbol.toStringTag] ?? proto.constructor.name;
  }
  return undefined;
}

function isUnclonable(value) {
  let proto = getPrototypeOf(value);
  while (proto !== null && proto !== Object.prototype && !unclonable.has(proto)) proto = getPrototypeOf(proto);
  return proto !== null && proto !== Object.prototype;
}

function buffer(source, seen) {
  if (source.detached) {
    throw new DOMException("An ArrayBuffer is detached and could not be cloned.", "DataCloneError");
  }
  let copy;
  if (source.resizable) {
    copy = new ArrayBuffer(source.byteLength, { maxByteLength: source.maxByteLength });
    new Uint8Array(copy).set(new Uint8Array(source));
  } else {
    copy = source.slice(0);
  }
  seen.set(source, copy);
  return copy;
}

function clone(value, seen) {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "symbol" || typeof value === "function") throw refused(value);
    return value;
  }
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (isArray(value)) {
    if (native.isProxy(value)) throw new DOMException("[object Object] could not be cloned.", "DataCloneError");
    const copy = new Array(value.length);
    seen.set(value, copy);
    for (const key of keys(value)) {
      const item = value[key];
      if (item !== undefined || Object.hasOwn(value, key)) copy[key] = clone(item, seen);
    }
    return copy;
  }
  const kind = native.kindOf(value);
  let copy;
  switch (kind) {
    case "Object":
      copy = {};
      break;
    case "Date":
      copy = new Date(Date.prototype.valueOf.call(value));
      seen.set(value, copy);
      return copy;
    case "RegExp":
      copy = new RegExp(value.source, value.flags);
      seen.set(value, copy);
      return copy;
    case "Number":
    case "String":
    case "Boolean":
    case "BigInt":
      copy = Object(globalThisOf[kind].prototype.valueOf.call(value));
      seen.set(value, copy);
      return copy;
    case "Map": {
      copy = new Map();
      seen.set(value, copy);
      const entries = [];
      Map.prototype.forEach.call(value, (item, key) => entries.push(key, item));
      for (let at = 0; at < entries.length; at += 2) copy.set(clone(entries[at], seen), clone(entries[at + 1], seen));
      return copy;
    }
    case "Set": {
      copy = new Set();
      seen.set(value, copy);
      const items = [];
      Set.prototype.forEach.call(value, (item) => items.push(item));
      for (const item of items) copy.add(clone(item, seen));
      return copy;
    }
    case "ArrayBuffer":
      return buffer(value, seen);
    case "SharedArrayBuffer":
      return value;
    case "DataView":
    case "TypedArray": {
      const whole = value.buffer;
      const moved = seen.get(whole);
      const inner = moved ?? (kind === "DataView" || whole instanceof ArrayBuffer ? buffer(whole, seen) : whole);
      const name = kind === "DataView" ? kind : tagOfView.call(value);
      copy = new VIEWS[name](inner, value.byteOffset, kind === "DataView" ? value.byteLength : value.length);
      seen.set(value, copy);
      return copy;
    }
    case "Error":
      return isDomException(value) ? cloneOfDomException(value, seen) : cloneOfError(value, seen);
    default:
      copy = null;
  }
  if (isDomException(value)) return cloneOfDomException(value, seen);
  for (const [test, make] of makers) {
    if (test(value)) {
      copy = make(value);
      seen.set(value, copy);
      return copy;
    }
  }
  const name = platformName(value);
  if (value === globalThis) throw new DOMException("#<ServiceWorkerGlobalScope> could not be cloned.", "DataCloneError");
  if (name !== undefined) throw unable(name);
  if (copy === null || isUnclonable(value)) throw refused(value);
  seen.set(value, copy);
  for (const key of keys(value)) {
    const item = value[key];
    // A getter before it may have deleted it.
    if (item !== undefined || Object.hasOwn(value, key)) put(copy, key, clone(item, seen));
  }
  return copy;
}

function cloneOfDomException(value, seen) {
  const copy = new DOMException(value.message, value.name);
  Object.defineProperty(copy, "stack", { value: value.stack, writable: true, enumerable: true, configurable: false });
  seen.set(value, copy);
  return copy;
}

const isIndex = (key) => /^(0|[1-9][0-9]*)$/.test(key);

function cloneOfError(value, seen) {
  const { name, stack } = value;
  if (!flag("enhanced_error_serialization")) return cloneOfPlainError(value, PLAIN_ERRORS[name] ?? Error, stack, seen);
  const { message } = value;
  if (typeof message !== "string") {
    throw new DOMException("Deserialization failed: error message is not a string", "DataCloneError");
  }
  const Class = ERRORS[name] ?? Error;
  const copy = Object.setPrototypeOf(new Error(message), Class.prototype);
  seen.set(value, copy);
  if (stack !== undefined) Object.defineProperty(copy, "stack", { value: stack, writable: true, enumerable: true, configurable: true });
  if (name !== Class.name) copy.name = clone(name, seen);
  for (const key of Object.getOwnPropertyNames(value)) {
    if (key !== "stack" && key !== "message" && key !== "name" && !isIndex(key)) copy[key] = clone(value[key], seen);
  }
  return copy;
}

function cloneOfPlainError(value, Class, stack, seen) {
  const property = Object.getOwnPropertyDescriptor(value, "message");
  const copy = property === undefined || !Object.hasOwn(property, "value") ? new Class() : new Class(`${property.value}`);
  copy.stack = typeof stack === "string" ? stack : undefined;
  seen.set(value, copy);
  const cause = Object.getOwnPropertyDescriptor(value, "cause");
  if (cause !== undefined && Object.hasOwn(cause, "value")) {
    Object.defineProperty(copy, "cause", { value: clone(cause.value, seen), writable: true, configurable: true });
  }
  return copy;
}

// An object's own property, also where a setter is inherited.
function put(object, key, value) {
  if (key === "__proto__") Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

// The refusal of an object of the platform's.
export const unable = (name) =>
  new DOMException(UNABLE[name] ?? `Could not serialize object of type "${name}". This type does not support serialization.`, "DataCloneError");

const UNABLE = {
  KvNamespace: "A KV namespace binding cannot be serialized.",
  JsRpcTarget: "Remote RPC references can only be serialized for RPC.",
  AbortSignal: "AbortSignal serialization is not enabled.",
  ReadableStream: "ReadableStream can only be serialized for RPC.",
  WritableStream: "WritableStream can only be serialized for RPC.",
};
const globalThisOf = { Number: globalThis.Number, String, Boolean, BigInt };

// A copy that shares nothing with the value. Buffers of the list move to the copy.
export function structuredCopy(value, transfer = undefined) {
  const seen = new Map();
  if (transfer === undefined || transfer.length === 0) return clone(value, seen);
  // A view stands for its buffer.
  transfer = transfer.map((item) => (isView(item) ? item.buffer : item));
  for (const item of transfer) {
    if (typeof item !== "object" || item === null || native.kindOf(item) !== "ArrayBuffer") {
      throw new TypeError("Object is not transferable");
    }
    if (item.detached) seen.set(item, new ArrayBuffer(0));
  }
  // Nothing moves if the value cannot be cloned: the copy is made first, from what is there.
  const copy = clone(value, seen);
  for (const item of transfer) if (!item.detached) item.transfer();
  return copy;
}

export const globals = {
  structuredClone(value, options) {
    ofGlobal(this);
    if (arguments.length === 0) throw wrongParameter("structuredClone", "ServiceWorkerGlobalScope", 1, "Value");
    if (options === undefined || options === null) return structuredCopy(value);
    if (typeof options !== "object" && typeof options !== "function") {
      throw wrongParameter("structuredClone", "ServiceWorkerGlobalScope", 2, "StructuredCloneOptions");
    }
    const { transfer } = options;
    if (transfer !== undefined && !isArray(transfer)) throw wrongField("transfer", "StructuredCloneOptions", "Array");
    return structuredCopy(value, transfer);
  },
};
