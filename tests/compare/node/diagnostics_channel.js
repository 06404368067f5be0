// node:diagnostics_channel.
// flags: nodejs_compat
import dc, { channel, subscribe, unsubscribe, hasSubscribers, tracingChannel, Channel } from "node:diagnostics_channel"; import { AsyncLocalStorage } from "node:async_hooks";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code }; } };
export default {
  async fetch() {
    const o = {}, l = [];
    const c = channel("a"); o.same = channel("a") === c; o.has = [c.hasSubscribers, hasSubscribers("a"), hasSubscribers("zz")]; const f = (m, n) => l.push([m, n]); c.subscribe(f); o.has2 = [c.hasSubscribers, hasSubscribers("a")]; c.publish({ x: 1 }); o.un = [c.unsubscribe(f), c.unsubscribe(f)]; c.publish(2); subscribe("a", f); channel("a").publish(3); o.un2 = unsubscribe("a", f); o.log = l; o.name = c.name; o.inst = c instanceof Channel;
    o.wrong = [t(() => channel(5)), t(() => c.subscribe(5)), t(() => channel()), t(() => tracingChannel(5)), t(() => tracingChannel({}))];
    const als = new AsyncLocalStorage(), s = channel("store"); s.bindStore(als, (d) => d.v); o.stores = s.runStores({ v: 9 }, function (a) { return [als.getStore(), this.k, a]; }, { k: 1 }, 2); o.unbind = s.unbindStore(als); o.sub = s.hasSubscribers;
    const tc = tracingChannel("t"), ev = []; const h = {}; for (const k of ["start", "end", "asyncStart", "asyncEnd", "error"]) h[k] = (m) => ev.push([k, m.result ?? m.error?.message ?? null]); tc.subscribe(h); o.sync = tc.traceSync((a) => a + 1, { id: 1 }, null, 4); o.syncErr = t(() => tc.traceSync(() => { throw new Error("se"); }, {})); o.prom = await tc.tracePromise(async (a) => a * 2, {}, null, 4); o.promErr = await tc.tracePromise(async () => { throw new Error("pe"); }, {}).catch((e) => e.message); o.cb = await new Promise((r) => tc.traceCallback((x, cb) => cb(null, x), 1, {}, null, 5, (e, v) => r(v))); tc.unsubscribe(h); o.ev = ev; o.names = [tc.start.name, tc.error.name, tc.hasSubscribers];
    return Response.json(o);
  },
};
