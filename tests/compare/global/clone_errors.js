// date: 2026-11-17
// Errors that are cloned: names, messages, what they hold, and what is refused.
const facts = {};
const shape = (error) => {
  const names = Object.getOwnPropertyNames(error);
  const flags = names.map((name) => {
    const { value, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(error, name);
    return `${name} ${name === "stack" ? typeof value : JSON.stringify(value)} ${enumerable} ${writable} ${configurable}`;
  });
  return [error.constructor.name, `${error.name}`, `${error.message}`, ...flags];
};
const cloned = (name, make) => {
  try {
    facts[name] = shape(structuredClone(make()));
  } catch (error) {
    facts[name] = `${error.name}: ${error.message}`;
  }
};
const named = (error, name) => Object.assign(error, { name });
const defined = (error, key, property) => Object.defineProperty(error, key, property);

export default {
  async fetch() {
    for (const name of ["RangeError", "Error", "EvalError", "AggregateError", "SuppressedError", "Foo", "", null, 5]) cloned(`TypeError named ${name}`, () => named(new TypeError("m"), name));
    cloned("own getter for a name", () => defined(new Error("m"), "name", { get: () => "RangeError" }));
    cloned("class with a name", () => new (class A extends Error { get name() { return "A"; } })("m"));
    cloned("class with a field", () => new (class A extends Error { name = "A"; code = 5; })("m", { cause: 1 }));
    cloned("class without", () => new (class A extends RangeError {})("m"));
    cloned("without a message", () => new Error());
    cloned("deleted message", () => { const error = new Error("m"); delete error.message; return error; });
    cloned("inherited message", () => new (class A extends Error { get message() { return "A"; } })());
    cloned("getter for a message", () => defined(new Error("m"), "message", { get: () => "got" }));
    for (const message of [undefined, null, 5, {}]) cloned(`message ${message}`, () => Object.assign(new Error(), { message }));
    cloned("throwing message", () => defined(new Error("m"), "message", { get: () => { throw new RangeError("thrown"); } }));
    cloned("several", () => new AggregateError([1, "a"], "m", { cause: 2 }));
    cloned("several without a message", () => new AggregateError([]));
    cloned("suppressed", () => new SuppressedError(1, 2, "m"));
    cloned("properties", () => Object.assign(new Error("m", { cause: 1 }), { z: 1, a: 2, 5: 3 }));
    cloned("function", () => Object.assign(new Error("m"), { f() {} }));
    cloned("no stack", () => { const error = new Error("m"); delete error.stack; return error; });
    cloned("number for a stack", () => Object.assign(new Error("m"), { stack: 5 }));
    cloned("exception of the DOM", () => Object.assign(new DOMException("m", "AbortError"), { extra: 1 }));
    const shrinking = (getter) => Object.keys(structuredClone(getter));
    facts.deleted = [shrinking({ get a() { delete this.b; return 1; }, b: 2 }), shrinking(defined([1, 2, 3], 0, { get() { this.length = 1; return 0; }, enumerable: true }))];
    return Response.json(facts);
  },
};
