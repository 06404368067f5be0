// What the log says of values, by way of node's util; errors of WebSockets, crypto and HTML; performance.
// flags: nodejs_compat
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
import util from "node:util";

export default {
  async fetch(request, env, ctx) {
    const show = (...a) => util.format(...a);
    for (const [n, v] of Object.entries({ headers: new Headers({ a: "b", c: "d" }), headersEmpty: new Headers(), request: new Request("http://a/", { method: "PUT", headers: { x: "y" } }), response: new Response("x", { status: 201 }), url: new URL("http://u:p@a:81/b?c#d"), params: new URLSearchParams("a=b&c=d"), blob: new Blob(["abc"], { type: "t/u" }), file: new File(["x"], "n.txt", { lastModified: 1 }), form: (() => { const f = new FormData(); f.append("a", "b"); return f; })(), event: new CustomEvent("x", { detail: 1 }).type, target: new EventTarget(), signal: AbortSignal.abort("why"), signal2: new AbortController().signal, controller: new AbortController(), rs: new ReadableStream(), ws: new WritableStream(), ts: new TransformStream(), enc: new TextEncoder(), dec: new TextDecoder(), dom: new DOMException("m", "AbortError").message, buffer: new ArrayBuffer(2), u8: new Uint8Array([1, 2]), map: new Map([[{ a: 1 }, new Set([1])]]), cls: new (class Foo { a = 1; #b = 2; get c() { return 3; } })(), cls2: class Bar extends Map {}, fn: function foo() {}, arrow: () => 1, asyncFn: async () => 1, gen: function* g() {}, sym: Symbol("q"), nul: null, undef: undefined, neg0: -0, big: 5n, str: "it's \"x\"", arr: [1, , "a", [2, [3, [4]]]], deep: { a: { b: { c: { d: 1 } } } }, cyc: (() => { const a = {}; a.a = a; return a; })(), date: new Date(0), badDate: new Date(NaN), re: /a/g, prom: Promise.resolve(4), promP: new Promise(() => {}), wm: new WeakMap(), boxed: new String("x"), args: (function () { return arguments; })(1), nullProto: Object.assign(Object.create(null), { a: 1 }), getter: { get a() { return 1; }, set a(v) {}, get b() { return 1; }, set c(v) {} }, symKey: { [Symbol("k")]: 1 }, long: Array.from({ length: 120 }, (_, i) => i), longStr: "x".repeat(200), multi: "a\nb", objLong: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i])), proxy: new Proxy({ a: 1 }, {}), pair: new WebSocketPair(), console: typeof console, crypto, subtle: crypto.subtle, navigator: typeof navigator, ctx, pattern: new URLPattern({ pathname: "/a" }), channel: new MessageChannel().port1 })) { fact(`inspect ${n}`, () => util.inspect(v)); fact(`format ${n}`, () => show("%s|%o|%O|%j|%d", v, 1, v, typeof v === "bigint" || v === null || typeof v !== "object" ? 0 : 1, 5)); fact(`log ${n}`, () => show(v, v)); }
    fact("format kinds", () => [show("%s %s", "a"), show("%d %i %f", "5.5", "5.5", "5.5x"), show("%%", 1), show("%c css", "color:red"), show("a", 1, { b: 2 }), show("%x", 1), show(1, "%s", 2), show("%s", { toString: () => "ts" }), show("%s", class A {}), show("%s", Symbol("q")), show("%d", "x"), show("%i", 5n), show("%j", { a: 1 }), show()]);
    for (const [n, f] of Object.entries({ none: () => new WebSocket(), bad: () => new WebSocket("x"), http: () => new WebSocket("http://a/").url, hash: () => new WebSocket("ws://a/#x"), proto: () => new WebSocket("ws://a/", "a b"), protoDup: () => new WebSocket("ws://a/", ["a", "a"]), pairCall: () => WebSocketPair(), sendBefore: () => new WebSocketPair()[0].send("x"), closeBefore: () => new WebSocketPair()[0].close(), acceptTwice: () => { const w = new WebSocketPair()[0]; w.accept(); w.accept(); }, badCode: () => { const w = new WebSocketPair()[0]; w.accept(); w.close(999); }, badCode2: () => { const w = new WebSocketPair()[0]; w.accept(); w.close(5000); }, reasonLong: () => { const w = new WebSocketPair()[0]; w.accept(); w.close(1000, "x".repeat(124)); }, reasonNoCode: () => { const w = new WebSocketPair()[0]; w.accept(); w.close(undefined, "x"); }, send: () => { const w = new WebSocketPair()[0]; w.accept(); w.send(); }, sendObj: () => { const w = new WebSocketPair()[0]; w.accept(); return w.send({}); }, state: () => { const w = new WebSocketPair()[0]; return [w.readyState, w.url, w.protocol, w.extensions, WebSocket.OPEN, w.OPEN, WebSocket.READY_STATE_OPEN]; }, serialize: () => new WebSocketPair()[0].serializeAttachment(() => 1), resp: () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }).webSocket.constructor.name, resp200: () => new Response(null, { status: 200, webSocket: new WebSocketPair()[0] }) })) fact(`ws ${n}`, f);
    for (const [n, f] of Object.entries({ digestNone: () => crypto.subtle.digest(), digestBad: () => crypto.subtle.digest("SHA-9", new Uint8Array()), digestStr: () => crypto.subtle.digest("SHA-1", "x"), digestObj: () => crypto.subtle.digest({ name: "sha-256" }, new Uint8Array(0)), digestMd5: () => crypto.subtle.digest("MD5", new Uint8Array(0)), genNone: () => crypto.subtle.generateKey(), genBad: () => crypto.subtle.generateKey({ name: "X" }, true, ["sign"]), genUsage: () => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-1" }, true, ["encrypt"]), genEmpty: () => crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, []), genLen: () => crypto.subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"]), importBad: () => crypto.subtle.importKey("x", new Uint8Array(16), "AES-GCM", true, ["encrypt"]), importLen: () => crypto.subtle.importKey("raw", new Uint8Array(15), "AES-GCM", true, ["encrypt"]), importJwk: () => crypto.subtle.importKey("jwk", { kty: "oct" }, "AES-GCM", true, ["encrypt"]), importJwkKty: () => crypto.subtle.importKey("jwk", { kty: "RSA" }, "AES-GCM", true, ["encrypt"]), signKey: () => crypto.subtle.sign("HMAC", {}, new Uint8Array(0)) })) await later(`crypto ${n}`, async () => { const v = await f(); return v instanceof ArrayBuffer ? v.byteLength : Object.prototype.toString.call(v); });
    for (const v of [undefined, null, 5, "x", [1], new Float32Array(1), new DataView(new ArrayBuffer(1)), new ArrayBuffer(4), new Uint8Array(65537), new BigInt64Array(1)]) fact(`getRandomValues ${Object.prototype.toString.call(v)}`, () => crypto.getRandomValues(v).constructor.name);
    fact("randomUUID", () => [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID.length]);
    fact("timingSafeEqual", () => [crypto.subtle.timingSafeEqual(new Uint8Array([1]), new Uint8Array([1])), crypto.subtle.timingSafeEqual(new Uint8Array([1]), new Uint16Array([1]).subarray(1)) ]);
    fact("performance", () => [performance.timeOrigin, typeof performance.now(), typeof performance.mark, typeof performance.measure, typeof performance.toJSON, Object.prototype.toString.call(performance), JSON.stringify(performance).length > 2]);
    return Response.json(facts);
  },
};
