// What the cases of this folder are bound to.
import { WorkerEntrypoint, RpcTarget, RpcStub } from "cloudflare:workers";
class Counter extends RpcTarget {
  #n = 0; inst = 5;
  get value() { return this.#n; }
  inc(by = 1) { this.#n += by; return this.#n; }
  child() { return new Counter(); }
  [Symbol.dispose]() { disposed++; }
}
class Plain { x = 1; m() {} }
let made = 0;
let disposed = 0;
let held = null;
export default class extends WorkerEntrypoint {
  inst = 7;
  #priv = 8;
  constructor(ctx, env) { super(ctx, env); made++; }
  get got() { return 42; }
  get made() { return made; }
  get boom() { throw new RangeError("getter boom"); }
  get objp() { return { a: { b: 5, f: (x) => x + 1 } }; }
  add(a, b) { return a + b; }
  echo(x) { return x; }
  typeOf(x) { return Object.prototype.toString.call(x) + " " + (x && x.constructor && x.constructor.name) + " " + typeof x; }
  nargs(...a) { return a.length; }
  make() { return new Counter(); }
  fn() { return (x) => x * 2; }
  fnp() { const f = (x) => x * 2; f.prop = 9; f.sub = { q: 3 }; return f; }
  cb(f, v) { return f(v); }
  async cbLater(f, v) { return [await f(v), await f(v + 1)]; }
  nothing() {}
  err() { const e = new TypeError("bad type"); e.extra = 3; e.cause = new Error("c"); throw e; }
  errCustom() { class MyErr extends Error { constructor(m) { super(m); this.name = "MyErr"; } } throw new MyErr("mine"); }
  errName() { const e = new Error("m"); e.name = "Fancy"; throw e; }
  errDom() { throw new DOMException("dom", "AbortError"); }
  errAgg() { throw new AggregateError([new Error("x")], "agg"); }
  errStr() { throw "text"; }
  errObj() { throw { a: 1 }; }
  errNull() { throw null; }
  plainClass() { return new Plain(); }
  sym() { return Symbol("x"); }
  weak() { return new WeakMap(); }
  proxy() { return new Proxy({ a: 1 }, {}); }
  gen() { return (function* () {})(); }
  prom() { return { p: Promise.resolve(4) }; }
  nested() { return { c: new Counter(), f: () => "hi", n: 1 }; }
  text() { return new Response("body text", { status: 201, headers: { x: "y" } }); }
  async takeReq(r) { return [r.method, r.url, await r.text(), r.headers.get("x"), r instanceof Request]; }
  async takeStream(s) { return await new Response(s).text(); }
  stream() { return new ReadableStream({ type: "bytes", start(c) { c.enqueue(new TextEncoder().encode("hello stream")); c.close(); } }); }
  jsStream() { return new ReadableStream({ start(c) { c.enqueue("x"); c.close(); } }); }
  async writeTo(w) { const x = w.getWriter(); await x.write(new TextEncoder().encode("abc")); await x.close(); }
  big(n) { return new Uint8Array(n).length; }
  bigBack(n) { return new Uint8Array(n); }
  never() { return new Promise(() => {}); }
  ctxProps() { return this.ctx.props; }
  keys() { return [Object.keys(this), Object.getOwnPropertyNames(Object.getPrototypeOf(this))]; }
  ctxInfo() { return [String(this.ctx), Object.prototype.toString.call(this.ctx), Object.getOwnPropertyNames(Object.getPrototypeOf(this.ctx)), Object.keys(this.ctx), Object.keys(this.env)]; }
  get disposed() { return disposed; }
  keep(cb) { held = cb; return 1; }
  keepDup(cb) { held = cb.dup(); return 1; }
  async callHeld(x) { return held(x); }
  dropHeld() { held[Symbol.dispose](); }
  async during(cb) { const d = cb.dup(); const r = await d(1); d[Symbol.dispose](); return r; }
  argDisposers(a) { return [typeof a[Symbol.dispose], Object.getOwnPropertySymbols(a).length]; }
  get getter() { return this.add(2, 3); }
  async slow(ms, v) { await scheduler.wait(ms); return v; }
  thrower() { throw this.errValue; }
  async svc(s) { return [await s.hi(), await (await s.fetch("http://own/x")).text()]; }
  rethrow(f) { return f(); }
  callTarget(t) { return t(); }
  promiseArg() { return Promise.resolve({ v: 1 }); }
  order(list) { return list; }
  stubInfo(s) { return [String(s), Object.prototype.toString.call(s), typeof s, s instanceof RpcStub, Object.keys(s), s.constructor === RpcStub ]; }
  async useTarget(t) { const a = await t.inc(3); const b = await t.value; return [a, b, typeof t]; }
  url(u) { return u; }
  toString() { return "custom"; }
  hasOwnProperty(x) { return "own" + x; }
  then(x) { return "then!"; }
}
export class Named extends WorkerEntrypoint {
  fetch(req) { return new Response(`named ${req.method} ${req.url} ${JSON.stringify(this.ctx.props)} ${Object.keys(this.env)}`); }
  props() { return this.ctx.props; }
  who() { return "named"; }
}
export const obj = {
  hello(...args) { return ["hello", args.length, args[0], typeof args[1], args[2] === undefined ? "u" : Object.prototype.toString.call(args[2])]; },
  one(x) { return ["one", x]; },
  none() { return "none"; },
  value: 5, 
  nested: { deep() { return "d"; }, v: 6 },
};
