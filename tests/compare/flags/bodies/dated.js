// What flags change, of any date.
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
let evaled; try { evaled = eval("1 + 1"); } catch (e) { evaled = `${e.name}: ${e.message}`; }
let made; try { made = new Function("return 5")(); } catch (e) { made = `${e.name}: ${e.message}`; }

export default {
  async fetch(request, env, ctx) {
    const bytes = (...b) => new Uint8Array(b);
    for (const n of ["navigator", "MessageChannel", "MessagePort", "WeakRef", "FinalizationRegistry", "Iterator", "Float16Array", "WebSocketPair", "EventSource", "CompressionStream", "URLPattern", "FixedLengthStream", "IdentityTransformStream", "FileSystemHandle", "ErrorEvent", "PerformanceEntry", "Performance", "process", "Buffer", "global", "setImmediate", "caches", "Cloudflare", "TailEvent", "TraceEvent", "WorkerGlobalScope", "ReadableStream", "importScripts", "queueMicrotask", "scheduler"].filter((n) => n !== "caches")) fact(`typeof ${n}`, () => typeof globalThis[n]);
    fact("navigator", () => [navigator.userAgent, navigator.language, navigator.languages && [...navigator.languages], navigator.hardwareConcurrency, navigator.platform]);
    fact("flags seen", () => ["cache_option_enabled", "upper_case_all_http_methods", "set_event_target_this", "enable_weak_ref", "enable_navigator_language", "internal_stream_byob_return_view", "http_headers_getsetcookie", "global_navigator", "strict_compression_checks", "enable_ctx_exports", "expose_global_message_channel", "nodejs_compat", "allow_eval_during_startup", "unwrap_custom_thenables"].map((f) => `${f} ${globalThis.Cloudflare?.compatibilityFlags?.[f]}`));
    fact("ctx", () => ["exports", "props", "waitUntil", "passThroughOnException", "abort"].map((k) => `${k} ${typeof ctx[k]}`));
    fact("methods", () => ["get", "patch", "Foo", "put", "delete"].map((m) => { try { return new Request("http://a/", { method: m }).method; } catch (e) { return `${e.name}: ${e.message}`; } }));
    fact("cache", () => [undefined, "no-store", "no-cache", "reload", "x"].map((c) => { try { const r = new Request("http://a/", { cache: c }); return [String(r.cache), [...r.headers]]; } catch (e) { return `${e.name}: ${e.message}`; } }));
    fact("cache in", () => "cache" in Request.prototype);
    fact("getSetCookie", () => [typeof Headers.prototype.getSetCookie, new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).get("set-cookie"), [...new Headers([["set-cookie", "a"], ["set-cookie", "b"]])]]);
    fact("listener this", () => { const t = new EventTarget(); const o = []; t.addEventListener("x", function () { o.push(this === t, this === undefined, this === globalThis); }); const h = { handleEvent() { o.push(this === h, this === t); } }; t.addEventListener("x", h); t.dispatchEvent(new Event("x")); return o; });
    await later("byob end", async () => { const r = new Response("ab").body.getReader({ mode: "byob" }); await r.read(new Uint8Array(4)); const x = await r.read(new Uint8Array(4)); return [x.done, x.value?.constructor.name ?? String(x.value), x.value?.byteLength]; });
    await later("byob detaches", async () => { const r = new Response("ab").body.getReader({ mode: "byob" }); const b = new Uint8Array(4); await r.read(b); return b.byteLength; });
    await later("thenable", async () => { const r = await { then(f) { f(5); } }; return r; });
    await later("trailing gzip", async () => { const c = await new Response(new Response("abc").body.pipeThrough(new CompressionStream("gzip"))).bytes(); const d = new Uint8Array(c.length + 2); d.set(c); return new Response(new Response(d).body.pipeThrough(new DecompressionStream("gzip"))).text(); });
    await later("short gzip", async () => { const c = await new Response(new Response("abc").body.pipeThrough(new CompressionStream("gzip"))).bytes(); return new Response(new Response(c.slice(0, -4)).body.pipeThrough(new DecompressionStream("gzip"))).text(); });
    fact("request signal", () => [typeof request.signal, request.signal?.aborted, request.signal?.constructor?.name, typeof new Request("http://a/").signal, request.clone().signal?.aborted]);
    fact("search delete value", () => { const p = new URLSearchParams("a=1&a=2"); p.delete("a", "1"); return [String(p), p.has("a", "1")]; });
    fact("tags", () => [new Headers(), new Request("http://a/"), new URL("http://a/"), ctx, crypto, new AbortController()].map((x) => Object.prototype.toString.call(x)));
    fact("blob type", () => [new Blob([], { type: "Text/Plain;Charset=UTF-8" }).type, new Blob([], { type: "x" }).type]);
    fact("redirect", () => ["http://a", "http://a/%41 b", "/x"].map((u) => { try { return Response.redirect(u).headers.get("location"); } catch (e) { return e.message; } }));
    fact("request url", () => ["http://a", "http://a/ b", "http:a", "ftp://a/", "/x", "http://a/#x"].map((u) => { try { return new Request(u).url; } catch (e) { return `${e.name}: ${e.message}`; } }));
    fact("url", () => ["http://A:80/../x y", "http://münchen/"].map((u) => new URL(u).href));
    fact("getters", () => [Object.keys(new Request("http://a/")), Object.hasOwn(new Response(), "status"), "status" in Response.prototype]);
    fact("constructors", () => { let ok = []; for (const f of [() => new ReadableStream({ start(c) { c.close(); } }), () => new WritableStream({}), () => new TransformStream({ transform() {} })]) { try { ok.push(f().constructor.name); } catch (e) { ok.push(e.message); } } return ok; });
    fact("eval", () => eval("1"));
    fact("new Function", () => new Function("return 1")());
    fact("startup eval", () => [evaled, made]);
    await later("form files", async () => { const r = new Response('--X\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nb\r\n--X--\r\n', { headers: { "content-type": "multipart/form-data; boundary=X" } }); const v = (await r.formData()).get("a"); return typeof v === "string" ? v : v.constructor.name; });
    await later("digest publicExponent", async () => (await crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: bytes(1, 0, 1), hash: "SHA-256" }, true, ["sign", "verify"])).publicKey.algorithm.publicExponent.constructor.name);
    await later("fetch of odd", async () => { try { await fetch("foo://a/"); } catch (e) { return `${e.name}: ${e.message}`; } });
    await later("ws compat", async () => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); const o = []; b.addEventListener("close", (e) => o.push(e.code, e.reason, b.readyState)); a.close(1000, "bye"); await new Promise((r) => setTimeout(r, 5)); o.push(a.readyState, b.readyState); return o; });
    return Response.json(facts);
  },
};
