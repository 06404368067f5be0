// node:test: its mocks.
import { validateFunction, validateObject } from "internal:node/errors";

export class MockFunctionContext {
  #calls = [];
  #implementation;
  #once = new Map();
  #restore;
  constructor(implementation, restore, times) {
    this.#implementation = implementation;
    this.#restore = restore;
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
    this.#once.set(onCall ?? this.#calls.length, implementation);
  }
  resetCalls() {
    this.#calls = [];
  }
  restore() {
    this.#restore?.(this);
  }
  static begin(context, original) {
    context.#implementation ??= original;
  }
  static back(context, original) {
    context.#implementation = original;
  }
  static call(context, self, args, target) {
    const implementation = context.#once.get(context.#calls.length) ?? context.#implementation;
    context.#once.delete(context.#calls.length);
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
for (const name of ["begin", "back", "call"]) delete MockFunctionContext[name];

export class MockTracker {
  #mocks = [];
  #make(original, implementation, restore) {
    const context = new MockFunctionContext(implementation, restore);
    this.#mocks.push(context);
    return new Proxy(original, {
      apply: (_, self, args) => call(context, self, args),
      construct: (_, args, target) => call(context, undefined, args, target),
      get: (target, key, receiver) => (key === "mock" ? context : Reflect.get(target, key, receiver)),
    });
  }
  fn(original = function () {}, implementation = original, options = {}) {
    if (typeof implementation === "object") implementation = original;
    return this.#make(original, implementation, (context) => back(context, original));
  }
  method(object, name, implementation, options = {}) {
    const property = findProperty(object, name);
    const key = options.getter ? "get" : options.setter ? "set" : "value";
    const original = property[key];
    validateFunction(original, "methodName");
    const mocked = this.#make(original, typeof implementation === "function" ? implementation : original, () => Object.defineProperty(object, name, property));
    Object.defineProperty(object, name, { ...property, [key]: mocked });
    return mocked;
  }
  getter(object, name, implementation, options) {
    return this.method(object, name, implementation, { ...options, getter: true });
  }
  setter(object, name, implementation, options) {
    return this.method(object, name, implementation, { ...options, setter: true });
  }
  property(object, name, value) {
    validateObject(object, "object");
    const property = findProperty(object, name);
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
  throw new TypeError(`The property '${String(name)}' does not exist`);
}
export const mock = new MockTracker();
export default { MockFunctionContext, MockTracker, mock };
