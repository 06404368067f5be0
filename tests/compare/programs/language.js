// The language: what libraries use of it, and V8's words for mistakes.
const facts = {};
const say = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}` + (v.cause !== undefined ? ` cause ${say(v.cause)}` : "");
  if (v instanceof ArrayBuffer) return `ArrayBuffer ${[...new Uint8Array(v)]}`;
  if (ArrayBuffer.isView(v) && !(v instanceof DataView)) return `${v.constructor.name} ${[...v].map(String)}`;
  if (v instanceof Map || v instanceof Set) return [v.constructor.name, ...[...v].map((x) => say(x, d + 1))];
  if (Array.isArray(v)) return v.map((x) => say(x, d + 1));
  if (v !== null && typeof v === "object" && Object.getPrototypeOf(v) !== Object.prototype && Object.getPrototypeOf(v) !== null) return Object.prototype.toString.call(v);
  if (v !== null && typeof v === "object" && d < 6) return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, say(x, d + 1)]));
  return v;
};
const t = async (name, f) => {
  let r; try { r = f(); } catch (e) { facts[name] = `throws ${say(e)}`; return; }
  if (r && typeof r.then === "function") { try { r = await Promise.race([r, new Promise((_, no) => setTimeout(no, 1500, new Error("hangs")))]); } catch (e) { facts[name] = `rejects ${say(e)}`; return; } }
  facts[name] = say(r);
};
const run = (f, more = {}) => ({ async fetch(request, env, ctx) { await f(request, env, ctx); return Response.json(facts); }, ...more });
export default run(async () => {
  await t("arr", () => [[3, 1].toSorted(), [1, 2].with(0, 9), [1, 2, 3].toSpliced(1, 1), [1, 2].toReversed(), [1, 2, 3].findLast((x) => x < 3), [1, [2, [3]]].flat(Infinity), [1].at(-1), Object.groupBy([1, 2, 3], (x) => x % 2 ? "o" : "e"), [...Map.groupBy([1, 2], (x) => x % 2)]]);
  await t("fromAsync", () => Array.fromAsync((async function* () { yield 1; yield Promise.resolve(2); })(), (x) => x * 2));
  await t("iter helpers", () => [[1, 2, 3].values().map((x) => x * 2).filter((x) => x > 2).take(1).toArray(), [...Iterator.from({ next() { return { done: this.n > 2, value: this.n++ }; }, n: 0 }).drop(1)], [1, 2].values().reduce((a, b) => a + b), [[1], [2]].values().flatMap((x) => x).toArray(), Iterator.concat ? [...Iterator.concat([1], [2])] : "none"]);
  await t("sets", () => { const a = new Set([1, 2]), b = new Set([2, 3]); return [a.union(b), a.intersection(b), a.difference(b), a.symmetricDifference(b), a.isSubsetOf(b), a.isDisjointFrom(b)]; });
  await t("str", () => ["a-b-c".replaceAll("-", "+"), "x".at(0), "\ud800".isWellFormed(), "a\ud800".toWellFormed(), "abc".padStart(5, "12"), [..."a1b2".matchAll(/\d/g)].map((m) => m.index), String.raw`\n${1}`, "İ".normalize("NFC"), "a,b".split(","), "😀".codePointAt(0)]);
  await t("regex", () => ["2024-01-02".match(/(?<y>\d+)-(?<m>\d+)/).groups, "ab".replace(/(?<x>a)/, "[$<x>]"), /\p{Script=Greek}/u.test("α"), /(?<=\$)\d+/.exec("$42")[0], /[\p{L}--[a-z]]/v.test("A"), /a/dgimsuy.flags, "aBc".replace(/b/i, (m, i, s) => m + i + s), /(?i:a)b/.test("Ab"), RegExp.escape ? RegExp.escape("a.b") : "none", /x/y.sticky, /\p{RGI_Emoji}/v.test("👨‍👩‍👧")]);
  await t("regex dup", () => "2024".match(/(?<y>\d{4})|(?<y>\d{2})/).groups.y);
  await t("regex bad", () => new RegExp("("));
  await t("regex bad2", () => new RegExp("a", "gg"));
  await t("class", () => { class A { static #c = 0; #x = 1; static { A.#c = 5; } get x() { return this.#x; } static get c() { return A.#c; } static has(o) { return #x in o; } accessor = 1; } return [new A().x, A.c, A.has(new A()), A.has({})]; });
  await t("using", async () => { const o = []; { await using a = { async [Symbol.asyncDispose]() { o.push("ad"); } }; using b = { [Symbol.dispose]() { o.push("d"); } }; o.push("body"); } return o; });
  await t("disposable", () => { const o = []; using s = new DisposableStack(); s.defer(() => o.push(1)); s.adopt(5, (v) => o.push(v)); s.dispose(); return [o, s.disposed, typeof AsyncDisposableStack, typeof SuppressedError]; });
  await t("promise", async () => [await Promise.any([Promise.reject(1), 2]), await Promise.allSettled([1, Promise.reject(2)]), Promise.withResolvers ? "wr" : 0, await Promise.try(() => 5)]);
  await t("any reject", () => Promise.any([Promise.reject(1)]));
  await t("race", () => Promise.race([new Promise((r) => setTimeout(r, 20, "slow")), new Promise((r) => setTimeout(r, 1, "fast"))]));
  await t("bigint", () => [2n ** 64n, BigInt.asUintN(8, 300n), BigInt("0xff"), 7n / 2n, -7n % 3n, 5n > 4, 1n == 1]);
  await t("bigint mix", () => 1n + 1);
  await t("math", () => [Math.clz32(1), Math.fround(5.5), Math.hypot(3, 4), Math.trunc(-1.5), Math.sign(-3), Math.cbrt(27), Math.f16round?.(1.337), Math.sumPrecise?.([0.1, 0.2])]);
  await t("num", () => [(25).toString(36), (0.1 + 0.2).toFixed(10), (1234.5678).toPrecision(6), (1e21).toString(), (123.456).toExponential(2), Number("0x1f"), Number(" 12 "), Number("1_000"), parseInt("12px"), parseFloat(".5e1"), (255).toString(2), 0.000001234.toString(), 5e-324, 1.7976931348623157e308]);
  await t("typed", () => [Uint8Array.fromBase64?.("AQI="), new Uint8Array([1, 255]).toHex?.(), new Uint8Array([255]).toBase64?.({ alphabet: "base64url" }), Uint8Array.from([3, 1, 2]).toSorted(), new Float16Array?.([1.5])[0], new ArrayBuffer(4).transfer(8).byteLength]);
  await t("atomics", () => { const a = new Int32Array(new SharedArrayBuffer(8)); Atomics.add(a, 0, 5); return [Atomics.load(a, 0), Atomics.compareExchange(a, 0, 5, 9), a[0]]; });
  await t("proxy", () => { const log = []; const p = new Proxy({}, { get: (o, k) => (log.push("get " + String(k)), 1), has: (o, k) => (log.push("has " + k), true), ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) }); p.x; "y" in p; return [log, Object.keys(p), { ...p }]; });
  await t("weak", () => { const w = new WeakMap(); const k = {}; w.set(k, 1); return [w.get(k), typeof FinalizationRegistry, new WeakRef(k).deref() === k, new WeakSet([k]).has(k)]; });
  await t("weak sym", () => new WeakMap([[Symbol("x"), 1]]) && "ok");
  await t("weak reg sym", () => new WeakMap([[Symbol.for("x"), 1]]));
  await t("json", () => [JSON.stringify({ a: undefined, b: () => 1, c: Symbol(), d: NaN, e: new Date(0), f: [undefined], g: "\u2028\ud800", h: new Map([[1, 2]]), i: -0 }), JSON.stringify("x", null, 2), JSON.stringify({ a: [1, { b: 2 }] }, null, "\t"), JSON.parse('{"a":[1,2,{"b":null}]}', (k, v) => typeof v === "number" ? v + 1 : v), JSON.stringify({ b: 1, a: 2 }, ["a"]), JSON.stringify({ toJSON: (k) => "k" + k })]);
  await t("json src", () => JSON.parse("1.0", (k, v, c) => c?.source));
  await t("json raw", () => JSON.rawJSON ? JSON.stringify({ a: JSON.rawJSON("1e1000") }) : "none");
  for (const x of ["{", "[1,", "{a:1}", "'x'", "01", "nul", "\"\n\"", "{\"a\":1,}", "", "[1]x", "\"\\x\"", "undefined"]) await t("json bad " + x, () => JSON.parse(x));
  await t("json cycle", () => { const a = { b: {} }; a.b.c = a; JSON.stringify(a); });
  await t("json cycle arr", () => { const a = { b: [{}] }; a.b[0].c = a; JSON.stringify(a); });
  await t("json bigint", () => JSON.stringify({ a: 1n }));
  for (const [n, f] of Object.entries({ und: () => undefined.x, nul: () => null.foo.bar, call: () => { const o = {}; o.x(); }, callnest: () => { const o = { a: {} }; o.a.b.c(); }, notfn: () => (5)(), notiter: () => { const [a] = 5; }, spread: () => [...{}], newn: () => new (() => 1)(), constas: () => { const x = 1; x = 2; }, tdz: () => { y; let y = 1; }, undef: () => nope, inop: () => "a" in "b", inst: () => ({}) instanceof 5, frozen: () => { "use strict"; Object.freeze([1]).push(2); }, frozen2: () => { Object.freeze({ a: 1 }).a = 2; }, getter: () => { ({ get a() { return 1; } }).a = 2; }, dele: () => { delete Object.freeze({ a: 1 }).a; }, cls: () => { class A {} A(); }, priv: () => { class A { #x; static g(o) { return o.#x; } } A.g({}); }, sup: () => { class A extends null {} new A(); }, thisb: () => { class A {} class B extends A { constructor() { this.x = 1; } } new B(); }, inv: () => "x".repeat(-1), arrlen: () => new Array(-1), prec: () => (1).toPrecision(0), date: () => new Date(NaN).toISOString(), decode: () => decodeURIComponent("%"), sym: () => Symbol() + "", big: () => BigInt(1.5), bigs: () => BigInt("x"), proxy: () => new Proxy(1, {}), reduce: () => [].reduce((a, b) => a), setproto: () => Object.setPrototypeOf(Object.preventExtensions({}), {}), define: () => Object.defineProperty(1, "x", {}), mapcall: () => Map(), gen: () => { const g = (function* () { g.next(); })(); g.next(); }, atob: () => atob("*"), defdestr: () => { const { a: { b } } = {}; }, destrnull: () => { const { a } = null; }, itermeth: () => { for (const x of { [Symbol.iterator]: 1 }) ; }, nofn: () => [1].map(5), async: () => { const { x } = undefined; }, opt: () => undefined?.x.y.z ?? "ok", ctor: () => new (class { constructor() { return 1; } })() && "ok", deriv: () => new (class extends Object { constructor() { return 1; } })(), apply: () => Reflect.apply(1), construct: () => Reflect.construct(() => 1, []), labels: () => Number.prototype.toString.call("x"), eval2: () => (0, eval)("1") })) await t("err " + n, f);
});
