// node:test: its mocks.
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateBoolean, validateFunction, validateInteger, validateObject } from "internal:node/errors";

export class MockFunctionContext {
  #calls = [];
  #implementation;
  #once = new Map();
  #restore;
  #times;
  constructor(implementation, restore, times) {
    this.#implementation = implementation;
    this.#restore = restore;
    this.#times = times;
  }
  get calls() {
    return [...this.#calls];
  }
  callCount() {
    return this.#calls.length;
  }
  mockImplementation(implementation) {
    validateFunction(implementation, "implementation");
    this.#implementation = implementation;
  }
  mockImplementationOnce(implementation, onCall) {
    validateFunction(implementation, "implementation");
    const next = this.#calls.length;
    const at = onCall ?? next;
    validateInteger(at, "onCall", next);
    this.#once.set(at, implementation);
  }
  resetCalls() {
    this.#calls = [];
  }
  restore() {
    this.#restore?.(this);
  }
  static back(context, original) {
    context.#implementation = original;
  }
  static call(context, self, args, target) {
    const at = context.#calls.length;
    const implementation = context.#once.get(at) ?? context.#implementation;
    context.#once.delete(at);
    if (at + 1 === context.#times) context.restore();
    let result, error;
    try {
      result = target === undefined ? Reflect.apply(implementation, self, args) : Reflect.construct(implementation, args, target);
    } catch (caught) {
      error = caught;
    }
    context.#calls.push({ arguments: args, error, result, stack: new Error(), target, this: self });
    if (error !== undefined) throw error;
    return result;
  }
}
const { back, call } = MockFunctionContext;
for (const name of ["back", "call"]) delete MockFunctionContext[name];

export class MockTracker {
  #mocks = [];
  #make(original, implementation, restore, { times }) {
    const context = new MockFunctionContext(implementation, restore, times);
    this.#mocks.push(context);
    return new Proxy(original, {
      apply: (_, self, args) => call(context, self, args),
      construct: (_, args, target) => call(context, undefined, args, target),
      get: (target, key, receiver) => (key === "mock" ? context : Reflect.get(target, key, receiver)),
    });
  }
  fn(original = function () {}, implementation = original, options = {}) {
    if (typeof implementation === "object" && implementation !== null) {
      options = implementation;
      implementation = original;
    }
    validateFunction(original, "original");
    validateFunction(implementation, "implementation");
    validateTimes(options);
    return this.#make(original, implementation, (context) => back(context, original), options);
  }
  method(object, name, implementation, options = {}) {
    if (typeof name !== "string" && typeof name !== "symbol") throw ERR_INVALID_ARG_TYPE("methodName", ["string", "symbol"], name);
    if (typeof object !== "function") validateObject(object, "object");
    if (typeof implementation === "object" && implementation !== null) {
      options = implementation;
      implementation = undefined;
    }
    validateObject(options, "options");
    const { getter = false, setter = false } = options;
    validateBoolean(getter, "options.getter");
    validateBoolean(setter, "options.setter");
    validateTimes(options);
    if (getter && setter) throw ERR_INVALID_ARG_VALUE("options.setter", setter, "cannot be used with 'options.getter'");
    const property = findProperty(object, name);
    const key = getter ? "get" : setter ? "set" : "value";
    const original = property?.[key];
    if (typeof original !== "function") throw ERR_INVALID_ARG_VALUE("methodName", original, "must be a method");
    const mocked = this.#make(original, typeof implementation === "function" ? implementation : original, () => Object.defineProperty(object, name, property), options);
    Object.defineProperty(object, name, { ...property, [key]: mocked });
    return mocked;
  }
  getter(object, name, implementation, options) {
    return this.#accessor("getter", object, name, implementation, options);
  }
  setter(object, name, implementation, options) {
    return this.#accessor("setter", object, name, implementation, options);
  }
  #accessor(kind, object, name, implementation, options = {}) {
    if (typeof implementation === "object" && implementation !== null) {
      options = implementation;
      implementation = undefined;
    }
    validateObject(options, "options");
    if (options[kind] === false) throw ERR_INVALID_ARG_VALUE(`options.${kind}`, false, "cannot be false");
    return this.method(object, name, implementation, { ...options, [kind]: true });
  }
  property(object, name, value) {
    validateObject(object, "object");
    const property = findProperty(object, name);
    if (property === undefined) throw new TypeError(`The property '${String(name)}' does not exist`);
    Object.defineProperty(object, name, { ...property, value });
    this.#mocks.push({ restore: () => Object.defineProperty(object, name, property) });
    return object;
  }
  reset() {
    this.restoreAll();
    this.#mocks = [];
  }
  restoreAll() {
    for (const context of this.#mocks) context.restore();
  }
}
for (const [name, length] of [["fn", 0]]) Object.defineProperty(MockTracker.prototype[name], "length", { value: length });
function findProperty(object, name) {
  for (let at = object; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
function validateTimes({ times }) {
  if (times !== undefined) validateInteger(times, "options.times", 1);
}
export const mock = new MockTracker();
export default { mock, MockFunctionContext, MockTracker };
