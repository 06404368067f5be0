// What options are read for, in which order; AbortSignal.any() and timeouts.
// head: heads/noted.js
async function work(request, env, ctx) {
const order = (f) => { const log = []; const p = new Proxy({}, { get(t, k) { log.push(String(k)); return undefined; }, has(t, k) { log.push("has " + String(k)); return false; }, ownKeys() { log.push("keys"); return []; } }); try { f(p); } catch (e) { log.push(say(e)); } return log.join(); };
note("order request", () => order((p) => new Request("http://x", p)));
note("order response", () => order((p) => new Response("x", p)));
note("order json", () => order((p) => Response.json({}, p)));
note("order headers", () => order((p) => new Headers(p)));
note("order fetch", () => order((p) => { fetch("data:,", p); }));
note("order event", () => order((p) => new Event("x", p)));
note("order custom", () => order((p) => new CustomEvent("x", p)));
note("order message", () => order((p) => new MessageEvent("x", p)));
note("order close", () => order((p) => new CloseEvent("x", p)));
note("order error", () => order((p) => new ErrorEvent("x", p)));
note("order blob", () => order((p) => new Blob([], p)));
note("order file", () => order((p) => new File([], "n", p)));
note("order addEL", () => order((p) => new EventTarget().addEventListener("x", () => {}, p)));
note("order rmEL", () => order((p) => new EventTarget().removeEventListener("x", () => {}, p)));
note("order rs", () => order((p) => new ReadableStream(p)));
note("order rs strat", () => order((p) => new ReadableStream({}, p)));
note("order ws", () => order((p) => new WritableStream(p)));
note("order ts", () => order((p) => new TransformStream(p)));
note("order ts strat", () => order((p) => new TransformStream({}, p, p)));
note("order getReader", () => order((p) => new ReadableStream().getReader(p)));
note("order pipeTo", () => order((p) => { new ReadableStream().pipeTo(new WritableStream(), p); }));
note("order values", () => order((p) => new ReadableStream().values(p)));
note("order td", () => order((p) => new TextDecoder("utf-8", p)));
note("order decode", () => order((p) => new TextDecoder().decode(new Uint8Array(), p)));
note("order tds", () => order((p) => new TextDecoderStream("utf-8", p)));
note("order clone", () => order((p) => structuredClone(1, p)));
note("order urlpattern", () => order((p) => new URLPattern(p)));
note("order urlpattern opt", () => order((p) => new URLPattern({}, p)));
note("order bls", () => order((p) => new ByteLengthQueuingStrategy(p)));
note("order cqs", () => order((p) => new CountQueuingStrategy(p)));
note("order domexc", () => order((p) => new DOMException("m", p)));
note("order match", () => order((p) => { caches.default.match("http://x", p); }));
note("order wait", () => order((p) => { scheduler.wait(0, p); }));
note("order genkey", () => order((p) => { crypto.subtle.generateKey(p, true, []); }));
note("order digest", () => order((p) => { crypto.subtle.digest(p, new Uint8Array()); }));
note("order rewriter", () => order((p) => new HTMLRewriter().on("a", p)));
note("order rewriterdoc", () => order((p) => new HTMLRewriter().onDocument(p)));
note("order params", () => order((p) => new URLSearchParams(p)));
note("order eventsource", () => order((p) => new EventSource("http://127.0.0.1:1/", p)));
note("order wspair", () => order((p) => { const w = new WebSocketPair()[0]; w.accept(p); }));
note("any empty", () => AbortSignal.any([]).aborted);
note("any set", () => AbortSignal.any(new Set([AbortSignal.abort(1)])).reason);
note("any gen", () => AbortSignal.any((function* () { yield AbortSignal.abort(1); })()).reason);
note("any bad", () => AbortSignal.any([1]));
note("any none", () => AbortSignal.any());
note("any two", () => { const a = new AbortController(), b = new AbortController(); const s = AbortSignal.any([a.signal, b.signal]); b.abort("b"); a.abort("a"); return [s.aborted, s.reason]; });
note("any order", () => { const log = []; const a = new AbortController(); const s = AbortSignal.any([a.signal]); const t = AbortSignal.any([s, a.signal]); a.signal.onabort = () => log.push("a" + s.aborted + t.aborted); s.onabort = () => log.push("s" + t.aborted); t.onabort = () => log.push("t"); a.abort(); return log; });
note("any same", () => { const a = new AbortController(); return AbortSignal.any([a.signal, a.signal]) === a.signal; });
note("abort undefined", () => { const c = new AbortController(); c.abort(undefined); return [c.signal.reason.name, c.signal.reason.message, c.signal.reason instanceof DOMException, c.signal.reason.code]; });
note("abort null", () => { const c = new AbortController(); c.abort(null); return [c.signal.reason]; });
note("abort twice", () => { const c = new AbortController(); let n = 0; c.signal.addEventListener("abort", () => n++); c.abort(1); c.abort(2); return [n, c.signal.reason]; });
note("throwIf", () => { AbortSignal.abort("r").throwIfAborted(); });
note("throwIf none", () => String(new AbortController().signal.throwIfAborted()));
note("abort event", () => { const c = new AbortController(); let e; c.signal.onabort = (x) => e = x; c.abort(); return [e.type, e.isTrusted, e.target === c.signal, e.bubbles, e.cancelable, e.constructor.name]; });
note("abort in handler throws", () => { const c = new AbortController(); c.signal.addEventListener("abort", () => { throw new Error("h"); }); c.abort(); return c.signal.aborted; });
for (const t of [0, -1, 1.5, "5", null, undefined, NaN, Infinity, 2 ** 53, 2 ** 64, {}, 1n]) note("timeout " + String(t) + typeof t, () => AbortSignal.timeout(t).aborted);
await later("timeout fires", () => new Promise((r) => { const s = AbortSignal.timeout(1); s.onabort = () => r([s.reason.name, s.reason.message, s.reason.code]); }));}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
