// Stacks of errors in the shape that V8 gives them. Frames of the prelude are left out.
import "internal:json";
import native from "internal:native";

const MARK = "\u0001";
// The same in front of the frames of an object that is no error.
const PLAIN = "\u0002";
const { defineProperty, getOwnPropertyDescriptor, hasOwn, isExtensible } = Object;
const capture = Error.captureStackTrace;

// What an error keeps besides its properties, on the error itself and out of everybody's sight.
class Given {
  constructor(object) {
    return object;
  }
}
// Frames that Error.prepareStackTrace is to turn into a stack for who reads it, and a text if it does not.
class Waiting {
  constructor(sites, text) {
    this.sites = sites;
    this.text = text;
  }
}

const Made = Error;
const isErrorLike = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// The message that an error was made with, of its stack.
function messageOf(raw) {
  const text = raw instanceof Waiting ? raw.text : raw;
  return typeof text === "string" && text[0] === MARK ? text.slice(1, text.lastIndexOf(MARK)) : null;
}

class Stack extends Given {
  #raw;
  constructor(error, raw) {
    super(error);
    this.#raw = raw;
  }
  // An error has the accessor from the beginning, before its other properties.
  // It keeps what it was made with when it is thrown again.
  static hold(error, raw) {
    if (!(#raw in error)) new Stack(error, raw);
  }
  static keep(error, raw) {
    if (#raw in error) {
      const message = messageOf(error.#raw);
      const text = raw instanceof Waiting ? raw.text : raw;
      if (message !== null && messageOf(text) !== null) {
        const told = MARK + message + text.slice(text.lastIndexOf(MARK));
        if (raw instanceof Waiting) raw.text = told;
        else raw = told;
      }
      error.#raw = raw;
    }
    else new Stack(error, raw);
    defineProperty(error, "stack", accessor);
  }
  static read(error) {
    if (!isErrorLike(error) || !(#raw in error)) return undefined;
    let raw = error.#raw;
    if (raw instanceof Waiting) {
      const { prepareStackTrace } = Made;
      if (typeof prepareStackTrace === "function") {
        return (error.#raw = Reflect.apply(prepareStackTrace, Made, [error, raw.sites]));
      }
      raw = raw.text;
    }
    if (typeof raw !== "string" || (raw[0] !== MARK && raw[0] !== PLAIN)) return raw;
    const isPlain = raw[0] === PLAIN;
    const at = isPlain ? 0 : raw.lastIndexOf(MARK);
    let message = isPlain ? (error.message ?? "") : raw.slice(1, at);
    if (isPlain) message = `${message}`;
    else if (message === "") {
      // The engine's makers of errors write the message last.
      const late = getOwnPropertyDescriptor(error, "message")?.value;
      if (typeof late === "string") message = late;
    }
    let { name } = error;
    name = name === undefined ? "Error" : `${name}`;
    const head = name === "" ? message : message === "" ? name : `${name}: ${message}`;
    return (error.#raw = head + raw.slice(at + 1));
  }
  static write(error, value) {
    if (isErrorLike(error) && #raw in error) error.#raw = value;
  }
}

// An error keeps its message and frames from when it was made; its name is read with the stack,
// since constructors set it late.
const accessor = {
  get: {
    get() {
      return Stack.read(this);
    },
  }.get,
  set: {
    set(value) {
      Stack.write(this, value);
    },
  }.set,
  enumerable: false,
  configurable: true,
};
for (const f of [accessor.get, accessor.set]) defineProperty(f, "name", { value: "", configurable: true });

export const isStackAccessor = (get) => get === accessor.get;

// Gives an object that is no error such a stack, to be seen among its properties.
export function keepStack(object, text) {
  Stack.keep(object, text);
  defineProperty(object, "stack", { enumerable: true });
}

// Functions of the language that stacks show.
const language = [];
function show(holder) {
  for (const key of Reflect.ownKeys(holder)) {
    const { value, get } = getOwnPropertyDescriptor(holder, key);
    // Templates are put together by String.prototype.concat here.
    if (key !== "constructor" && typeof value === "function" && !(key === "concat" && holder === String.prototype)) language.push(value);
    if (get) language.push(get);
  }
}
const { getPrototypeOf } = Object;
const typed = getPrototypeOf(Uint8Array);
for (const type of [
  Object, Array, Map, Set, WeakMap, WeakSet, WeakRef, String, Number, Date, BigInt, Symbol, Promise, RegExp, ArrayBuffer, DataView, typed,
  Iterator, FinalizationRegistry,
]) {
  show(type);
  show(type.prototype);
}
for (const holder of [JSON, getPrototypeOf(function* () {}).prototype, getPrototypeOf(async function* () {}).prototype]) show(holder);
language.push(
  Map, Set, WeakMap, WeakSet, WeakRef, FinalizationRegistry, Promise, RegExp, ArrayBuffer, DataView, BigInt,
  Function.prototype.toString, decodeURI, decodeURIComponent, encodeURI, encodeURIComponent,
);
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const { value } = getOwnPropertyDescriptor(globalThis, name);
  if (typeof value === "function" && getPrototypeOf(value) === typed) language.push(value);
}

// What V8's call sites can be asked on top of what the engine's can.
function extend(site) {
  const more = {
    getThis() {},
    // Code of modules is strict.
    getFunction() {},
    getEvalOrigin() {},
    getScriptNameOrSourceURL() {
      return this.getFileName();
    },
    getScriptHash: () => "",
    getEnclosingLineNumber() {
      return this.getLineNumber();
    },
    getEnclosingColumnNumber() {
      return this.getColumnNumber();
    },
    getPosition: () => 0,
    isEval: () => false,
  };
  const prototype = Object.getPrototypeOf(site);
  for (const key of Object.keys(more)) {
    defineProperty(prototype, key, { value: more[key], writable: true, configurable: true });
  }
}

Error.prepareStackTrace = (_, sites) => sites;
const [site] = new Error().stack;
native.stacks(capture, Stack.hold, (sites, text) => new Waiting(sites, text), Object.getPrototypeOf(site), language);
delete Object.getPrototypeOf(site).isLanguage;
native.stackAccessor(accessor.get, accessor.set);
extend(site);
// More than tenants see, since frames of the prelude count.
Error.stackTraceLimit = 24;
Error.prepareStackTrace = native.formatStack;
delete Error.prepareStackTrace;
delete Error.stackTraceLimit;
delete Error.prototype.stack;
Error.stackTraceLimit = 10;

Error.captureStackTrace = {
  captureStackTrace(target, from) {
    if ((typeof target !== "object" || target === null) && typeof target !== "function") {
      throw new TypeError("invalid_argument");
    }
    if (!isExtensible(target) && !hasOwn(target, "stack")) {
      throw new TypeError("Cannot define property stack, object is not extensible");
    }
    native.captureStack(target, from);
    Stack.keep(target, getOwnPropertyDescriptor(target, "stack").value);
  },
}.captureStackTrace;
defineProperty(Error, "captureStackTrace", { enumerable: false });
defineProperty(Error.captureStackTrace, "length", { value: 2, configurable: true });
