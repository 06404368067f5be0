// Calls of other Workers, properties, pipelining, callbacks.
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
    F("add", () => B.add(1, 2));
    F("callRes", () => { const p = B.add(1, 2); const r = [show(p), p instanceof RpcPromise, p instanceof Promise, Object.keys(p), "then" in p, "x" in p, typeof p.then, typeof p.catch, typeof p.finally]; return r; });
    F("prop", () => { const p = B.add; return [typeof p, Object.prototype.toString.call(p), p instanceof RpcProperty, p.constructor === RpcProperty]; });
    F("make", async () => { const c = await B.make(); return [show(c), await c.inc(), await c.inc(5), await c.value, c instanceof RpcStub, Object.keys(c), c.constructor === RpcStub, await c.child().inc(9)]; });
    F("makeinst", async () => { const c = await B.make(); return await c.inst; });
    F("makeinst2", async () => { const c = await B.make(); return await c.inst(); });
    F("pipe", () => B.make().inc(4));
    F("pipe2", () => B.make().child().inc(2));
    F("pipeval", () => B.make().value);
    F("pipeno", () => B.add(1, 2).foo);
    F("pipeno2", () => B.add(1, 2).foo());
    F("pipeno3", () => B.nothing().foo());
    F("pipeerr", () => B.err().foo());
    F("pipestr", () => B.echo("abc").length);
    F("pipestr2", () => B.echo("abc").toUpperCase());
    F("pipearr", () => B.echo([1, 2, 3]).length);
    F("pipearr2", () => B.echo([1, 2, 3])[1]);
    F("pipemap", () => B.echo([1, 2, 3]).map((x) => x));
    F("pipeobj", () => B.echo({ a: { b: 3 } }).a.b);
    F("pipeobjno", () => B.echo({ a: { b: 3 } }).c.d);
    F("pipeobjtos", () => B.echo({ a: 1 }).toString());
    F("pipedate", () => B.echo(new Date(0)).getTime());
    F("fn", async () => { const f = await B.fn(); return [show(f), await f(4), f instanceof RpcStub, typeof f, Object.keys(f)]; });
    F("fnpipe", () => B.fn()(5));
    F("fnp", async () => { const f = await B.fnp(); return [await f.prop, await f.sub.q, await f.nope]; });
    F("cb", () => B.cb((x) => x + 1, 4));
    F("cberr", () => B.cb((x) => { throw new RangeError("cb bad"); }, 4));
    F("cbLater", () => B.cbLater((x) => x + 1, 4));
    F("nothing", () => B.nothing());
    F("nargs", () => B.nargs(1, undefined, 3));
    F("catchP", async () => { return await B.err().catch((e) => "caught " + e.message); });
    F("finP", async () => { return await B.add(1, 1).finally(() => {}); });
    F("thenP", async () => { const t = B.add(1, 1).then((x) => x + 1); return [show(t), await t]; });
    const at = Number(new URL(req.url).search.slice(1));
    for (const one of all.slice(at * EACH, at * EACH + EACH)) await fact(one);
    return Response.json(facts);
  },
};
