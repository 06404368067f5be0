// Stacks of errors in the shape that V8 gives them. Frames of the prelude are left out.
import native from "internal:native";

const MARK = "\u0001";
const { defineProperty, getOwnPropertyDescriptor } = Object;
const capture = Error.captureStackTrace;

// What an error keeps besides its properties, on the error itself and out of everybody's sight.
class Given {
  constructor(object) {
    return object;
  }
}
class Stack extends Given {
  #raw;
  constructor(error, raw) {
    super(error);
    this.#raw = raw;
  }
  static keep(error, raw) {
    if (#raw in error) error.#raw = raw;
    else new Stack(error, raw);
    defineProperty(error, "stack", accessor);
  }
  static read(error) {
    if (typeof error !== "object" || error === null || !(#raw in error)) return undefined;
    const raw = error.#raw;
    if (typeof raw !== "string" || raw[0] !== MARK) return raw;
    const at = raw.lastIndexOf(MARK);
    let message = raw.slice(1, at);
    if (message === "") {
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
    if (typeof error === "object" && error !== null && #raw in error) error.#raw = value;
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

// Functions of the language that call others, by what V8 calls them.
const labels = [];
function label(holder, prefix) {
  for (const key of Object.getOwnPropertyNames(holder)) {
    const value = getOwnPropertyDescriptor(holder, key).value;
    if (key !== "constructor" && key !== "concat" && typeof value === "function") labels.push(value, `${prefix}.${key}`);
  }
}
label(Array.prototype, "Array");
label(Map.prototype, "Map");
label(Set.prototype, "Set");
label(String.prototype, "String");
label(JSON, "JSON");
label(Object, "Function");
labels.push(Promise, "new Promise", Array.from, "Function.from");

// What V8's call sites can be asked on top of what the engine's can.
function extend(site) {
  const more = {
    getThis() {},
    getTypeName: () => null,
    getMethodName: () => null,
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
    getPromiseIndex: () => null,
    isToplevel: () => true,
    isEval: () => false,
    isAsync: () => false,
    isPromiseAll: () => false,
    toString() {
      const name = this.getFunctionName();
      const at = this.isNative() ? "<anonymous>" : `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
      const made = this.isConstructor() ? "new " : "";
      return name ? `${made}${name} (${at})` : at;
    },
  };
  const prototype = Object.getPrototypeOf(site);
  for (const key of Object.keys(more)) {
    defineProperty(prototype, key, { value: more[key], writable: true, configurable: true });
  }
}

Error.prepareStackTrace = (_, sites) => sites;
const [site] = new Error().stack;
native.stacks(capture, Stack.keep, Object.getPrototypeOf(site), labels);
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
    native.captureStack(target, from);
  },
}.captureStackTrace;
defineProperty(Error, "captureStackTrace", { enumerable: false });
defineProperty(Error.captureStackTrace, "length", { value: 2, configurable: true });
