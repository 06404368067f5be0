// What V8 says of private names, of options and of what is no number, of functions too long to be shown;
// and the frames that a stack has of what runs in a class before its constructor.
// host: daemon
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map(say);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await Promise.race([f(), new Promise((resolve) => setTimeout(resolve, 40, "hangs"))]));
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const lines = (error, count = 5) => String(error.stack).replace(/\w+\.js:\d+:\d+/g, "@").split("\n").slice(0, count);
const thrown = (f) => { try { f(); } catch (error) { return lines(error); } };

export default {
  async fetch() {
    class A { #m() {} get #g() { return 1; } set #s(value) {} static method(x) { x.#m = 1; } static getter(x) { x.#g = 1; } static setter(x) { return x.#s; } static add(x) { x.#g += 1; } static longEnough() { return "this class is not shown as a whole, é"; } }
    fact("private method", () => A.method(new A()));
    fact("private getter", () => A.getter(new A()));
    fact("private setter", () => A.setter(new A()));
    fact("private add", () => A.add(new A()));
    fact("long class", () => { A.prototype = 1; });
    fact("long function", () => { (function named(first, second) { return "this function is longer than a hundred and twenty-eight characters, so that it is not shown as a whole"; }).name = 1; });
    fact("short function", () => { (function named() { return 1; }).name = 1; });
    fact("immutable", () => Object.setPrototypeOf(Object.prototype, {}));
    fact("with", () => [1].with(-2, 1));
    fact("alphabet", () => new Uint8Array(1).toBase64({ alphabet: 1 }));
    for (const text of ["{}", "", " 1", "1 ", "[1]"]) fact(`raw ${text}`, () => JSON.rawJSON(text));
    fact("set size", () => new Set().union({ size: -1 }));
    fact("set half", () => new Set().union({ size: -0.5, has() {}, keys: () => [].values() }).size);
    fact("yield star", () => (function* () { yield* { [Symbol.iterator]: () => ({ next: () => 1 }) }; })().next());
    fact("yield star throw", () => { const g = (function* () { yield* { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }; })(); g.next(); g.throw(1); });
    fact("sum", () => Math.sumPrecise(["1"]));
    fact("sum of objects", () => Math.sumPrecise([{}]));
    fact("unregister", () => new FinalizationRegistry(() => {}).unregister(1));
    fact("token", () => new FinalizationRegistry(() => {}).register({}, 1, "t"));
    fact("dispose", () => new DisposableStack().use({}));
    fact("dispose using", () => { using x = { [Symbol.dispose]: 1 }; });
    fact("computed", () => new Map().getOrInsertComputed(1));
    fact("computed weak", () => new WeakMap().getOrInsertComputed({}, 1));
    fact("field", () => thrown(() => { class Q { x = null.foo; } new Q(); }));
    fact("field of a parent", () => thrown(() => { class Q { x = null.foo; } class R extends Q { y = 1; constructor() { super(); } } new R(); }));
    fact("field arrow", () => thrown(() => { class Q { x = (() => { throw new Error("f"); })(); } new Q(); }));
    fact("static field", () => thrown(() => { class Q { static x = null.foo; } }));
    fact("static block", () => thrown(() => { class Q { static { null.foo; } } }));
    fact("static block arrow", () => thrown(() => { class Q { static { (() => null.foo)(); } } }));
    fact("replace", () => thrown(() => "a".replace(/a/, () => { throw new Error("f"); })));
    fact("replace all", () => thrown(() => "a".replaceAll(/a/g, () => { throw new Error("f"); })));
    fact("replace by symbol", () => thrown(() => /a/[Symbol.replace]("a", () => { throw new Error("f"); })));
    fact("overflow", () => { function f() { f(); } try { f(); } catch (error) { return [error.name, error.message, ...lines(error, 3)]; } });
    await later("timer", () => new Promise((resolve) => setTimeout(() => resolve(lines(new Error("t"), 2)), 1)));
    await later("timer named", () => new Promise((resolve) => setTimeout(function named() { resolve(lines(new Error("t"), 2)); }, 1)));
    return Response.json(facts);
  },
};
