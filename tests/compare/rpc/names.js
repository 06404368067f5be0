// Names: which methods another Worker sees, entrypoints, ctx.exports.
// flags: enable_ctx_exports
// requests: GET /?0; GET /?1; GET /?2; GET /?3; GET /?4; GET /?5; GET /?6; GET /?7; GET /?8; GET /?9; GET /?10; GET /?11; GET /?12; GET /?13; GET /?14
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
    F("got", () => B.got);
    F("objp", () => B.objp.a.b);
    F("objpf", () => B.objp.a.f(4));
    F("boom", () => B.boom);
    F("inst", () => B.inst);
    F("instCall", () => B.inst());
    F("nomethod", () => B.nomethod());
    F("noprop", () => B.noprop);
    F("priv", () => B["#priv"]);
    F("fetchless", async () => { try { await B.fetch("http://x/"); } catch (e) { return e.message; } });
    F("env", () => B.env);
    F("ctx", () => B.ctx);
    F("constructor", () => B.constructor());
    F("ctor2", () => B.constructor);
    F("dup", () => show(B.dup));
    F("dupc", () => B.dup());
    F("alarm", () => B.alarm());
    F("webSocketMessage", () => B.webSocketMessage());
    F("toStringM", () => B.toString());
    F("hasOwn", () => B.hasOwnProperty("q"));
    F("proto", () => String(B.__proto__ === Object.getPrototypeOf(B)));
    F("isproto", () => B.isPrototypeOf({}));
    F("gotCall", () => B.got());
    F("addProp", async () => show(await B.add));
    F("ctxProps", () => B.ctxProps());
    F("E", async () => [await env.E.props(), await env.E.who(), await (await env.E.fetch("http://q/w")).text()]);
    F("O", async () => [await env.O.one(4)]);
    F("O1", async () => [await env.O.hello(1)]);
    F("O0", async () => [await env.O.none()]);
    F("O2", async () => [await env.O.hello(1, 2, 3)]);
    F("Ov", async () => [await env.O.value]);
    F("Onested", async () => [await env.O.nested.deep()]);
    F("Onestedv", async () => [await env.O.nested.v]);
    F("Onested2", async () => [await env.O.nested]);
    F("thenMethod", async () => typeof B.then);
    F("setProp", async () => { B.foo = 5; return show(B.foo); });
    F("Bfetchprops", async () => [typeof B.fetch, typeof B.connect, typeof B.get, typeof B.put, typeof B.delete, typeof B.queue, typeof B.scheduled]);
    F("fnName", async () => [show(B.add.name), show(B.add.length)]);
    F("callcall", async () => await B.add.call(null, 1, 2));
    F("callapply", async () => await B.add.apply(null, [1, 2]));
    F("callbind", async () => await B.add.bind(null, 1)(2));
    F("detached", async () => { const { add } = B; return await add(3, 4); });
    F("classes", () => Object.keys(W).filter((n) => /Rpc|Service/.test(n)).sort());
    F("unhandled", async () => { B.err(); await scheduler.wait(10); return "fine"; });
    F("made", async () => { const a = await B.made; return (await B.made) - a; });
    F("exports", () => Object.keys(ctx.exports).sort());
    F("exportsOwn", () => [show(ctx.exports.Own), Object.keys(ctx.exports.Own)]);
    F("exportsHi", () => ctx.exports.Own.hi());
    F("exportsProps", async () => [await ctx.exports.Own.props(), await ctx.exports.Own({ props: { a: [1, new Date(3)] } }).props()]);
    F("exportsFetch", async () => (await ctx.exports.Own.fetch("http://a/b")).text());
    F("exportsFetchProps", async () => (await ctx.exports.Own({ props: { q: 1 } }).fetch("http://a/b")).text());
    F("exportsCall", () => show(ctx.exports.Own({})));
    F("exportsCallNone", () => show(ctx.exports.Own()));
    F("exportsBad", () => show(ctx.exports.Own({ props: 4 })));
    F("exportsDefault", async () => show(ctx.exports.default));
    F("exportsPass", () => B.svc(ctx.exports.Own));
    F("importExports", () => Object.keys(W.exports).sort());
    F("Efetch", async () => { const r = await env.E.fetch(new Request("http://q/w", { method: "PUT", body: "x" })); return [r.status, await r.text()]; });
    F("Ofetch", async () => { try { await env.O.fetch("http://q/"); } catch (e) { return e.message; } });
    F("Eno", () => env.E.add(1, 2));
    const at = Number(new URL(req.url).search.slice(1));
    for (const one of all.slice(at * EACH, at * EACH + EACH)) await fact(one);
    return Response.json(facts);
  },
};
