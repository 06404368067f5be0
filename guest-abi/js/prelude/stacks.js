// Stacks of errors in the shape that V8 gives them. Frames of the prelude are left out.
import native from "internal:native";

const MARK = "\u0001";
const { defineProperty, getOwnPropertyDescriptor } = Object;
const readStack = getOwnPropertyDescriptor(Error.prototype, "stack").get;
const capture = Error.captureStackTrace;

// An error keeps its message and frames from when it was made; its name is read with the stack,
// since constructors set it late.
const accessor = {
  get: {
    get() {
      const raw = readStack.call(this);
      if (typeof raw !== "string" || raw[0] !== MARK) return raw === null ? undefined : raw;
      const at = raw.lastIndexOf(MARK);
      const message = raw.slice(1, at);
      let { name } = this;
      name = name === undefined ? "Error" : `${name}`;
      const head = name === "" ? message : message === "" ? name : `${name}: ${message}`;
      return head + raw.slice(at + 1);
    },
  }.get,
  set: {
    set(value) {
      defineProperty(this, "stack", { value, writable: true, enumerable: false, configurable: true });
    },
  }.set,
  enumerable: false,
  configurable: true,
};
for (const f of [accessor.get, accessor.set]) defineProperty(f, "name", { value: "", configurable: true });

// Functions of the language that call others, by what V8 calls them.
const labels = [];
function label(holder, prefix) {
  for (const key of Object.getOwnPropertyNames(holder)) {
    const value = getOwnPropertyDescriptor(holder, key).value;
    if (key !== "constructor" && typeof value === "function") labels.push(value, `${prefix}.${key}`);
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
native.stacks(capture, defineProperty, accessor, Object.getPrototypeOf(site), labels);
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
