// flags: nodejs_compat
// Errors of all kinds: their stacks, causes and copies; Array.fromAsync.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
await later("fromAsync errs", () => Array.fromAsync(5).then((x) => x.length));
await later("fromAsync null", () => Array.fromAsync(null));
await later("fromAsync undefined", () => Array.fromAsync());
await later("fromAsync this", () => Array.fromAsync.call(class X extends Array {}, [1]).then((x) => x.constructor.name));
await later("fromAsync throws", () => Array.fromAsync((function* () { yield 1; throw new RangeError("g"); })()));
await later("fromAsync closes", async () => { let closed = false; try { await Array.fromAsync((function* () { try { yield 1; yield 2; } finally { closed = true; } })(), () => { throw new Error("m"); }); } catch (e) { return [e.message, closed]; } });
await later("fromAsync rejects", async () => { let closed = false; try { await Array.fromAsync((function* () { try { yield Promise.reject(new Error("r")); } finally { closed = true; } })()); } catch (e) { return [e.message, closed]; } });
note("fromAsync shape", () => [Array.fromAsync.length, Array.fromAsync.name]);
const st = (e) => e.stack?.split("\n").slice(0, 3).map((x) => x.replace(/:\d+:\d+/g, ":L").trim());
note("stack plain", () => st(new Error("m")));
note("stack empty", () => st(new Error()));
note("stack multi", () => st(new Error("a\nb")));
note("stack named", () => { const e = new Error("m"); e.name = "N"; return st(e); });
note("stack class", () => { class MyE extends Error {} return st(new MyE("m")); });
note("stack class name", () => { class MyE extends Error { name = "Q"; } return st(new MyE("m")); });
note("stack proto name", () => { class MyE extends Error {} MyE.prototype.name = "P"; return st(new MyE("m")); });
note("stack getter name", () => { class MyE extends Error { get name() { return "G"; } } return st(new MyE("m")); });
note("stack call", () => st(Error("m")));
note("stack obj msg", () => st(new Error({ a: 1 })));
note("stack sym", () => st(new Error(Symbol("x"))));
note("capture", () => { const o = {}; Error.captureStackTrace(o); return [st(o), Object.getOwnPropertyDescriptor(o, "stack") !== undefined, Object.keys(o)]; });
note("capture named", () => { const o = { name: "N", message: "M" }; Error.captureStackTrace(o); return st(o)[0]; });
note("capture toString", () => { const o = { toString() { return "TS"; } }; Error.captureStackTrace(o); return st(o)[0]; });
note("capture below", () => { function a() { return b(); } function b() { const o = {}; Error.captureStackTrace(o, b); return st(o); } return a(); });
note("capture not in stack", () => { const o = {}; Error.captureStackTrace(o, () => {}); return st(o); });
note("capture prim", () => Error.captureStackTrace(5));
note("capture none", () => Error.captureStackTrace());
note("capture frozen", () => Error.captureStackTrace(Object.freeze({})));
note("capture error", () => { const e = new Error("x"); e.message = "y"; Error.captureStackTrace(e); return st(e)[0]; });
note("capture null proto", () => { const o = Object.create(null); Error.captureStackTrace(o); return st(o)[0]; });
note("limit 0", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = 0; const s = new Error("m").stack; Error.stackTraceLimit = l; return s; });
note("limit 1", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = 1; const s = new Error("m").stack.split("\n").length; Error.stackTraceLimit = l; return [s, l]; });
note("limit str", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = "x"; const s = new Error("m").stack; Error.stackTraceLimit = l; return String(s); });
note("limit neg", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = -1; const s = new Error("m").stack; Error.stackTraceLimit = l; return String(s); });
note("limit none", () => { const l = Error.stackTraceLimit; delete Error.stackTraceLimit; const s = new Error("m").stack; Error.stackTraceLimit = l; return String(s); });
const prep = (f, g) => { const p = Error.prepareStackTrace; Error.prepareStackTrace = f; try { return g(); } finally { Error.prepareStackTrace = p; } };
note("prepare", () => prep((e, s) => [e.message, s.length > 0, typeof s[0].getFileName()], () => new Error("q").stack));
note("prepare throws", () => prep(() => { throw new Error("in"); }, () => new Error("q").stack));
note("prepare not fn", () => prep(5, () => st(new Error("q"))));
note("prepare lazily", () => { const e = prep(() => "early", () => new Error("q")); return st(e)[0]; });
note("prepare capture", () => prep((e, s) => [typeof e, s.length], () => { const o = {}; Error.captureStackTrace(o); return o.stack[0]; }));
note("prepare site values", () => prep((e, s) => [s[0].getFunctionName(), s[0].getTypeName(), s[0].getMethodName(), s[0].isNative(), s[0].isToplevel(), s[0].isConstructor(), s[0].isEval(), s[0].isAsync(), s[0].isPromiseAll(), s[0].getPromiseIndex(), String(s[0].getThis()), typeof s[0].getFunction(), s[0].getEvalOrigin(), s[0].getScriptNameOrSourceURL(), typeof s[0].getLineNumber(), typeof s[0].getScriptHash?.(), typeof s[0].getEnclosingLineNumber?.(), typeof s[0].getPosition?.()], () => { function named() { return new Error("q").stack; } return named(); }));
note("prepare tostring", () => prep((e, s) => String(s[0]).replace(/:\d+:\d+/g, ":L"), () => { class K { m() { return new Error("q").stack; } } return new K().m(); }));
note("prepare this", () => prep(function () { return this === Error; }, () => new Error("q").stack));
note("stack descriptor", () => { const d = Object.getOwnPropertyDescriptor(new Error("m"), "stack"); return [d && Object.keys(d).join(), d?.enumerable, d?.configurable, d?.writable, typeof d?.get]; });
note("stack set", () => { const e = new Error("m"); e.stack = "s"; return [e.stack, Object.keys(e)]; });
note("stack delete", () => { const e = new Error("m"); delete e.stack; return String(e.stack); });
note("stack inherited", () => { const e = Object.create(new Error("m")); return typeof e.stack; });
note("agg", () => { const e = new AggregateError([1, new Error("x")], "m", { cause: 5 }); return [String(e), e.errors.length, e.cause, Object.keys(e), Object.getOwnPropertyNames(e), st(e)[0]]; });
note("agg none", () => new AggregateError());
note("agg str", () => new AggregateError("ab").errors);
note("cause", () => { const e = new Error("m", { cause: undefined }); return ["cause" in e, Object.keys(e)]; });
note("cause none", () => "cause" in new Error("m", {}));
note("cause str", () => "cause" in new Error("m", "x"));
note("isError", () => [Error.isError?.(new Error()), Error.isError?.({}), Error.isError?.(new DOMException()), Error.isError?.(Object.create(Error.prototype))]);
note("suppressed", () => typeof SuppressedError);
note("domexception stack", () => st(new DOMException("m", "N")));
note("domexception cause", () => Object.getOwnPropertyNames(new DOMException("m", { name: "N", cause: 1 })));
note("domexception opts", () => [new DOMException("m", { name: "N" }).name, new DOMException("m", { name: "N", cause: 1 }).cause]);
const cl = (e) => { const c = structuredClone(e); return [Object.prototype.toString.call(c), c.constructor?.name, c.name, c.message, c.cause === undefined ? "undefined" : String(c.cause), Object.keys(c), c.stack === e.stack, c.errors === undefined ? "no" : c.errors.map(String)]; };
note("clone error", () => cl(new Error("m"))); note("clone type", () => cl(new TypeError("m", { cause: new RangeError("c") }))); note("clone class", () => { class X extends Error { constructor(m) { super(m); this.extra = 1; } } return cl(new X("m")); });
note("clone name", () => { const e = new Error("m"); e.name = "Foo"; return cl(e); }); note("clone name type", () => { const e = new Error("m"); e.name = "TypeError"; return cl(e); }); note("clone agg", () => cl(new AggregateError([new Error("a"), 1], "m"))); note("clone agg nested", () => structuredClone({ e: new AggregateError([], "q") }).e.name);
note("clone getter msg", () => { const e = new Error(); Object.defineProperty(e, "message", { get() { return "g"; } }); return cl(e); }); note("clone nomsg", () => cl(new Error())); note("clone stack set", () => { const e = new Error("m"); e.stack = 5; return cl(e); }); note("clone dom", () => cl(new DOMException("m", "DataError"))); note("clone props", () => { const e = new Error("m"); e.code = "X"; return structuredClone(e).code; }); note("clone cause fn", () => cl(new Error("m", { cause: () => {} })));
note("clone cycle", () => { const e = new Error("m"); e.cause = e; const c = structuredClone(e); return c.cause === c; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
