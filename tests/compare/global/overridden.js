// Subclasses that override every member, objects without their prototypes, and what only looks like an object of a class.
const facts = {};
function say(error) { return error instanceof Object || typeof error === "object" && error ? `${error?.constructor?.name} ${error?.name}: ${error?.message}` : `thrown ${String(error)}`; }
function shown(v) { if (v === undefined) return "undefined"; if (typeof v === "number" && !Number.isFinite(v) || Object.is(v, -0)) return "number " + (Object.is(v,-0)?"-0":v); if (typeof v === "bigint") return v + "n"; if (typeof v === "symbol" || typeof v === "function") return String(v); return v; }
function note(name, f) { try { facts[name] = shown(f()); } catch (e) { facts[name] = say(e); } }
async function later(name, f) { try { facts[name] = shown(await f()); } catch (e) { facts[name] = say(e); } }
async function work() {
const boom = (C, ...names) => { class S extends C {} ; for (const n of Object.getOwnPropertyNames(C.prototype)) { if (n === "constructor") continue; const d = Object.getOwnPropertyDescriptor(C.prototype, n); const f = () => { throw new Error("over " + n); }; Object.defineProperty(S.prototype, n, "value" in d ? { ...d, value: f } : { ...d, get: f }); } return S; };
const real = (C, n) => Object.getOwnPropertyDescriptor(C.prototype, n);
const get = (o, C, n) => real(C, n).get.call(o);
const call = (o, C, n, ...a) => real(C, n).value.call(o, ...a);
const SR = boom(Response), SQ = boom(Request), SH = boom(Headers), SB = boom(Blob), SFi = boom(File), SF = boom(FormData), SRS = boom(ReadableStream), SWS = boom(WritableStream), STS = boom(TransformStream), SU = boom(URL), SP = boom(URLSearchParams), SAC = boom(AbortController), SE = boom(Event), SET = boom(EventTarget);
const Body = Object.getPrototypeOf(Response.prototype).constructor;
await later("sr text", () => call(new SR("x"), Body, "text"));
await later("sr blob", () => call(new SR("x", { headers: { "content-type": "a/b" } }), Body, "blob").then((b) => b.type));
await later("sr form", () => call(new SR("a=b", { headers: { "content-type": "application/x-www-form-urlencoded" } }), Body, "formData").then((b) => b.get("a")));
await later("sr init", () => { const r = new Response("y", new SR("x", { status: 201, statusText: "S", headers: { a: "b" } })); return [r.status, r.statusText, [...r.headers]]; });
await later("sr clone", async () => { const c = call(new SR("x"), Response, "clone"); return [c instanceof SR, await c.text()]; });
await later("sr rewriter", () => new HTMLRewriter().on("p", { element(e) { e.append("!"); } }).transform(new SR("<p></p>")).text());
await later("sq init", async () => { const r = new Request("http://y", new SQ("http://x", { method: "POST", body: "b", headers: { a: "b" } })); return [r.method, await r.text(), [...r.headers]]; });
await later("sq copy", async () => { const r = new Request(new SQ("http://x", { method: "POST", body: "b", headers: { a: "b" } })); return [r.method, await r.text(), [...r.headers]]; });
await later("sq clone", async () => { const c = call(new SQ("http://x", { method: "POST", body: "q" }), Request, "clone"); return [c instanceof SQ, c.constructor === Request, await c.text()]; });
await later("sq fetch", () => fetch(new SQ("data:,hi")).then((r) => r.text()));
await later("sq cache", async () => (await caches.open("uses")).match(new SQ("http://x/none")).then((r) => String(r)));
await later("sh init", () => [...new Response("", { headers: new SH({ a: "b" }) }).headers]);
await later("sh copy", () => [...new Headers(new SH({ a: "b" }))]);
await later("sb body", async () => { const r = new Response(new SB(["x"], { type: "q/r" })); return [r.headers.get("content-type"), await r.text()]; });
await later("sb parts", () => new Blob([new SB(["x"]), new SFi(["y"], "n")]).text());
await later("sfi form", async () => { const f = new FormData(); f.append("f", new SFi(["y"], "n.t", { type: "a/b" })); const g = f.get("f"); return [g instanceof SFi, (await new Response(f).formData()).get("f").name]; });
await later("sf body", async () => { const f = new SF(); call(f, FormData, "append", "a", "b"); return (await new Response(f).formData()).get("a"); });
await later("srs body", () => new Response(new SRS({ start(c) { c.enqueue(new Uint8Array([65])); c.close(); } })).text());
await later("srs pipe", async () => { let s = ""; await call(new SRS({ start(c) { c.enqueue("a"); c.close(); } }), ReadableStream, "pipeTo", new SWS({ write(x) { s += x; } })); return s; });
await later("srs tee", async () => { const [a] = call(new SRS({ start(c) { c.enqueue("a"); c.close(); } }), ReadableStream, "tee"); return [a instanceof SRS, (await a.getReader().read()).value]; });
await later("srs reader", async () => (await new ReadableStreamDefaultReader(new SRS({ start(c) { c.enqueue("a"); } })).read()).value);
await later("su request", () => new Request(new SU("http://u/")).url);
await later("su redirect", () => Response.redirect(new SU("http://u/")).headers.get("location"));
await later("su url", () => new URL("x", new SU("http://u/")).href);
await later("su fetch", () => fetch(new SU("data:,u")).then((r) => r.text()));
await later("sp body", () => new Response(new SP("a=b")).text());
await later("sp url", () => new URLSearchParams(new SP("a=b")).toString());
await later("sac signal", () => { const c = new SAC(); const s = get(c, AbortController, "signal"); const r = new Request("http://x", { signal: s }); call(c, AbortController, "abort", 5); return [r.signal.aborted, r.signal.reason]; });
await later("se dispatch", () => { const t = new SET(); let n = 0; call(t, EventTarget, "addEventListener", "x", () => n++); call(t, EventTarget, "dispatchEvent", new SE("x")); return n; });
await later("sts pipe", async () => { const t = new STS(); return call(new Response("q").body, ReadableStream, "pipeThrough", { readable: get(t, TransformStream, "readable"), writable: get(t, TransformStream, "writable") }) instanceof ReadableStream; });
await later("sts pipe overr", async () => new Response("q").body.pipeThrough(new STS()));
await later("clone sh", () => [...structuredClone(new SH({ a: "b" }))]);
await later("clone sb", () => structuredClone(new SB(["x"])).text());
await later("clone sq", () => structuredClone(new SQ("http://x/")).url);
await later("clone sr", () => structuredClone(new SR(null)).status);
await later("setproto null", () => { const h = new Headers({ a: "b" }); Object.setPrototypeOf(h, null); return [...new Headers(h)]; });
await later("setproto null blob", async () => { const h = new Blob(["b"]); Object.setPrototypeOf(h, null); return await new Response(h).text(); });
await later("setproto null stream", async () => { const h = new Response("b").body; Object.setPrototypeOf(h, null); return await new Response(h).text(); });
await later("setproto null form", async () => { const h = new FormData(); h.append("a", "b"); Object.setPrototypeOf(h, null); return (await new Response(h).formData()).get("a"); });
await later("setproto null req", async () => { const h = new Request("http://q/"); Object.setPrototypeOf(h, null); return new Request(h).url; });
await later("setproto null signal", async () => { const h = new AbortController().signal; Object.setPrototypeOf(h, null); return new Request("http://x/", { signal: h }).url; });
for (const C of [Response, Request, Headers, Blob, FormData, ReadableStream, URLSearchParams, URL]) {
  await later("fake body " + C.name, () => new Response(Object.create(C.prototype)).text());
  await later("fake headers " + C.name, () => [...new Headers(Object.create(C.prototype))].length);
  await later("fake url " + C.name, () => new Request(Object.create(C.prototype)).url);
  await later("fake init " + C.name, () => new Request("http://x", Object.create(C.prototype)).url);
  await later("fake rinit " + C.name, () => new Response("", Object.create(C.prototype)).status);
  await later("fake blobpart " + C.name, () => new Blob([Object.create(C.prototype)]).text());
}
await later("fake signal", () => new Request("http://x", { signal: Object.create(AbortSignal.prototype) }).url);
await later("fake pipe", () => new Response("x").body.pipeTo(Object.create(WritableStream.prototype)));
await later("fake any", () => AbortSignal.any([Object.create(AbortSignal.prototype)]));
await later("fake form val", () => { const f = new FormData(); f.append("a", Object.create(Blob.prototype)); return f.get("a"); });
await later("proxy headers", () => [...new Headers(new Proxy(new Headers({ a: "b" }), {}))]);
await later("proxy resp body", () => new Response(new Proxy(new Blob(["x"]), {})).text());
await later("proxy req", () => new Request(new Proxy(new Request("http://p/"), {})).url);
await later("proxy init", () => { const r = new Request("http://p/", new Proxy({ method: "PUT", body: "q" }, {})); return r.method; });
await later("proxy resp init", () => new Response("x", new Proxy(new Response("x", { status: 201 }), {})).status);
await later("custom fetcher", () => { class R extends Response { constructor(b, i) { super(b, i); this.extra = 1; } get status() { return 299; } } const r = new R("x", { status: 202 }); return [r.status, r.extra, r.clone().status, r.clone().extra === undefined]; });
}
export default { async fetch() { await work(); return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } }); } };
