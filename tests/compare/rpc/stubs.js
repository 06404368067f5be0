// Stubs: making them, disposal, duplicates, looks.
// flags: enable_ctx_exports
// requests: GET /?0; GET /?1; GET /?2; GET /?3; GET /?4; GET /?5; GET /?6; GET /?7; GET /?8
// service: B = services/callee.js
// service: E = services/callee.js#Named {"a": 1}
// service: O = services/callee.js#obj
import * as W from "cloudflare:workers";
import { WorkerEntrypoint, RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub } from "cloudflare:workers";
// A request may cause few calls, so each asks for some of the facts.
const EACH = 4;
const all = [];
const F = (name, f) => void all.push([name, f]);
const facts = {};
async function fact([name, f]) {
  try {
    const v = await f();
    facts[name] = v === undefined ? "undefined" : v;
  } catch (e) {
    const isObject = e !== null && typeof e === "object";
    facts[name] = isObject ? ["threw", e.constructor?.name, e.name, e.message, "remote" in e, e.remote] : ["threw", String(e)];
  }
}
const show = (v) => `${Object.prototype.toString.call(v)}|${typeof v}|${v?.constructor?.name}`;
class T extends RpcTarget { #n = 1; get value() { return this.#n; } inc(x) { return (this.#n += x); } }
export class Own extends WorkerEntrypoint {
  hi() { return "hi"; }
  props() { return this.ctx.props; }
  fetch(r) { return new Response("own " + r.url + JSON.stringify(this.ctx.props)); }
}
export default {
  async fetch(req, env, ctx) {
    const B = env.B;
    all.length = 0;
    for (const name of Object.keys(facts)) delete facts[name];
    F("stubInfo", () => B.stubInfo(() => 1));
    F("stubInfoT", () => B.stubInfo(new T()));
    F("useTarget", () => B.useTarget(new T()));
    F("newStub", async () => { const s = new RpcStub(new T()); return [show(s), await s.inc(3), await s.value, await B.useTarget(s)]; });
    F("newStubFn", async () => { const s = new RpcStub((x) => x + 1); return [show(s), await s(3)]; });
    F("newStubBad", async () => { return show(new RpcStub({})); });
    F("newStubBad2", async () => { return show(new RpcStub(5)); });
    F("newStubNone", async () => { return show(new RpcStub()); });
    F("newPromise", async () => show(new RpcPromise()));
    F("newService", async () => show(new ServiceStub()));
    F("dispose", async () => { const c = await B.make(); c[Symbol.dispose](); return await c.inc(); });
    F("dispose2", async () => { const c = await B.make(); c[Symbol.dispose](); c[Symbol.dispose](); return "twice ok"; });
    F("disposeProp", async () => { const c = await B.make(); c[Symbol.dispose](); return await c.value; });
    F("disposeDup", async () => { const c = await B.make(); const d = c.dup(); c[Symbol.dispose](); return await d.inc(); });
    F("disposeResult", async () => { const c = await B.nested(); const has = typeof c[Symbol.dispose]; const d = Object.getOwnPropertyDescriptor(c, Symbol.dispose); c[Symbol.dispose](); let e; try { await c.f(); } catch (x) { e = String(x); } return [has, d && [d.enumerable, d.writable, d.configurable], e]; });
    F("disposeRpcPromise2", async () => { const p = B.make(); p[Symbol.dispose](); return await p.inc(); });
    F("reuseEcho", async () => { const c = await B.make(); const e = await B.echo(c); await c.inc(2); return [await e.value, show(e)]; });
    F("stubThen", async () => { const c = await B.make(); return [typeof c.then, c.catch && show(c.catch)]; });
    F("symbolGet", async () => { const c = await B.make(); return [show(c[Symbol.iterator]), show(c[Symbol.toPrimitive]), show(c[Symbol.toStringTag]), show(c[Symbol.asyncDispose])]; });
    F("inProp", async () => { const c = await B.make(); return ["inc" in c, "zzz" in c, Object.getOwnPropertyDescriptor(c, "inc") === undefined, Reflect.ownKeys(c).length, "inc" in B, "zzz" in B, "fetch" in B]; });
    F("ownstub", async () => { const s = new RpcStub(new T()); const d = s.dup(); s[Symbol.dispose](); return await d.inc(1); });
    F("targetCall", async () => { const c = await B.make(); return c(); });
    F("syncThrow", async () => { const c = await B.make(); c[Symbol.dispose](); let p; try { p = c.inc(); } catch (e) { return "sync " + e.message; } try { await p; } catch (e) { return "async " + e.message; } });
    F("syncThrowProp", async () => { const c = await B.make(); c[Symbol.dispose](); try { c.inc; return "no throw"; } catch (e) { return "sync " + e.message; } });
    F("syncClone", async () => { let p; try { p = B.echo(Symbol("x")); } catch (e) { return "sync " + e.message; } try { await p; } catch (e) { return "async " + e.message; } });
    F("during", () => B.during((x) => x + 1));
    F("targetDisposer", async () => { let n = 0; class D extends RpcTarget { inc() { return 1; } get value() { return 2; } [Symbol.dispose]() { n++; } } await B.useTarget(new D()); await scheduler.wait(20); return n; });
    F("fnDisposer", async () => { let n = 0; const f = () => 1; f[Symbol.dispose] = () => n++; await B.rethrow(f); await scheduler.wait(20); return n; });
    F("newStubObj", async () => { const s = new RpcStub({ a: 1, b: { c: 2 }, f(x) { return [this === undefined, x]; } }); return [await s.a, await s.b.c, await s.b, await s.f(3)]; });
    F("newStubObjNo", async () => { const s = new RpcStub({ a: 1 }); return s.z; });
    F("stubOfStub", async () => { const s = new RpcStub(new T()); const e = await B.useTarget(s.dup()); return e; });
    F("getterPromise", () => B.getter);
    F("usingResult", async () => { let r; { const c = await B.make(); r = await c.inc(2); c[Symbol.dispose](); } return r; });
    F("promiseArg", () => B.promiseArg().v);
    F("newStubProp", async () => { const s = new RpcStub(new T()); s.own = 4; return [s.own, Object.keys(s)]; });
    const at = Number(new URL(req.url).search.slice(1));
    for (const one of all.slice(at * EACH, at * EACH + EACH)) await fact(one);
    return Response.json(facts);
  },
};
