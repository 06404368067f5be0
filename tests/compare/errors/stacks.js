// Stacks of errors; columns and the names of receivers are left out.
// differs: async: no frames of async callers
// differs: prepare: columns of call sites of `new`
const st = (e) => e.stack.split("\n").map((line) => line.replace(/:\d+:\d+(\)?)$/, "$1").replace("at Object.", "at ").replace("at A.", "at "));
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
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
    facts[name] = say(await f());
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const shape = (object) =>
  Reflect.ownKeys(object).filter((key) => !/cloudflare:|kResource/.test(String(key))).map((key) => {
    const d = Reflect.getOwnPropertyDescriptor(object, key);
    const kind = d.get || d.set ? `${d.get ? "g" : ""}${d.set ? "s" : ""}` : typeof d.value === "function" ? `f${d.value.length}` : typeof d.value;
    return `${String(key)}:${kind}:${d.writable ? "w" : ""}${d.enumerable ? "e" : ""}${d.configurable ? "c" : ""}`;
  }).sort();

export default {
  async fetch(request, env, ctx) {
    function foo() { return new Error("boom"); }
    class A { m() { return new TypeError("tt"); } static s() { return new RangeError("r"); } get g() { return new Error("g"); } constructor(){ this.e = new Error("ctor"); } }
    fact("foo", () => st(foo()));
    fact("method", () => st(new A().m()));
    fact("static", () => st(A.s()));
    fact("getter", () => st(new A().g));
    fact("ctor", () => st(new A().e));
    fact("arrow", () => st((() => new Error("x"))()));
    fact("map", () => st([1].map(() => new Error("x"))[0]));
    fact("map named", () => st([1].map(function cb() { return new Error("x"); })[0]));
    await later("timer", async () => new Promise(r => setTimeout(() => r(st(new Error("t"))), 0)));
    await later("then", async () => Promise.resolve().then(() => st(new Error("t"))));
    fact("multi", () => st(new Error("a\nb")));
    fact("empty", () => st(new Error()));
    fact("custom", () => { class My extends Error { constructor(m) { super(m); this.name = "My"; } } return st(new My("x")); });
    fact("custom2", () => { class My extends Error {} return st(new My("x")); });
    fact("custom3", () => { class My extends Error { get name(){return "Nm"} } return st(new My("x")); });
    fact("desc", () => { const d=Object.getOwnPropertyDescriptor(new Error("x"),"stack"); return [typeof d.get, typeof d.value, d.writable,d.enumerable,d.configurable, Object.getOwnPropertyNames(new Error("x")).sort()]; });
    fact("changed message", () => { const e=new Error("a"); e.message="b"; return st(e)[0]; });
    fact("capture", () => { const o={}; Error.captureStackTrace(o); return [st(o), Object.getOwnPropertyNames(o)]; });
    fact("capture err", () => { const o={name:"N",message:"M"}; Error.captureStackTrace(o); return st(o)[0]; });
    fact("capture fn", () => { function outer(){ return inner(); } function inner(){ const o={}; Error.captureStackTrace(o, inner); return o; } return st(outer()); });
    fact("capture bad", () => Error.captureStackTrace(5));
    fact("limit", () => { const l=Error.stackTraceLimit; Error.stackTraceLimit=1; const s=st(foo()); Error.stackTraceLimit=0; const z=st(foo()); Error.stackTraceLimit=l; return [l,s,z]; });
    fact("limit deep", () => { function r(n){ return n? r(n-1): new Error("d") } return st(r(20)).length; });
    fact("prepare prop", () => [typeof Error.prepareStackTrace, "prepareStackTrace" in Error]);
    fact("cause", () => { const e=new Error("a",{cause:"c"}); return [e.cause,st(e)[0],Object.getOwnPropertyDescriptor(e,"cause").enumerable]; });
    fact("aggregate", () => { const e=new AggregateError([new Error("1")],"m"); return [e.errors.length,st(e)]; });
    fact("throw string", () => { try { throw "x" } catch(e) { return [typeof e, e] } });
    fact("toString", () => [String(new Error("")),String(new TypeError("x")), Error.prototype.toString.call({name:"a",message:"b"})]);
    fact("isError", () => [Error.isError(new Error), Error.isError({}), Error.isError(new DOMException)]);
    fact("dom stack", () => st(new DOMException("m","AbortError")));
    fact("native throw", () => { try { new Headers(5) } catch (e) { return st(e); } });
    fact("native throw2", () => { try { structuredClone(()=>{}) } catch (e) { return st(e); } });
    fact("native json", () => { try { null.x } catch (e) { return st(e).slice(1); } });
    fact("obj method", () => { const o={f(){return new Error("q")}, g:()=>new Error("r"), h:function(){return new Error("s")}}; return [st(o.f())[1],st(o.g())[1],st(o.h())[1]]; });
    fact("new fn", () => { function P(){ this.e=new Error("p") } return st(new P().e)[1]; });
    fact("iife", () => st((function(){ return new Error("p") })())[1]);
    fact("sort", () => { let e; [2,1].sort((a,b)=>{e=new Error("s");return 0}); return st(e); });
    fact("call", () => st(foo.call(null)));
    fact("tostr obj", () => { const o={toString(){ throw new Error("ts") }}; try { `${o}` } catch(e) { return st(e) } });
    return Response.json(facts);
  },
};
