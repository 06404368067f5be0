// structuredClone() of everything there is.
// head: heads/say.js
export default run(async () => {
  const rt = async (n, v) => t(n, () => structuredClone(v()));
  await t("shared", () => { const a = { x: 1 }; const c = structuredClone([a, a]); return c[0] === c[1]; });
  await t("cycle", () => { const a = {}; a.a = a; const c = structuredClone(a); return c.a === c; });
  await rt("dates", () => [new Date(5), new Date(NaN)].map((d) => d));
  await t("regexp", () => { const r = /a/gi; r.lastIndex = 3; const c = structuredClone(r); return [c.source, c.flags, c.lastIndex]; });
  await t("errors", () => [new Error("a", { cause: 1 }), new TypeError("b"), new (class X extends RangeError { name = "X"; q = 1; })("c"), new AggregateError([1], "d"), new DOMException("e", "AbortError"), new EvalError("z")].map((e) => { const c = structuredClone(e); return [c.constructor.name, c.name, c.message, c.cause, c.errors, c.q, typeof c.stack, Object.keys(c), c.code]; }));
  await t("error own props", () => { const e = new Error("m"); e.foo = 1; e.name = "Custom"; const c = structuredClone(e); return [c.name, c.foo, String(c), c.stack === e.stack]; });
  await t("boxed", () => [Object(1), Object("s"), Object(true), Object(5n)].map((b) => [typeof structuredClone(b), structuredClone(b).valueOf()]));
  await t("symbol", () => structuredClone(Symbol("x")));
  await t("fn", () => structuredClone(() => 1));
  await t("nested fn", () => structuredClone({ a: { b() {} } }));
  await t("class inst", () => { class A { x = 1; #p = 2; get y() { return 3; } } const c = structuredClone(new A()); return [c.constructor.name, c]; });
  await t("getter", () => structuredClone({ get a() { return 7; } }));
  await t("getter throws", () => structuredClone({ get a() { throw new Error("g"); } }));
  await t("sparse", () => { const a = [1, , 3]; a.q = 2; const c = structuredClone(a); return [c.length, 1 in c, c.q]; });
  await t("typed", () => { const b = new ArrayBuffer(8, { maxByteLength: 16 }); const v = [new Uint8Array(b, 2, 3), new DataView(b, 1), new Float32Array(b)]; const c = structuredClone(v); return [c[0].buffer === c[2].buffer, c[0].byteOffset, c[0].length, c[1].byteOffset, c[0].buffer.resizable, c[0].buffer.maxByteLength, c[2].length]; });
  await t("transfer", () => { const b = new ArrayBuffer(8); const c = structuredClone({ b }, { transfer: [b] }); return [b.byteLength, b.detached, c.b.byteLength]; });
  await t("transfer dup", () => { const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b, b] }); });
  await t("transfer detached", () => { const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b] }); return structuredClone(b); });
  await t("transfer bad", () => structuredClone(1, { transfer: [{}] }));
  await t("transfer view", () => { const b = new Uint8Array(8); return structuredClone(b, { transfer: [b.buffer] }).length; });
  await t("map order", () => [...structuredClone(new Map([["b", 1], ["a", new Set([1])]]))].map(([k, v]) => [k, typeof v]));
  await t("proto null", () => Object.getPrototypeOf(structuredClone(Object.create(null))) === Object.prototype);
  await t("proto key", () => Object.hasOwn(structuredClone(JSON.parse('{"__proto__":1}')), "__proto__"));
  for (const [n, f] of Object.entries({ weakmap: () => new WeakMap(), promise: () => Promise.resolve(), gen: () => (function* () {})(), proxy: () => new Proxy({ a: 1 }, {}), proxyarr: () => new Proxy([1], {}), args: () => (function () { return arguments; })(1, 2), headers: () => new Headers({ a: "b" }), blob: () => new Blob(["x"]), file: () => new File(["x"], "y"), url: () => new URL("http://x"), usp: () => new URLSearchParams("a=b"), req: () => new Request("http://x"), res: () => new Response("x"), fd: () => new FormData(), ev: () => new Event("x"), ac: () => new AbortController(), sig: () => AbortSignal.abort(), rs: () => new ReadableStream(), te: () => new TextEncoder(), global: () => globalThis, math: () => Math, json: () => JSON, intl: () => new Intl.NumberFormat(), weakref: () => new WeakRef({}), sab: () => new SharedArrayBuffer(4), ctx: () => crypto, sub: () => crypto.subtle, iter: () => [1].values(), reflect: () => Reflect, cache: () => caches, key: () => new CountQueuingStrategy({ highWaterMark: 1 }), bigint: () => [1n, -(2n ** 70n)], negzero: () => [-0, NaN, Infinity], long: () => "x".repeat(100000).length, unicode: () => "é€😀", undef: () => undefined, nul: () => null, date: () => new Date(1e15), holes: () => new Array(3) })) await t("k " + n, () => { const c = structuredClone(f()); return [Object.prototype.toString.call(c), c?.constructor?.name, say(c)]; });
  await t("none", () => structuredClone());
  await t("opt bad", () => structuredClone(1, 5));
  await t("deep", () => { let o = {}; let c = o; for (let i = 0; i < 200; i++) c = c.a = {}; structuredClone(o); return "ok"; });
});
