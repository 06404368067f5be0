// The order of properties of what the language brings.
// head: ../programs/heads/show.js

const paths = {}; const add = (n, o) => { if (o != null && (typeof o === "object" || typeof o === "function")) paths[n] = Object.getOwnPropertyNames(o).join(" "); };
const V8 = "Object Function Array Number Boolean String Symbol Date Promise RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError ArrayBuffer SharedArrayBuffer Uint8Array DataView Map BigInt Set Iterator WeakMap WeakSet WeakRef Proxy FinalizationRegistry SuppressedError DisposableStack AsyncDisposableStack Float32Array".split(" ");
for (const n of V8) { add(n, globalThis[n]); add(n + ".prototype", globalThis[n]?.prototype); }
for (const n of ["Math", "JSON", "Reflect", "Atomics", "Intl", "WebAssembly", "console"]) add(n, globalThis[n]);
for (const n of Object.getOwnPropertyNames(Intl)) { add("Intl." + n, Intl[n]); add("Intl." + n + ".prototype", Intl[n]?.prototype); }
for (const n of Object.getOwnPropertyNames(WebAssembly)) { add("WebAssembly." + n, WebAssembly[n]); add("WebAssembly." + n + ".prototype", WebAssembly[n]?.prototype); }
add("TypedArray", Object.getPrototypeOf(Uint8Array)); add("TypedArray.prototype", Object.getPrototypeOf(Uint8Array).prototype);
const gp = (f) => Object.getPrototypeOf(f); add("GeneratorFunction.prototype", gp(function*(){})); add("Generator.prototype", gp(function*(){}).prototype); add("AsyncGenerator.prototype", gp(async function*(){}).prototype); add("AsyncGeneratorFunction.prototype", gp(async function*(){})); add("AsyncFunction.prototype", gp(async()=>{})); add("WrapHelper", gp(Iterator.from({next(){}}))); add("Helper", gp([].values().map(x=>x))); add("AIP", gp(gp(async function*(){}).prototype));
export default { async fetch(request, env, ctx) {
  await fact("Object.getOwnPropertyNames(globalThis).join(\" \")", () => (Object.getOwnPropertyNames(globalThis).join(" ")));
  return new Response(JSON.stringify(facts), { headers: { 'content-type': 'application/json' } });
} };
