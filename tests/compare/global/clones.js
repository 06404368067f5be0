// structuredClone(): what is given away, and what of everything else.
// head: heads/noted.js
async function work(request, env, ctx) {
note("sc transfer", () => { const b = new ArrayBuffer(4); const c = structuredClone(b, { transfer: [b] }); return [b.byteLength, b.detached, c.byteLength]; });
note("sc transfer dup", () => { const b = new ArrayBuffer(4); structuredClone(b, { transfer: [b, b] }); });
note("sc transfer detached", () => { const b = new ArrayBuffer(4); structuredClone(b, { transfer: [b] }); structuredClone(1, { transfer: [b] }); });
note("sc transfer view", () => { const b = new Uint8Array(4); const c = structuredClone(b, { transfer: [b.buffer] }); return [b.length, c.length]; });
note("sc transfer viewobj", () => structuredClone(1, { transfer: [new Uint8Array(1)] }));
note("sc transfer bad", () => structuredClone(1, { transfer: [{}] }));
note("sc transfer stream", () => structuredClone(1, { transfer: [new ReadableStream()] }));
note("sc transfer port", () => structuredClone(1, { transfer: [new MessageChannel().port1] }));
note("sc transfer nonarr", () => structuredClone(1, { transfer: 5 }));
note("sc transfer set", () => structuredClone(1, { transfer: new Set() }));
note("sc transfer null", () => structuredClone(1, { transfer: null }));
note("sc transfer array", () => { const b = new ArrayBuffer(1); return structuredClone({ b }, [b]).b.byteLength; });
note("sc resizable", () => { const b = new ArrayBuffer(2, { maxByteLength: 8 }); const c = structuredClone(b); return [c.resizable, c.maxByteLength]; });
note("sc sab", () => structuredClone(new SharedArrayBuffer(2)).byteLength);
for (const [n, v] of Object.entries({ fn: () => {}, sym: Symbol("x"), weakmap: new WeakMap(), promise: Promise.resolve(), gen: (function* () {})(), proxy: new Proxy({}, {}), weakref: new WeakRef({}), global: globalThis, math: Math, json: JSON, args: (function () { return arguments; })(1, 2), boxed: Object(1n), symobj: Object(Symbol("q")), date: new Date(NaN), re: /a/gimsuyd, rev: /a/v, map: new Map([[{}, 1]]), sparse: [1, , 3], getter: { get a() { return 5; } }, klass: new (class Foo { a = 1; #b = 2; })(), nullproto: Object.create(null), url: new URL("http://x"), headers: new Headers({ a: "b" }), blob: new Blob(["x"]), file: new File([], "n"), form: new FormData(), usp: new URLSearchParams(), req: new Request("http://x"), res: new Response(null), resb: new Response("x"), stream: new ReadableStream(), event: new Event("x"), signal: new AbortController().signal, key: crypto, td: new TextDecoder(), iter: [].values(), int: Intl, dtf: new Intl.DateTimeFormat(), tag: { [Symbol.toStringTag]: "Foo" }, wasm: WebAssembly })) note("sc " + n, () => { const c = structuredClone(v); return [Object.prototype.toString.call(c), JSON.stringify(c)]; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
