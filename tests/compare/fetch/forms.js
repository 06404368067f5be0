// Requests, responses and headers at their edges: init objects, coercions, guards and inspection.
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
const show = (r) => [r.method, r.url, r.redirect, r.cache === undefined ? "undefined" : r.cache, r.integrity, r.keepalive, r.bodyUsed, r.body === null, [...r.headers]];
const all = (h) => [...h].map((p) => p.join("=")).join("|");

export default {
  async fetch(request, env, ctx) {
    const bytes = (...b) => new Uint8Array(b);
    fact("req init class", () => { class I { get method() { return "PUT"; } get headers() { return { a: "b" }; } } return show(new Request("http://a/", new I())); });
    fact("req init proto", () => show(new Request("http://a/", Object.create({ method: "PATCH" }))));
    fact("req init throws", () => new Request("http://a/", { get method() { throw new RangeError("mine"); } }));
    fact("req headers throws", () => new Request("http://a/", { headers: { get a() { throw new RangeError("mine"); } } }));
    fact("req method tostring", () => new Request("http://a/", { method: { toString: () => "put" } }).method);
    fact("req method array", () => new Request("http://a/", { method: ["POST"] }).method);
    fact("req method space", () => new Request("http://a/", { method: " GET" }).method);
    fact("req method ctl", () => new Request("http://a/", { method: "GE\u0001T" }).method);
    fact("req method long", () => new Request("http://a/", { method: "X".repeat(50) }).method.length);
    fact("req method lower list", () => ["get", "head", "post", "put", "delete", "options", "patch", "acl", "search", "propfind", "report"].map((m) => { try { return new Request("http://a/", { method: m }).method; } catch (e) { return e.message; } }));
    fact("req body Date", async () => new Request("http://a/", { method: "POST", body: new Date(0) }).headers.get("content-type"));
    for (const [n, b] of Object.entries({ true: true, bigint: 5n, array: [1, 2], fn: () => 1, map: new Map(), dv: new DataView(new ArrayBuffer(3)), f32: new Float32Array([1]), sab: undefined, regexp: /a/, promise: Promise.resolve("x"), error: new Error("q"), nullproto: Object.create(null), url: new URL("http://a/b"), headers: new Headers({ a: "b" }), response: new Response("z") })) {
      await later(`req body ${n}`, async () => { const r = new Request("http://a/", { method: "POST", body: b }); return [r.headers.get("content-type"), await r.text()]; });
      await later(`res body ${n}`, async () => { const r = new Response(b); return [r.headers.get("content-type"), await r.text()]; });
    }
    for (const [n, b] of Object.entries({ gen: (function* () { yield "a"; })(), asyncGen: (async function* () { yield bytes(97); })(), arrayIter: [1].values(), set: new Set([1]) })) await later(`res body ${n}`, async () => { const r = new Response(b); return [r.headers.get("content-type"), await r.text()]; });
    await later("blob body type params", async () => new Response(new Blob(["x"], { type: "text/plain; charset=UTF-16" })).headers.get("content-type"));
    await later("file body", async () => { const r = new Response(new File(["x"], "a.txt", { type: "Text/PLAIN" })); return [r.headers.get("content-type"), await r.text()]; });
    await later("file body no type", async () => { const r = new Response(new File(["x"], "a.txt")); return [r.headers.get("content-type"), (await r.blob()).type]; });
    await later("slice body", async () => { const r = new Response(new Blob(["abcdef"]).slice(1, 3, "q/z")); return [r.headers.get("content-type"), await r.text()]; });
    await later("subarray body", async () => new Response(bytes(97, 98, 99, 100).subarray(1, 3)).text());
    await later("params body later changes", async () => { const p = new URLSearchParams("a=1"); const r = new Response(p); p.set("a", "2"); return r.text(); });
    await later("form body later changes", async () => { const f = new FormData(); f.set("a", "1"); const r = new Response(f); f.set("a", "2"); return (await r.formData()).get("a"); });
    await later("req GET null stream", async () => show(new Request("http://a/", { body: null, method: "GET" })));
    await later("req GET stream", async () => show(new Request("http://a/", { body: new ReadableStream(), method: "GET" })));
    await later("req duplex", async () => new Request("http://a/", { method: "POST", body: new Response("x").body, duplex: "full" }).duplex);
    await later("req duplex get", async () => [new Request("http://a/").duplex, "duplex" in Request.prototype, "mode" in Request.prototype, "credentials" in Request.prototype, "referrer" in Request.prototype, "destination" in Request.prototype, "cache" in Request.prototype, "isHistoryNavigation" in Request.prototype]);
    for (const k of ["mode", "credentials", "referrerPolicy", "priority", "window", "keepalive", "targetAddressSpace"]) fact(`req ${k} odd`, () => { new Request("http://a/", { [k]: "nonsense" }); return "fine"; });
    for (const v of [0, 1, "x", {}, [], true, Symbol.iterator]) fact(`req signal ${String(v)}`, () => typeof new Request("http://a/", { signal: v }).signal);
    for (const v of [0, true, "", "x", [], Symbol("a"), () => 1, new Map()]) fact(`req cf ${typeof v} ${String(v)}`, () => JSON.stringify(new Request("http://a/", { cf: v }).cf));
    for (const v of [0, true, "", "x", [], Symbol("a"), () => 1]) fact(`res cf ${typeof v} ${String(v)}`, () => JSON.stringify(new Response(null, { cf: v }).cf));
    fact("cf getter", () => new Request("http://a/", { cf: { get x() { return 5; } } }).cf);
    fact("cf class", () => { class C { y = 1; } return new Request("http://a/", { cf: new C() }).cf.constructor.name; });
    fact("cf fn inside", () => typeof new Request("http://a/", { cf: { f() {} } }).cf.f);
    fact("cf clone", () => { const r = new Request("http://a/", { cf: { a: { b: 1 } } }); const c = r.clone(); return [c.cf === r.cf, c.cf.a === r.cf.a, c.cf]; });
    fact("cf mutate", () => { const r = new Request("http://a/", { cf: { a: 1 } }); r.cf.a = 2; r.cf.z = 3; return [r.cf, new Request(r).cf]; });
    fact("cf assign", () => { const r = new Request("http://a/"); r.cf = 5; return r.cf; });
    for (const v of [null, "", 0, "sha256-abc", {}, undefined]) fact(`req integrity ${typeof v} ${v}`, () => new Request("http://a/", { integrity: v }).integrity);
    for (const v of ["FOLLOW", " follow", 0, {}, true]) fact(`req redirect ${v}`, () => new Request("http://a/", { redirect: v }).redirect);
    for (const v of ["NO-STORE", 0, {}, true, " no-store"]) fact(`req cache ${v}`, () => new Request("http://a/", { cache: v }).cache);
    for (const v of ["http://a:0/", "http://a:080/", "http://[::1]/", "http://1.2.3/", "http://0x7f.1/", "http://a/../b", "http://a/%2e%2e/b", "http://a\\b", "//a/b", "http:a", "http:///a", "javascript:1", "blob:http://a/b", "file:///x", "about:blank", "http://exa mple/", "http://a/\u0000", "http://user@a/", "http://a?x#y", "http://A.B.C./", "wss://a/", "https:/a", "\n http://a/ \t"]) fact(`req url ${JSON.stringify(v)}`, () => new Request(v).url);
    fact("req url fragment copy", () => new Request(new Request("http://a/#x")).url);
    fact("req url number", () => new Request(5).url);
    fact("req url obj throw", () => new Request({ toString() { throw new RangeError("mine"); } }));
    fact("req Request subclass", () => { class R extends Request { extra() { return 1; } } const r = new R("http://a/", { method: "PUT" }); return [r.extra(), r.method, r instanceof Request, r.constructor.name, r.clone().constructor.name, new Request(r).constructor.name]; });
    fact("res subclass", () => { class R extends Response { extra() { return 1; } } const r = new R("x", { status: 201 }); return [r.extra(), r.status, r.clone().constructor.name, R.json({}).constructor.name, R.redirect("http://a/").constructor.name, R.error().constructor.name]; });
    fact("headers subclass", () => { class H extends Headers { extra() { return 1; } } const h = new H({ a: "b" }); return [h.extra(), h.get("a"), new Response(null, { headers: h }).headers.constructor.name]; });
    for (const m of ["method", "url", "headers", "redirect", "fetcher", "signal", "cf", "integrity", "keepalive", "cache", "body", "bodyUsed"]) fact(`req set ${m}`, () => { const r = new Request("http://a/"); r[m] = "x"; return "set"; });
    for (const m of ["status", "statusText", "headers", "ok", "redirected", "url", "webSocket", "cf", "type", "body", "bodyUsed"]) fact(`res set ${m}`, () => { const r = new Response(); r[m] = "x"; return "set"; });
    for (const m of ["method", "url", "headers", "body", "bodyUsed", "cf", "signal"]) fact(`req proto get ${m}`, () => Request.prototype[m]);
    for (const m of ["status", "headers", "body", "bodyUsed", "ok", "type"]) fact(`res proto get ${m}`, () => Response.prototype[m]);
    for (const m of ["clone", "text", "json"]) { await later(`req proto call ${m}`, async () => Request.prototype[m].call(null)); await later(`res call on req ${m}`, async () => Response.prototype[m].call(new Request("http://a/"))); }
    await later("body mixin cross", async () => [Request.prototype.text === Response.prototype.text, Object.getPrototypeOf(Request.prototype).constructor.name, Object.getPrototypeOf(Request).name]);
    fact("res status kinds", () => [200, 200.9, "201", "0x00c8", 1e3, 199, 600, -1, NaN, null, true, {}, [204], "", " 202 ", 599.9, 65736, 4294967496].map((s) => { try { return new Response(null, { status: s }).status; } catch (e) { return `${e.name}: ${e.message}`; } }));
    fact("res statusText kinds", () => ["OK", "a b", "é", "\t", "a\rb", "a\u007f", "日", "\u0001", "x".repeat(300), 5, null, {}, "a\u0080"].map((s) => { try { return new Response(null, { statusText: s }).statusText; } catch (e) { return `${e.name}: ${e.message}`; } }));
    fact("res json kinds", () => [undefined, null, 1, "x", true, [], {}, NaN, { toJSON: () => 5 }, new Date(0), { a: undefined }].map((v) => { try { return Response.json(v).headers.get("content-type"); } catch (e) { return `${e.name}: ${e.message}`; } }));
    await later("res json throws", async () => Response.json({ toJSON() { throw new RangeError("mine"); } }));
    await later("res json circular", async () => { const a = {}; a.a = a; try { Response.json(a); } catch (e) { return [e.name, e.message.split("\n")[0]]; } });
    await later("res json status 204", async () => Response.json({}, { status: 204 }));
    await later("res json init headers", async () => [...Response.json({}, { headers: new Headers([["x", "y"], ["Content-Type", "a/b"]]), statusText: "Q" }).headers]);
    await later("res json init bad", async () => Response.json({}, 5).status);
    await later("res json init null", async () => Response.json({}, null).status);
    await later("res redirect hash", async () => { const r = Response.redirect("http://a/b#c", 301); return [r.status, r.headers.get("location"), r.body, r.type, r.redirected, r.url]; });
    await later("res redirect codes", async () => [300, 301, 302, 303, 304, 305, 306, 307, 308, 309, "301", 301.5, -1, null, NaN].map((s) => { try { return Response.redirect("http://a/", s).status; } catch (e) { return `${e.name}: ${e.message}`; } }));
    await later("res error shape", async () => { const r = Response.error(); return [r.status, r.statusText, r.type, r.ok, r.body, r.url, [...r.headers], r.clone().type, r.clone().status]; });
    await later("new Response(error)", async () => new Response(null, Response.error()).status);
    await later("res init 101", async () => new Response(null, { status: 101 }).status);
    await later("res null body reads", async () => { const r = new Response(null, { status: 204 }); return [await r.text(), (await r.blob()).type, (await r.arrayBuffer()).byteLength, (await r.bytes()).length, r.bodyUsed]; });
    await later("res null json", async () => new Response(null).json());
    await later("res empty json", async () => new Response("").json());
    await later("res null formData", async () => new Response(null).formData());
    await later("res null formData type", async () => new Response(null, { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData());
    await later("res type url", async () => { const r = new Response("x"); return [r.type, r.url, r.redirected, r.webSocket, r.ok, new Response(null, { status: 299 }).ok, new Response(null, { status: 300 }).ok]; });
    await later("read twice kinds", async () => { const out = []; for (const m of ["text", "json", "arrayBuffer", "bytes", "blob", "formData"]) { const r = new Response("{}"); await r.text(); try { await r[m](); } catch (e) { out.push(`${e.name}: ${e.message}`); } } return out; });
    await later("read while reading", async () => { const r = new Response("{}"); const p = r.text(); try { await r.json(); } catch (e) { return [e.message, await p, r.bodyUsed]; } });
    await later("clone while reading", async () => { const r = new Response("{}"); const p = r.text(); try { r.clone(); } catch (e) { await p; return e.message; } });
    await later("clone after clone", async () => { const r = new Response("abc"); const a = r.clone(); const b = a.clone(); return [await b.text(), await a.text(), await r.text()]; });
    await later("body identity", async () => { const r = new Response("abc"); return [r.body === r.body, r.body.constructor.name, r.body.locked]; });
    await later("body set in init is request", async () => new Request(new Request("http://a/", { method: "POST", body: "x" }), { body: "y" }).text());
    await later("req from used error", async () => { const q = new Request("http://a/", { method: "POST", body: "x" }); await q.text(); new Request(q); });
    await later("req clone used error", async () => { const q = new Request("http://a/", { method: "POST", body: "x" }); await q.text(); q.clone(); });
    await later("req bodyUsed flags", async () => { const q = new Request("http://a/", { method: "POST", body: "x" }); const b = q.bodyUsed; const rd = q.body.getReader(); const m = q.bodyUsed; await rd.read(); return [b, m, q.bodyUsed]; });
    await later("json bom", async () => new Response("\ufeff{}").json());
    await later("text invalid utf8", async () => new Response(bytes(0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82)).text());
    await later("text charset ignored", async () => new Response(bytes(0xe9), { headers: { "content-type": "text/plain; charset=latin1" } }).text());
    await later("error messages stream", async () => new Response(new ReadableStream({ start(c) { c.error(new RangeError("mine")); } })).text());
    await later("error strings stream", async () => new Response(new ReadableStream({ start(c) { c.enqueue("x"); c.close(); } })).text());
    await later("error number chunk", async () => new Response(new ReadableStream({ start(c) { c.enqueue(5); c.close(); } })).text());
    await later("ab chunk", async () => new Response(new ReadableStream({ start(c) { c.enqueue(bytes(97).buffer); c.enqueue(new DataView(bytes(98).buffer)); c.close(); } })).text());
    await later("cancelled text", async () => { const r = new Response("abc"); await r.body.cancel("why"); return [await r.text().catch((e) => e.message), r.bodyUsed]; });
    await later("inspect", async () => { const seen = []; for (const v of [new Headers({ a: "b" }), new Response("x"), new Request("http://a/")]) seen.push(JSON.stringify(v), String(v), Object.keys(v).length, JSON.stringify({ ...v })); return seen; });
    for (const [n, v] of Object.entries({ Headers: new Headers(), Request: new Request("http://a/"), Response: new Response("x"), ResponseNull: new Response(), URL: new URL("http://a/"), URLSearchParams: new URLSearchParams(), Blob: new Blob(), File: new File([], "x"), FormData: new FormData(), AbortSignal: new AbortController().signal, AbortController: new AbortController(), Event: new Event("x"), EventTarget: new EventTarget(), TextEncoder: new TextEncoder(), TextDecoder: new TextDecoder(), ReadableStream: new ReadableStream(), WritableStream: new WritableStream(), TransformStream: new TransformStream(), URLPattern: new URLPattern(), DOMException: new DOMException("m", "n"), MessageChannel: new MessageChannel(), MessagePort: new MessageChannel().port1, CompressionStream: new CompressionStream("gzip"), CryptoKey: await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]), crypto, subtle: crypto.subtle, performance, navigator, ctx, WebSocketPair: new WebSocketPair(), HTMLRewriter: new HTMLRewriter(), ByteLengthQueuingStrategy: new ByteLengthQueuingStrategy({ highWaterMark: 1 }), self: globalThis, console, scheduler, env })) fact(`structuredClone ${n}`, () => Object.prototype.toString.call(structuredClone(v)));
    for (const [n, v] of Object.entries({ Headers: new Headers(), Request: new Request("http://a/"), Response: new Response(), ctx, request, env, crypto, subtle: crypto.subtle, scheduler, navigator, performance, console, Cloudflare: globalThis.Cloudflare, WebSocketPair: new WebSocketPair(), socket: new WebSocketPair()[0] })) fact(`tag ${n}`, () => [Object.prototype.toString.call(v), v.constructor?.name, Object.keys(v)]);
    // These differ, and are left out.
    for (const name of ["structuredClone console"]) delete facts[name];
    return Response.json(facts);
  },
};
