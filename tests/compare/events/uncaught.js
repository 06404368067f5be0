// flags: nodejs_compat
// What nobody catches: rejections, errors that are reported, and where.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const ev = async (name, f) => { const log = []; const un = (e) => { log.push([e.type, String(e.reason), e.promise instanceof Promise, e.cancelable, e.isTrusted, e.constructor.name].join(":")); e.preventDefault(); }; const er = (e) => { log.push(["error", e.message, String(e.error), e.filename, e.lineno > 0, e.cancelable, e.constructor.name].join(":")); e.preventDefault(); }; addEventListener("unhandledrejection", un); addEventListener("rejectionhandled", un); addEventListener("error", er); try { await f(log); } catch (e) { log.push("threw " + say(e)); } await scheduler.wait(5); removeEventListener("unhandledrejection", un); removeEventListener("rejectionhandled", un); removeEventListener("error", er); facts["ev " + name] = log; };
await ev("reject", () => { Promise.reject(new Error("r")); });
await ev("late catch", async () => { const p = Promise.reject(new Error("l")); await scheduler.wait(1); p.catch(() => {}); });
await ev("sync catch", () => { const p = Promise.reject(1); p.catch(() => {}); });
await ev("micro catch", () => { const p = Promise.reject(1); queueMicrotask(() => p.catch(() => {})); });
await ev("micro2 catch", async () => { const p = Promise.reject(1); await null; await null; await null; p.catch(() => {}); });
await ev("finally", () => { Promise.reject(1).finally(() => {}); });
await ev("then chain", () => { Promise.reject(1).then(() => {}).then(() => {}); });
await ev("async fn", () => { (async () => { throw new TypeError("t"); })(); });
await ev("two", () => { const p = Promise.reject(1); p.then(() => {}); p.then(() => {}); });
await ev("resolve after reject", () => { new Promise((a, b) => { b(1); a(2); }); });
await ev("reject twice", () => { new Promise((a, b) => { b(1); b(2); }).catch(() => {}); });
await ev("throw after resolve", () => { new Promise((a) => { a(1); throw new Error("x"); }); });
await ev("all", () => { Promise.all([Promise.reject(1), Promise.reject(2)]).catch(() => {}); });
await ev("race", () => { Promise.race([Promise.reject(1), Promise.reject(2)]).catch(() => {}); });
await ev("reportError", () => { reportError(new Error("re")); });
await ev("reportError prim", () => { reportError("str"); reportError(5); reportError(undefined); reportError(null); reportError({ a: 1 }); });
await ev("reportError none", () => { reportError(); });
await ev("reportError sym", () => { reportError(Symbol("x")); });
await ev("reportError dom", () => { reportError(new DOMException("m", "N")); });
await ev("queueMicrotask throws", async () => { queueMicrotask(() => { throw new Error("qm"); }); await null; await null; });
await ev("setTimeout throws", async () => { setTimeout(() => { throw new Error("st"); }, 0); await scheduler.wait(3); });
await ev("setTimeout rejects", async () => { setTimeout(async () => { throw new Error("sr"); }, 0); await scheduler.wait(3); });
await ev("listener throws", () => { const t = new EventTarget(); t.addEventListener("x", () => { throw new Error("lt"); }); t.dispatchEvent(new Event("x")); });
await ev("abort throws", () => { const c = new AbortController(); c.signal.onabort = () => { throw new Error("at"); }; c.abort(); });
await ev("stream pull throws", () => { new ReadableStream({ pull() { throw new Error("p"); } }); });
await ev("stream pull rejects read", async () => { const r = new ReadableStream({ async pull() { throw new Error("p"); } }).getReader(); await r.read().catch(() => {}); });
await ev("writer closed", async () => { const w = new WritableStream({ write() { throw new Error("w"); } }).getWriter(); w.write(1).catch(() => {}); await scheduler.wait(1); });
await ev("reader released", async () => { const r = new ReadableStream().getReader(); r.read(); r.releaseLock(); });
await ev("reader closed unread", async () => { const r = new ReadableStream({ start(c) { c.error(new Error("e")); } }).getReader(); });
await ev("tee unread", async () => { const [a, b] = new ReadableStream({ start(c) { c.error(new Error("e")); } }).tee(); a.getReader(); });
await ev("text unread", async () => { new Response(new ReadableStream({ start(c) { c.error(new Error("e")); } })).text(); });
await ev("json bad", async () => { new Response("{").json(); });
await ev("fetch bad", async () => { fetch("foo:"); });
await ev("digest bad", async () => { crypto.subtle.digest("x", new Uint8Array()); });
await ev("wait rejected", async () => { ctx.waitUntil(Promise.reject(new Error("wu"))); });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
