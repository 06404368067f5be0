// What the language does: newer features, regular expressions, dates, numbers and strings.
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
    fact("groupBy", () => [Object.groupBy([1, 2, 3], (x) => (x % 2 ? "odd" : "even")), [...Map.groupBy([1, 2], (x) => x > 1)], Object.getPrototypeOf(Object.groupBy([], () => 1))]);
    await later("fromAsync", () => Array.fromAsync((async function* () { yield 1; yield 2; })(), async (x) => x * 2));
    fact("helpers", () => [[1, 2, 3].values().filter((x) => x > 1).map((x) => x * 2).toArray(), [1, 2, 3].values().take(2).toArray(), [1, 2, 3].values().drop(1).toArray(), [1, 2].values().flatMap((x) => [x, x]).toArray(), [1, 2].values().reduce((a, b) => a + b), [1].values().some((x) => x), [1].values().every((x) => !x), [1, 2].values().find((x) => x > 1), Object.prototype.toString.call([].values().map((x) => x))]);
    fact("set methods", () => [[...new Set([1, 2]).union(new Set([3]))], [...new Set([1, 2]).intersection(new Set([2]))], [...new Set([1, 2]).difference(new Set([2]))], [...new Set([1, 2]).symmetricDifference(new Set([2, 3]))], new Set([1]).isSubsetOf(new Set([1, 2])), new Set([1, 2]).isSupersetOf(new Set([1])), new Set([1]).isDisjointFrom(new Set([2]))]);
    await later("try", () => Promise.try((a) => a + 1, 1));
    fact("withResolvers", () => Object.keys(Promise.withResolvers()));
    fact("toSorted", () => [[3, 1].toSorted(), [1, 2].toReversed(), [1, 2, 3].toSpliced(1, 1, 9, 8), [1, 2].with(0, 5), [1, 2].with(-1, 5), [1, 2, 3].findLast((x) => x < 3), [1, 2, 3].findLastIndex((x) => x < 3), [1, 2].at(-1)]);
    fact("flat", () => [[1, [2, [3]]].flat(Infinity), [[1], [2]].flatMap((x) => x)]);
    fact("re v", () => [/[\p{L}--[a-z]]/v.test("a"), /[\p{L}--[a-z]]/v.test("A"), /^\p{RGI_Emoji}$/v.test("👍🏽"), /[[a-z]&&[aeiou]]/v.exec("xe")?.[0], /[\q{abc|d}]/v.exec("abc")?.[0], /a/v.unicodeSets, /a/v.flags]);
    fact("re dup names", () => "2024-05".match(/(?<y>\d{4})-(?<m>\d\d)|(?<m>\d\d)\/(?<y>\d{4})/)?.groups.y);
    fact("re modifiers", () => [/(?i:a)b/.test("Ab"), /(?i:a)b/.test("AB"), /(?-i:a)b/i.test("AB"), /^(?s:.)$/.test("\n")]);
    fact("re lookbehind", () => ["$42".match(/(?<=\$)\d+/)?.[0], "a42".match(/(?<!\$)\d+/)?.[0]]);
    fact("re named", () => { const m = /(?<a>.)(?<b>.)?/.exec("x"); return [{ ...m.groups }, m.index, m.input, "xy".replace(/(?<a>.)(?<b>.)/, "$<b>$<a>"), Object.getPrototypeOf(m.groups)]; });
    fact("re indices", () => { const m = /a(?<n>b)/d.exec("xab"); return [m.indices[0], m.indices[1], m.indices.groups.n, /a/d.hasIndices]; });
    fact("re sticky", () => { const r = /a/y; r.lastIndex = 1; return [r.test("ba"), r.lastIndex, r.test("ba"), r.lastIndex]; });
    fact("re unicode", () => [/^.$/u.test("😀"), /^.$/.test("😀"), "😀".match(/./gu).length, /\u{1F600}/u.test("😀"), /\p{Script=Greek}/u.test("α"), /\p{Emoji}/u.test("a"), /[^a]/iu.test("A"), /\w/iu.test("ſ")]);
    fact("re source", () => [/\//.source, new RegExp("/").source, new RegExp("").source, new RegExp("\n").source, String(new RegExp("a/b", "g")), /[/]/.source]);
    fact("re escape", () => typeof RegExp.escape === "function" && RegExp.escape("a.b*c-1 \n"));
    fact("re octal", () => [/\1(a)/.exec("a")?.[0], /\07/.test("\x07"), /[\b]/.test("\b"), /\c/.test("\\c"), /a{,5}/.test("a{,5}"), /]/.test("]"), /{/.test("{")]);
    fact("re backtrack", () => ["aaa".match(/a*?/)[0], "aaa".match(/(a+)+b/), "ab".match(/(?:a|ab)(?:c|bcd)?/)[0], "xx".match(/(?=(x))\1/)?.[0]]);
    fact("replace", () => ["abc".replace("b", "[$&$`$'$$]"), "aaa".replaceAll("a", (m, i) => i), "abc".replace(/(b)/, (...a) => a.length), "a-b".replace(/(\w)-(\w)/, "$2-$1-$3-$01"), "x".replace(/x/, "$0")]);
    fact("split", () => ["a,b".split(/(,)/), "abc".split(""), "".split(""), "".split(","), "a1b2".split(/\d/), "abc".split("", 2), "a,b,".split(",")]);
    fact("matchAll", () => [..."a1b2".matchAll(/([a-z])(\d)/g)].map((m) => [m[0], m[1], m.index]));
    fact("isWellFormed", () => ["\ud800".isWellFormed(), "a".isWellFormed(), "a\ud800".toWellFormed().codePointAt(1)]);
    fact("case", () => ["ß".toUpperCase(), "İ".toLowerCase().length, "ΑΣ".toLowerCase(), "ﬁ".toUpperCase(), "ŉ".toUpperCase(), "ǅ".toLowerCase()]);
    fact("normalize", () => ["é".normalize("NFD").length, "e\u0301".normalize().length, "ﬁ".normalize("NFKC")]);
    fact("trim", () => ["\u00a0\ufeff\u2003a\u180e".trim().length, "\u200ba".trim().length, " a ".trimStart() + "|"]);
    fact("at", () => ["abc".at(-1), "abc".at(5), "a\ud83d\ude00".at(1).length]);
    fact("localeCompare", () => ["a".localeCompare("b"), "a".localeCompare("A"), "résumé".localeCompare("resume"), "10".localeCompare("2", undefined, { numeric: true })]);
    fact("number fmt", () => [(0.1 + 0.2).toString(), (1e21).toString(), (1e-7).toString(), (123.456).toFixed(1), (1.005).toFixed(2), (0.5).toFixed(0), (1.5).toFixed(0), (2.5).toFixed(0), (-1.5).toFixed(0), (1e21).toFixed(2), (123.456).toPrecision(4), (0.00001).toPrecision(1), (123456).toExponential(2), (255).toString(16), (0.5).toString(2), (-255).toString(36), (1e300).toString(36).length]);
    fact("parse", () => [parseInt("0x1f"), parseInt("12px"), parseInt(""), parseInt("101", 2), parseInt(null, 36), parseFloat("1.5e3x"), parseFloat(".5"), parseFloat("-.5e-1"), Number(""), Number(" 12 "), Number("0b101"), Number("0o17"), Number("1_000"), Number("0x"), Number("Infinity"), Number(null), Number([5]), Number("1e1000")]);
    fact("bigint", () => [String(2n ** 64n), String(-7n / 2n), String(-7n % 2n), String(BigInt.asIntN(8, 255n)), String(BigInt.asUintN(8, -1n)), String(BigInt("0xff")), String(5n << 70n), String(-5n >> 1n), 1n < 1.5, 2n == 2, 1n === 1, typeof 1n, (123n).toString(16), (123456789n).toLocaleString()]);
    fact("date parse", () => ["2024-01-02", "2024-01-02T03:04:05", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.678+01:00", "2024-01", "2024", "Jan 2 2024", "Tue, 02 Jan 2024 03:04:05 GMT", "2 Jan 2024 10:00 PST", "2024/01/02", "01/02/2024", "2024-1-2", "2024-01-02 03:04", "20240102", "", "x", "2024-13-01", "2024-02-30", "+002024-01-01T00:00:00Z", "-000001-01-01", "2024-01-01T24:00:00Z", "2024-01-01T25:00:00Z", "12:00", "Jan 2", "2024-01-02T03:04:05.123456789Z", "Tue Jan 02 2024 03:04:05 GMT+0100 (CET)", "1/2/24", "1/2/70", "January 2, 2024 3:04 PM", "2024-01-02T03:04Z", "2024-01-02T03Z", "Thu, 01 Jan 1970 00:00:00 GMT+0200"].map((s) => [s, Date.parse(s)].join(" = ")));
    fact("date methods", () => { const d = new Date(Date.UTC(2024, 0, 31, 12, 34, 56, 789)); return [d.toString(), d.toISOString(), d.toUTCString(), d.toDateString(), d.toTimeString(), d.toJSON(), d.getTimezoneOffset(), d.getYear(), d.toGMTString === d.toUTCString, d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString(), `${new Date(NaN)}`, new Date(NaN).getTime(), new Date(2024, 0).getTime(), new Date(99, 0).getFullYear(), new Date(8.64e15 + 1).getTime(), Date.length, new Date("2024").valueOf()]; });
    fact("date set", () => { const d = new Date(0); return [d.setMonth(13), d.setDate(0), d.setHours(25), d.setFullYear(2024, 1, 30), d.setTime(NaN), d.setMilliseconds(5), d.getDay()]; });
    fact("error", () => { const e = new Error("m", { cause: 0 }); return [Object.getOwnPropertyNames(e).sort(), e.cause, "cause" in new Error("x"), "cause" in new Error("x", {}), "cause" in new Error("x", 5), new Error(undefined).hasOwnProperty("message"), new Error("").hasOwnProperty("message"), String(new Error(Symbol.iterator.description)), Error("x") instanceof Error, Error.prototype.name, Error.prototype.message, TypeError.prototype.name, Object.getPrototypeOf(TypeError) === Error]; });
    fact("aggregate", () => { const e = new AggregateError(new Set([1]), "m", { cause: 2 }); return [e.errors, e.message, e.cause, e.name, AggregateError.length]; });
    fact("using", () => { const o = []; try { new Function("o", "{ using a = { [Symbol.dispose]() { o.push('d') } }; o.push('b') }")(o); } catch (e) { o.push(e.name); } return o; });
    fact("dispose", () => [typeof Symbol.dispose, typeof Symbol.asyncDispose, typeof DisposableStack, typeof SuppressedError]);
    fact("weakref", () => { const o = {}; return [new WeakRef(o).deref() === o, Object.prototype.toString.call(new WeakRef(o)), new WeakMap([[Symbol("q"), 1]]) instanceof WeakMap]; });
    fact("weak registered sym", () => new WeakSet([Symbol.for("q")]));
    fact("buffers", () => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); const u = new Uint8Array(b); b.resize(8); const t = b.transfer(2); return [u.length, b.detached, t.byteLength, t.resizable, t.maxByteLength, new ArrayBuffer(2).transferToFixedLength(4).byteLength, b.byteLength, ArrayBuffer.isView(u)]; });
    fact("hex", () => [new Uint8Array([1, 255]).toHex(), [...Uint8Array.fromHex("0AfF")], new Uint8Array([1, 2, 3]).toBase64(), new Uint8Array([255, 254]).toBase64({ alphabet: "base64url", omitPadding: true }), [...Uint8Array.fromBase64(" AQ ID ")], new Uint8Array(4).setFromHex("0102"), new Uint8Array(4).setFromBase64("AQID")]);
    fact("float16", () => [new Float16Array([1.337])[0], Float16Array.BYTES_PER_ELEMENT, new DataView(new ArrayBuffer(2)).getFloat16(0)]);
    fact("json", () => [JSON.stringify({ a: undefined, b: () => 1, c: Symbol("q"), d: NaN, e: -0, f: new Date(0), g: [undefined, () => 1], h: new Map([[1, 2]]), i: "\u2028\ud800" }), JSON.stringify({ a: [1, { b: 2 }] }, null, 2), JSON.stringify([1], null, "--"), JSON.stringify({ a: 1, b: 2 }, ["b"]), JSON.stringify({ a: 1 }, (k, v) => (k === "a" ? v + 1 : v)), JSON.stringify(undefined), JSON.stringify("a"), JSON.stringify(null), JSON.stringify(Object(1n).constructor), JSON.stringify({ toJSON: (k) => `k${k}` }), JSON.stringify({ a: 1 }, null, 20).length, JSON.stringify(new Boolean(true)), JSON.stringify(Object.create({ x: 1 }))]);
    fact("json parse", () => [JSON.parse('{"__proto__":1}').__proto__, JSON.parse("[1,2]", (k, v) => (k === "0" ? undefined : v)), JSON.parse(" 1e3 "), JSON.parse('"\\u0041\\n"'), Object.keys(JSON.parse('{"b":1,"a":2,"1":3}')), JSON.parse('{"a":1,"a":2}').a, JSON.parse("1", (k, v, c) => c?.source)]);
    fact("rawJSON", () => [JSON.stringify({ a: JSON.rawJSON("1e1000") }), JSON.isRawJSON(JSON.rawJSON("1")), JSON.isRawJSON({})]);
    for (const t of ["", "{", "[", "}", "nul", "tru", "{a:1}", "{'a':1}", "[1,]", "[,1]", "{\"a\":1,}", "01", "1.", ".5", "+1", "-", "1e", "\"abc", "\"a\nb\"", "\"\\x\"", "\"\\u12\"", "NaN", "undefined", "[1 2]", "{\"a\" 1}", "{\"a\":}", "1 2", "\ufeff1", "{\"a\":1}}", "/*c*/1", "[\"a\",\"b\"", "{\"a\":\"b\"", "\u00a01", "a".repeat(50), "{\"key\": tru}", "[1,2,3,4,5,6,7,8,9,x]"]) fact(`JSON.parse ${JSON.stringify(t)}`, () => JSON.parse(t));
    fact("labels", () => { const o = []; outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue outer; if (i === 2) break outer; o.push(i, j); } } return o; });
    fact("order", () => Object.keys({ b: 1, 2: 1, a: 1, 1: 1, [Symbol("q")]: 1, "-1": 1, "01": 1 }));
    fact("assign", () => { let a = null; a ??= 5; let b = 0; b ||= 6; let c = 1; c &&= 7; return [a, b, c, null?.x, undefined?.[0], (void 0)?.()]; });
    fact("class fields", () => { class A { static #s = 1; static s2 = A.#s + 1; #p = 5; get p() { return this.#p; } static { this.blk = 9; } ["c" + 1] = 3; static async *gen() { yield 1; } accessor = 1; has(o) { return #p in o; } } const a = new A(); return [A.s2, a.p, A.blk, a.c1, a.has(a), a.has({}), Object.keys(a)]; });
    fact("fn text", () => [String((a, b) => a + b), String(function foo(a) { return a; }), String(class A { m() {} }), String({ f() {} }.f), String(async function* x() {}), String(Math.max), String((() => {}).bind()), String(class {}.constructor), String(Object.getOwnPropertyDescriptor(Map.prototype, "size").get)]);
    fact("arguments", () => { function f(a) { arguments[0] = 9; return [a, arguments.length, typeof arguments.callee === "function"]; } return f(1, 2); });
    fact("strict this", () => [(function () { return this; })() === undefined, (() => typeof this)()]);
    fact("sort stable", () => [5, 1, 10].sort().concat([{ k: 1, i: 0 }, { k: 0, i: 1 }, { k: 1, i: 2 }].sort((a, b) => a.k - b.k).map((x) => x.i)));
    fact("sort undefined", () => [undefined, 3, , 1].sort().length);
    fact("holes", () => [[, 1].includes(undefined), [, 1].indexOf(undefined), Object.keys([, 1]), [, 1].map((x) => 2).length, 0 in [, 1].toReversed()]);
    fact("array length", () => { const a = [1, 2, 3]; a.length = 1; a[5] = 1; return [a.length, a.join(), a.flat().length]; });
    fact("copyWithin", () => [[1, 2, 3, 4].copyWithin(0, 2), [1, 2, 3].fill(0, 1, 2), Array.of(7).length, Array.from({ length: 2 }, (_, i) => i), Array.from("a😀")]);
    await later("async order", async () => { const o = []; (async () => { o.push(1); await null; o.push(3); await Promise.resolve(); o.push(5); })(); o.push(2); await null; o.push(4); await null; await null; o.push(6); return o; });
    await later("thenable", async () => { const o = []; const r = await { then(f) { o.push("then"); f(5); } }; return [r, o]; });
    await later("async gen", async () => { const o = []; async function* g() { try { yield 1; yield 2; } finally { o.push("fin"); } } for await (const x of g()) { o.push(x); break; } return o; });
    await later("allSettled", async () => Promise.allSettled([1, Promise.reject(2)]));
    await later("any", async () => { try { await Promise.any([Promise.reject(1), Promise.reject(2)]); } catch (e) { return [e.name, e.message, e.errors]; } });
    await later("race", async () => Promise.race([new Promise((r) => setTimeout(r, 5, "slow")), "fast"]));
    await later("finally", async () => { const o = []; await Promise.resolve(1).finally(() => { o.push("f"); return 5; }).then((v) => o.push(v)); return o; });
    return Response.json(facts);
  },
};
