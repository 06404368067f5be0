// WebAssembly.Tag, JSTag and Exception.
// head: heads/noted.js
async function work(request, env, ctx) {
const W = WebAssembly;
const desc = (o, k) => { const d = Object.getOwnPropertyDescriptor(o, k); return d && [typeof (d.value ?? d.get), d.enumerable, d.configurable, d.writable ?? null]; };
note("shape", () => [desc(W, "Tag"), desc(W, "Exception"), desc(W, "JSTag"), W.Tag.length, W.Exception.length, Object.getOwnPropertyNames(W.Tag.prototype), Object.getOwnPropertyNames(W.Exception.prototype), Object.getOwnPropertyNames(W.Tag), desc(W.Exception.prototype, "is"), desc(W.Exception.prototype, "getArg"), W.Exception.prototype.is.length, W.Exception.prototype.getArg.length, Object.prototype.toString.call(W.JSTag), W.JSTag instanceof W.Tag, Object.getPrototypeOf(W.Exception.prototype) === Object.prototype, Object.getPrototypeOf(W.Exception) === Function.prototype]);
for (const a of [undefined, null, 5, "x", {}, { parameters: undefined }, { parameters: null }, { parameters: 5 }, { parameters: "i32" }, { parameters: [] }, { parameters: ["i32", "i64", "f32", "f64", "externref", "anyfunc"] }, { parameters: ["x"] }, { parameters: [undefined] }, { parameters: ["funcref"] }, { parameters: ["v128"] }, { parameters: { length: 1, 0: "i32" } }, { parameters: new Set(["i32"]) }, { parameters: [], results: ["i32"] }, { get parameters() { throw new RangeError("g"); } }]) note("tag " + (typeof a === "object" && a !== null ? Object.keys(a) + JSON.stringify(Object.getOwnPropertyDescriptor(a, "parameters")?.value) + Object.prototype.toString.call(Object.getOwnPropertyDescriptor(a, "parameters")?.value) : String(a)), () => String(new W.Tag(a)));
note("tag none", () => new W.Tag()); note("tag call", () => W.Tag({ parameters: [] })); note("exc call", () => W.Exception()); note("exc none", () => new W.Exception()); note("exc notag", () => new W.Exception({}, [])); note("tag type", () => typeof new W.Tag({ parameters: [] }).type);
const t = new W.Tag({ parameters: ["i32", "i64", "f32", "f64", "externref"] }), e0 = new W.Tag({ parameters: [] });
const E = (p, o) => new W.Exception(t, p, o);
note("exc", () => { const e = E([1.9, 5n, 0.1, 0.1, { toString: () => "o" }]); return [0, 1, 2, 3, 4].map((i) => String(e.getArg(t, i))); });
note("exc conv", () => { const e = E([2 ** 32 + 5, 2n ** 64n + 1n, "1.5", true, null]); return [0, 1, 2, 3, 4].map((i) => String(e.getArg(t, i))); });
for (const p of [undefined, null, 5, "abcde", {}, [], [1], new Set([1, 2n, 3, 4, 5]), [1, 2, 3, 4, 5], [1, 2n, 3, 4, 5, 6], [1n, 2n, 3, 4, 5], [Symbol(), 2n, 3, 4, 5]]) note("exc payload " + Object.prototype.toString.call(p) + (Array.isArray(p) ? p.length + typeof p[0] + typeof p[1] : ""), () => String(E(p)));
note("exc empty", () => [String(new W.Exception(e0, [])), new W.Exception(e0, []).is(e0), new W.Exception(e0, []).is(t)]); note("exc no payload", () => new W.Exception(e0)); note("exc jstag", () => new W.Exception(W.JSTag, [1]));
const e = E([1, 2n, 3, 4, 5]);
note("is none", () => e.is()); note("is bad", () => e.is({})); note("getArg none", () => e.getArg()); note("getArg bad", () => e.getArg({}, 0)); note("getArg other", () => e.getArg(e0, 0)); note("getArg range", () => e.getArg(t, 5)); note("getArg neg", () => e.getArg(t, -1)); note("getArg noindex", () => e.getArg(t)); note("getArg str", () => e.getArg(t, "2")); note("getArg nan", () => e.getArg(t, NaN)); note("getArg big", () => e.getArg(t, 2 ** 32)); note("getArg frac", () => e.getArg(t, 1.5) + "n");
note("this is", () => W.Exception.prototype.is.call({}, t)); note("this getArg", () => W.Exception.prototype.getArg.call({}, t, 0));
note("thrown", () => { try { throw e; } catch (x) { return [x === e, x instanceof Error, x.message === undefined, x.stack === undefined, Object.keys(x)]; } }); note("trace", () => [typeof E([1, 2n, 3, 4, 5], { traceStack: true }).stack, typeof E([1, 2n, 3, 4, 5], { traceStack: false }).stack, typeof E([1, 2n, 3, 4, 5], 5)?.stack]);
note("sub", () => { class X extends W.Exception {} const x = new X(e0, []); return [x instanceof X, x instanceof W.Exception, x.is(e0)]; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
