// What the engine says of the most common mistakes.
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

export default {
  async fetch(request, env, ctx) {
    let u, n = null, o = { a: 1, f: 5, n: null, g: {}, h() { return 5; } }, arr = [1], num = 5, s = "str";
    const obj = { deep: { er: {} } };
    class A { #p = 1; static r(x) { return x.#p; } static w(x) { x.#p = 2; } #m() {} static c(x) { x.#m(); } static has(x) { return #p in x; } get only() { return 1; } foo() {} }
    fact("read undefined", () => u.x);
    fact("read null", () => n.x);
    fact("read computed", () => u["a b"]);
    fact("read index", () => u[0]);
    fact("read key var", () => { const k = "kk"; return n[k]; });
    fact("read symbol2", () => u[Symbol("q")]);
    fact("read symbol empty", () => u[Symbol()]);
    fact("read deep", () => o.zz.yy);
    fact("write undefined", () => { u.x = 1; });
    fact("write null", () => { n.x = 1; });
    fact("write computed", () => { u["a" + 1] = 1; });
    fact("call undefined method", () => o.missing());
    fact("call number method", () => o.f());
    fact("call null method", () => o.n());
    fact("call method of undefined", () => u.foo());
    fact("call deep", () => obj.deep.er.x());
    fact("call deep missing", () => obj.deeper.er.x());
    fact("call computed", () => o["missing"]());
    fact("call computed2", () => o["a b"]());
    fact("call var key", () => { const k = "z"; return o[k](); });
    fact("call num key", () => arr[0]());
    fact("call variable", () => u());
    fact("call null variable", () => n());
    fact("call number", () => num());
    fact("call literal", () => (5)());
    fact("call string literal", () => "abc"());
    fact("call string method", () => s.foo());
    fact("call number literal method", () => (5).foo());
    fact("call result", () => o.h()());
    fact("call result method", () => o.h().foo());
    fact("call new method", () => new A().bar());
    fact("call class", () => A());
    fact("call array literal", () => [1, 2].foo());
    fact("call object literal", () => ({ a: 1 }).foo());
    fact("call empty object", () => ({}).foo());
    fact("call this", function () { return (function () { return this.foo(); }).call({}); });
    fact("call comma", () => (0, o.f)());
    fact("call or", () => (u || n)());
    fact("call iife result", () => (() => 5)()());
    fact("call fn expr", () => (function () {})()());
    fact("call tagged", () => u`x`);
    fact("call optional", () => o.f?.());
    fact("call optional2", () => u?.x());
    fact("call optional3", () => o?.missing());
    fact("call with args", () => o.missing(s, [1], { a: 1 }));
    fact("call with spread", () => o.missing(...arr));
    fact("call spread undefined", () => o.h(...u));
    fact("call spread number", () => o.h(...num));
    fact("call spread obj", () => Math.max(...o));
    fact("call private", () => { class B { #x = 5; t() { return this.#x(); } } return new B().t(); });
    fact("call super", () => { class B extends A { t() { return super.zip(); } } return new B().t(); });
    await later("call await", async () => (await 5).foo());
    await later("call await2", async () => (await o.h()).foo());
    await later("call await3", async () => await u());
    fact("new undefined", () => new u());
    fact("new number", () => new num(1));
    fact("new member", () => new o.f());
    fact("new missing", () => new o.missing(1));
    fact("new no parens", () => new o.missing);
    fact("new arrow", () => { const f = () => {}; return new f(); });
    fact("new method", () => new o.h());
    fact("new builtin", () => new Math.max());
    fact("new result", () => new (o.h())());
    fact("new symbol", () => new Symbol());
    fact("new string", () => new "a"());
    fact("not defined", () => notThere);
    fact("not defined call", () => notThere());
    fact("not defined write", () => { notThere = 1; });
    fact("typeof not defined", () => typeof notThere);
    fact("tdz", () => { const r = zz; const zz = 1; return r; });
    fact("tdz call", () => { zf(); const zf = () => {}; });
    fact("tdz class", () => { new ZC(); class ZC {} });
    fact("tdz param", () => { const f = (a = b, b) => a; return f(); });
    fact("tdz typeof", () => { typeof zt; let zt; });
    fact("const", () => { const c = 1; c = 2; });
    fact("const closure", () => { const c = 1; (() => { c = 2; })(); });
    fact("const update", () => { const c = 1; c++; });
    fact("const for", () => { for (const i = 0; i < 2; i++); });
    fact("const fn name", () => { (function f() { f = 1; })(); });
    fact("const class", () => { class C { static t() { C = 1; } } C.t(); });
    fact("super this", () => { class B extends A { constructor() { this.x = 1; } } new B(); });
    fact("super missing", () => { class B extends A { constructor() {} } new B(); });
    fact("super twice", () => { class B extends A { constructor() { super(); super(); } } new B(); });
    fact("derived return", () => { class B extends A { constructor() { return 5; } } new B(); });
    fact("extends undefined", () => class extends u {});
    fact("extends number", () => class extends num {});
    fact("extends object", () => class extends o {});
    fact("extends arrow", () => class extends (() => {}) {});
    fact("extends proto", () => { function F() {} F.prototype = 5; return class extends F {}; });
    fact("private read", () => A.r({}));
    fact("private write", () => A.w({}));
    fact("private method", () => A.c({}));
    fact("private in", () => A.has(5));
    fact("private read undefined", () => A.r(undefined));
    fact("private read number", () => A.r(5));
    fact("private write null", () => A.w(null));
    fact("getter only", () => { new A().only = 5; });
    fact("getter only literal", () => { ({ get x() { return 1; } }).x = 2; });
    fact("read only", () => { const f = Object.freeze({ a: 1 }); f.a = 2; });
    fact("read only array", () => { const f = Object.freeze([1]); f[0] = 2; });
    fact("read only array push", () => { Object.freeze([1]).push(2); });
    fact("read only array pop", () => { Object.freeze([1]).pop(); });
    fact("read only array index add", () => { Object.freeze([1])[1] = 2; });
    fact("read only fn", () => { (function foo() {}).name = 2; });
    fact("read only class inst", () => { class K {} const k = new K(); Object.defineProperty(k, "x", { value: 1 }); k.x = 2; });
    fact("read only global", () => { undefined = 1; });
    fact("read only NaN", () => { NaN = 1; });
    fact("read only string", () => { "abc".length = 1; });
    fact("read only string index", () => { "abc"[0] = "x"; });
    fact("add frozen", () => { Object.freeze({}).x = 1; });
    fact("add nonext class", () => { class K {} Object.preventExtensions(new K()).x = 1; });
    fact("set on number", () => { (5).x = 1; });
    fact("set on string", () => { "s".x = 1; });
    fact("set on true", () => { true.x = 1; });
    fact("delete frozen", () => { delete Object.freeze({ a: 1 }).a; });
    fact("delete array length", () => { delete [].length; });
    fact("delete class inst", () => { class K {} const k = new K(); Object.defineProperty(k, "x", { value: 1 }); delete k.x; });
    fact("redefine", () => Object.defineProperty(Object.freeze({ a: 1 }), "a", { value: 2 }));
    fact("define nonext", () => Object.defineProperty(Object.freeze({}), "a", { value: 2 }));
    fact("define non object", () => Object.defineProperty(5, "a", {}));
    fact("define bad desc", () => Object.defineProperty({}, "a", 5));
    fact("define bad desc undefined", () => Object.defineProperty({}, "a"));
    fact("define both", () => Object.defineProperty({}, "a", { get() {}, value: 1 }));
    fact("define getter", () => Object.defineProperty({}, "a", { get: 5 }));
    fact("define setter", () => Object.defineProperty({}, "a", { set: "x" }));
    fact("defineProperties", () => Object.defineProperties(5, {}));
    fact("create", () => Object.create(5));
    fact("create undefined", () => Object.create());
    fact("setPrototypeOf", () => Object.setPrototypeOf({}, 5));
    fact("setPrototypeOf undefined", () => Object.setPrototypeOf(undefined, {}));
    fact("setPrototypeOf cyclic", () => { const a = {}; const b = Object.create(a); Object.setPrototypeOf(a, b); });
    fact("setPrototypeOf nonext", () => Object.setPrototypeOf(Object.preventExtensions({}), {}));
    fact("proto assign", () => { const a = Object.preventExtensions({}); a.__proto__ = {}; });
    for (const k of ["keys", "entries", "values", "getPrototypeOf", "getOwnPropertyNames", "assign", "fromEntries", "getOwnPropertyDescriptors"]) { fact(`Object.${k} undefined`, () => Object[k](undefined)); fact(`Object.${k} null`, () => Object[k](null)); }
    fact("fromEntries bad", () => Object.fromEntries([5]));
    fact("fromEntries num", () => Object.fromEntries(5));
    fact("an error that was dropped is not the next one", () => {
      const throws = () => { throw new RangeError("mine"); };
      try {
        for (const x of { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return: 5 }) }) throw new RangeError("body");
      } catch {}
      throws();
    });
    // These differ, and are left out.
    for (const name of ["Object.fromEntries undefined", "Object.fromEntries null"]) delete facts[name];
    return Response.json(facts);
  },
};
