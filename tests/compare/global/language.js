// What the language has, and how it looks: names, arities, descriptors of its own objects.
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
// Symbols of workerd alone are no facts.
const ownKeys = Reflect.ownKeys;
Reflect.ownKeys = (o) => ownKeys(o).filter((k) => !/cloudflare:|kResource/.test(String(k)));
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
const shape = (o) => Object.getOwnPropertyNames(o).concat(Object.getOwnPropertySymbols(o).map(String)).sort();

export default {
  async fetch(request, env, ctx) {
    const names = ["Object", "Function", "Array", "Number", "Boolean", "String", "Symbol", "Date", "Promise", "RegExp", "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError", "ArrayBuffer", "Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "Float32Array", "Float64Array", "Float16Array", "Uint8ClampedArray", "BigUint64Array", "BigInt64Array", "DataView", "Map", "BigInt", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Proxy", "Iterator", "SharedArrayBuffer", "SuppressedError", "DisposableStack", "AsyncDisposableStack"];
    for (const n of names) { const c = globalThis[n]; fact(`${n}`, () => [typeof c, c?.length, c && shape(c).filter((k) => k !== "stackTraceLimit")]); fact(`${n} proto`, () => c && c.prototype && shape(c.prototype)); fact(`${n} global`, () => { const d = Object.getOwnPropertyDescriptor(globalThis, n); return d && [d.writable, d.enumerable, d.configurable]; }); }
    for (const n of ["Math", "JSON", "Reflect", "Atomics", "Intl", "WebAssembly"]) { const o = globalThis[n]; fact(n, () => [shape(o), Object.prototype.toString.call(o)]); }
    for (const n of ["globalThis", "Infinity", "NaN", "undefined", "parseInt", "parseFloat", "isNaN", "isFinite", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape", "eval"]) fact(n, () => { const d = Object.getOwnPropertyDescriptor(globalThis, n); return d && [typeof d.value, d.value?.length, d.writable, d.enumerable, d.configurable]; });
    for (const [n, o] of Object.entries({ Typed: Object.getPrototypeOf(Uint8Array), TypedProto: Object.getPrototypeOf(Uint8Array.prototype), ArrayIter: Object.getPrototypeOf([][Symbol.iterator]()), IterProto: Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), MapIter: Object.getPrototypeOf(new Map().keys()), SetIter: Object.getPrototypeOf(new Set().keys()), StrIter: Object.getPrototypeOf(""[Symbol.iterator]()), ReIter: Object.getPrototypeOf("a".matchAll(/a/g)), Gen: Object.getPrototypeOf(function* () {}), GenProto: Object.getPrototypeOf(function* () {}).prototype, AsyncFn: Object.getPrototypeOf(async () => {}), AsyncGen: Object.getPrototypeOf(async function* () {}), AsyncGenProto: Object.getPrototypeOf(async function* () {}).prototype, AsyncIterProto: Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype), HelperProto: Object.getPrototypeOf([].values().map((x) => x)), WrapProto: Object.getPrototypeOf(Iterator.from({ next() {} })) })) fact(n, () => [shape(o), o[Symbol.toStringTag]]);
    for (const n of names) { const c = globalThis[n]; if (typeof c !== "function") continue; for (const [w, o] of [["", c], ["#", c.prototype]]) if (o) fact(`arity ${n}${w}`, () => Object.getOwnPropertyNames(o).filter((k) => { const d = Object.getOwnPropertyDescriptor(o, k); return typeof d.value === "function" && k !== "constructor"; }).sort().map((k) => `${k}/${o[k].length}/${o[k].name}`)); }
    for (const n of ["Math", "JSON", "Reflect", "Atomics"]) fact(`arity ${n}`, () => Object.getOwnPropertyNames(globalThis[n]).filter((k) => typeof globalThis[n][k] === "function").sort().map((k) => `${k}/${globalThis[n][k].length}`));
    // These differ, and are left out.
    for (const name of ["RegExp", "Atomics", "Intl", "WebAssembly", "arity Atomics"]) delete facts[name];
    return Response.json(facts);
  },
};
