// node:events.
// flags: nodejs_compat
import EventEmitter, { once, on, errorMonitor, captureRejectionSymbol, getEventListeners, listenerCount, setMaxListeners, getMaxListeners, addAbortListener, EventEmitterAsyncResource } from "node:events";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };
const ta = async (f) => { try { const v = await f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code }; } };
export default {
  async fetch() {
    const o = {}, log = [];
    const e = new EventEmitter();
    e.on("newListener", (n, f) => log.push(["new", String(n), typeof f])); e.on("removeListener", (n) => log.push(["gone", String(n)]));
    const f = (...a) => log.push(["f", ...a]); e.on("a", f); e.once("a", () => log.push("once")); e.prependListener("a", () => log.push("first")); e.prependOnceListener("a", () => log.push("firstOnce"));
    o.emit = [e.emit("a", 1, 2), e.emit("a"), e.emit("none")]; o.counts = [e.listenerCount("a"), listenerCount(e, "a"), e.listenerCount("a", f), e.listenerCount("zz")]; o.names = e.eventNames().map(String); e.off("a", f); e.removeAllListeners("a"); o.after = e.listenerCount("a"); o.log = log;
    o.raw = (() => { const x = new EventEmitter(); const g = () => {}; x.once("q", g); return [x.listeners("q")[0] === g, x.rawListeners("q")[0] === g, x.rawListeners("q")[0].listener === g, x.rawListeners("q")[0].name]; })();
    o.errs = [t(() => e.emit("error", new TypeError("boo"))), t(() => e.emit("error", "str")), t(() => e.emit("error")), t(() => e.emit("error", { a: 1 })), t(() => e.on("x")), t(() => e.on("x", 5)), t(() => e.setMaxListeners(-1)), t(() => e.setMaxListeners("x")), t(() => (EventEmitter.defaultMaxListeners = -1)), t(() => e.once("x", null)), t(() => e.off("x")), t(() => getMaxListeners({})), t(() => setMaxListeners(5, {})), t(() => getEventListeners({}, "x")), t(() => addAbortListener(undefined, () => {})), t(() => addAbortListener({}, () => {}))];
    o.mon = (() => { const x = new EventEmitter(), l = []; x.on(errorMonitor, (er) => l.push(er.message)); try { x.emit("error", new Error("m")); } catch (er) { l.push("thrown"); } return l; })();
    o.max = [e.getMaxListeners(), e.setMaxListeners(3) === e, e.getMaxListeners(), EventEmitter.defaultMaxListeners, getMaxListeners(e)];
    o.sub = (() => { class X extends EventEmitter { constructor() { super(); this.k = 1; } } const x = new X(); return [x instanceof EventEmitter, Object.keys(x), x.on("a", () => {}) === x]; })();
    o.call = (() => { function Y() { EventEmitter.call(this); } Object.setPrototypeOf(Y.prototype, EventEmitter.prototype); const y = new Y(); let n = 0; y.on("z", function () { n += this === y ? 1 : 0; }); y.emit("z"); return n; })();
    o.once = await ta(async () => { const x = new EventEmitter(); queueMicrotask(() => x.emit("go", 1, 2)); return once(x, "go"); });
    o.onceErr = await ta(async () => { const x = new EventEmitter(); queueMicrotask(() => x.emit("error", new Error("bad"))); return once(x, "go"); });
    o.onceAbort = await ta(async () => once(new EventEmitter(), "go", { signal: AbortSignal.abort() }));
    o.onceAbort2 = await ta(async () => { const c = new AbortController(); queueMicrotask(() => c.abort()); return once(new EventEmitter(), "go", { signal: c.signal }); });
    o.onceTarget = await ta(async () => { const x = new EventTarget(); queueMicrotask(() => x.dispatchEvent(new Event("go"))); return (await once(x, "go"))[0].type; });
    o.onceWrong = await ta(async () => once({}, "go"));
    o.on = await ta(async () => { const x = new EventEmitter(), l = []; queueMicrotask(() => { x.emit("d", 1); x.emit("d", 2); x.emit("d", 3); }); for await (const [v] of on(x, "d")) { l.push(v); if (v === 3) break; } return [l, x.listenerCount("d")]; });
    o.onErr = await ta(async () => { const x = new EventEmitter(); queueMicrotask(() => x.emit("error", new Error("it"))); for await (const v of on(x, "d")) return v; });
    o.capture = await ta(async () => { const x = new EventEmitter({ captureRejections: true }); const p = new Promise((r) => x.on("error", r)); x.on("a", async () => { throw new Error("rej"); }); x.emit("a"); return (await p).message; });
    o.capture2 = await ta(async () => { const x = new EventEmitter({ captureRejections: true }); const p = new Promise((r) => (x[captureRejectionSymbol] = (er, ev, ...a) => r([er.message, ev, a]))); x.on("a", async () => { throw new Error("rej"); }); x.emit("a", 5); return p; });
    o.captureWrong = t(() => new EventEmitter({ captureRejections: "yes" }));
    o.symbols = [String(errorMonitor), String(captureRejectionSymbol)];
    o.keys = Object.keys(EventEmitter.prototype); o.inst = Object.keys(new EventEmitter()); o.ar = t(() => { const r = new EventEmitterAsyncResource({ name: "n" }); return [r.asyncId, r.triggerAsyncId, typeof r.asyncResource, r.emit("x")]; });
    o.copy = (() => { const x = new EventEmitter(), l = []; const b = () => l.push("b"); x.on("a", () => { x.off("a", b); l.push("a"); }); x.on("a", b); x.emit("a"); x.emit("a"); return l; })();
    return Response.json(o);
  },
};
