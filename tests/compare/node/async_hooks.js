// AsyncLocalStorage over promises, await, timers, microtasks and streams; AsyncResource.
// flags: nodejs_compat
import { AsyncLocalStorage, AsyncResource, executionAsyncId, triggerAsyncId, createHook, asyncWrapProviders } from "node:async_hooks";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code }; } };
export default {
  async fetch() {
    const o = {}, als = new AsyncLocalStorage(), other = new AsyncLocalStorage();
    o.out = t(() => als.getStore()); o.run = als.run(1, () => als.getStore()); o.args = als.run(1, (a, b) => [a, b, als.getStore()], 2, 3); o.nest = als.run(1, () => [als.getStore(), als.run(2, () => als.getStore()), als.getStore()]); o.two = als.run(1, () => other.run("x", () => [als.getStore(), other.getStore()])); o.exit = als.run(1, () => [als.exit(() => t(() => als.getStore())), als.getStore()]); o.throws = t(() => als.run(1, () => { throw new Error("x"); })); o.afterThrow = t(() => als.getStore());
    const sleep = (n) => new Promise((r) => setTimeout(r, n));
    o.await = await als.run("a", async () => { const l = [als.getStore()]; await null; l.push(als.getStore()); await sleep(1); l.push(als.getStore()); await Promise.resolve(); l.push(als.getStore()); return l; });
    o.afterAwait = t(() => als.getStore());
    o.caught = await als.run("c", async () => { const l = []; try { await Promise.reject(new Error()); } catch { l.push(als.getStore()); } try { await (async () => { await sleep(1); throw new Error(); })(); } catch { l.push(als.getStore()); } finally { l.push(als.getStore()); } return l; });
    o.par = await Promise.all([1, 2, 3].map((i) => als.run(i, async () => { await sleep(4 - i); const a = als.getStore(); await null; return [a, als.getStore()]; })));
    o.then = await als.run("t", () => Promise.resolve().then(() => als.getStore())); o.catch = await als.run("t", () => Promise.reject().catch(() => als.getStore())); o.finally = await als.run("f", () => new Promise((r) => Promise.resolve().finally(() => r(als.getStore()))));
    let later; const shared = new Promise((r) => (later = r)); const users = ["u", "v"].map((n) => als.run(n, async () => { await shared; return als.getStore(); })); users.push(als.run("w", () => shared.then(() => als.getStore()))); als.run("resolver", () => later()); o.shared = await Promise.all(users);
    o.timeout = await als.run("s", () => new Promise((r) => setTimeout(() => r(als.getStore()), 1))); o.interval = await als.run("i", () => new Promise((r) => { const id = setInterval(() => { clearInterval(id); r(als.getStore()); }, 1); })); o.micro = await als.run("m", () => new Promise((r) => queueMicrotask(() => r(als.getStore())))); o.immediate = await als.run("im", () => new Promise((r) => setImmediate(() => r(als.getStore())))); o.tick = await als.run("n", () => new Promise((r) => process.nextTick(() => r(als.getStore()))));
    o.thenable = await als.run("th", async () => await { then(r) { r(als.getStore()); } }); o.gen = await als.run("g", async () => { const l = []; async function* g() { l.push(als.getStore()); yield 1; await null; l.push(als.getStore()); yield 2; } for await (const x of g()) l.push(als.getStore()); return l; });
    o.snapshot = als.run("snap", () => AsyncLocalStorage.snapshot())((x) => [x, als.getStore()], 5); o.bind = als.run("b", () => AsyncLocalStorage.bind((x) => [x, als.getStore()]))(6); o.resource = (() => { const r = als.run("res", () => new AsyncResource("T")); return [r.runInAsyncScope(function (a) { return [this?.k, a, als.getStore()]; }, { k: 1 }, 2), r.asyncId(), r.triggerAsyncId(), r.emitDestroy() === r]; })(); o.rbind = als.run("rb", () => AsyncResource.bind(function (a) { return [a, als.getStore()]; }, "T"))(7);
    o.nohandler = await new Promise((r) => { const e = new EventTarget(); als.run("ev", () => e.addEventListener("x", () => r(String(als.getStore())))); e.dispatchEvent(new Event("x")); });
    o.stream = await als.run("st", async () => { const l = []; const s = new ReadableStream({ pull(c) { l.push(als.getStore()); c.close(); } }); await s.getReader().read(); return l; });
    o.wrong = [t(() => als.enterWith(1)), t(() => als.disable()), t(() => new AsyncResource()), t(() => AsyncResource.bind(5)), t(() => AsyncLocalStorage.bind(5)), t(() => als.run(1)), t(() => als.exit())]; o.ids = [executionAsyncId(), triggerAsyncId(), typeof createHook({}).enable, Object.keys(asyncWrapProviders).length]; o.def = t(() => new AsyncLocalStorage({ defaultValue: 5 }).getStore()); o.name = t(() => new AsyncLocalStorage({ name: "q" }).name); o.wait = await als.run("w", async () => { await scheduler.wait(1); return als.getStore(); });
    return Response.json(o);
  },
};
