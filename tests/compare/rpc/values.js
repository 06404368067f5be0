// What can be sent to another Worker, and what comes back.
// flags: enable_ctx_exports
// requests: GET /?0; GET /?1; GET /?2; GET /?3; GET /?4; GET /?5; GET /?6; GET /?7; GET /?8; GET /?9; GET /?10; GET /?11; GET /?12; GET /?13; GET /?14; GET /?15; GET /?16; GET /?17; GET /?18; GET /?19
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
    F("sendClass", () => { class Q { a = 1; } return B.echo(new Q()); });
    F("sendSym", () => B.echo(Symbol("s")));
    F("sendMap", async () => show(await B.echo(new Map([[1, { a: 2 }]]))));
    F("sendErr", async () => { const e = new TypeError("tt"); e.foo = 1; e.cause = "cc"; const r = await B.echo(e); return [r instanceof TypeError, r.message, r.foo, String(r.cause), r.stack?.split("\n")[0]]; });
    F("cycle", async () => { const o = { a: 1 }; o.o = o; const r = await B.echo(o); return r.o === r; });
    F("takeReq", () => B.takeReq(new Request("http://a/b", { method: "POST", body: "bb", headers: { x: "1" } })));
    F("takeStream", () => B.takeStream(new Response("streamed").body));
    F("takeStreamJs", () => B.takeStream(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("js")); c.close(); } })));
    F("takeStreamStr", () => B.takeStream(new ReadableStream({ start(c) { c.enqueue("js"); c.close(); } })));
    F("takeLocked", () => { const r = new Response("q").body; r.getReader(); return B.takeStream(r); });
    F("streamText", async () => { const s = await B.stream(); return [await new Response(s).text()]; });
    F("streamByob", async () => { const s = await B.stream(); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(5)); return [new TextDecoder().decode(x.value)]; });
    F("text", async () => { const r = await B.text(); return [r.status, await r.text(), r.headers.get("x"), r[Symbol.dispose] !== undefined]; });
    F("writeTo", async () => { const { readable, writable } = new TransformStream(); const p = B.writeTo(writable); const t = await new Response(readable).text(); await p; return t; });
    F("writeToId", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.writeTo(writable); const t = await new Response(readable).text(); await p; return t; });
    F("big", () => B.big(5));
    F("echoArrDispose", async () => { const r = await B.echo([1]); return [typeof r[Symbol.dispose], Object.getOwnPropertySymbols(r).length]; });
    F("echoDateDispose", async () => { const r = await B.echo(new Date()); return [typeof r[Symbol.dispose]]; });
    F("sendPromise", async () => { const c = B.make(); return B.useTarget(c); });
    F("sendProp", async () => { return B.echo(B.got); });
    F("sendPropResult", async () => B.typeOf(B.add(1, 2)));
    for (const m of ["err", "errCustom", "errName", "errDom", "errAgg", "errStr", "errObj", "errNull", "plainClass", "sym", "weak", "gen", "prom", "nested", "text", "stream", "jsStream"])
      F(m, async () => { const v = await B[m](); return [show(v), typeof v === "object" && v !== null && !(v instanceof Response) ? Object.keys(v) : null]; });
    for (const [n, v] of Object.entries({ date: new Date(5), re: /a/gi, set: new Set([1]), big: 12n, err: new TypeError("tt"), dom: new DOMException("a", "b"), ab: new ArrayBuffer(4), u8: new Uint8Array(3), dv: new DataView(new ArrayBuffer(2)), undef: undefined, nul: null, nan: NaN, neg0: -0, arr: [1, , 3], num: Object(4), hdr: new Headers({ a: "b" }), blob: new Blob(["x"]), url: new URL("http://x/y"), usp: new URLSearchParams("a=b"), fd: new FormData(), promise: Promise.resolve(4), ac: new AbortController(), as: new AbortController().signal, ws: new WeakSet(), f: { f() {} }, nullproto: Object.assign(Object.create(null), { a: 1 }), args: (function () { return arguments; })(1, 2), ev: new Event("x"), td: new TextDecoder(), gen: (function* () {})(), asyncfn: async () => 1, cls: class A {} , entry: Own}))
    F("send_" + n, async () => { const r = await B.echo(v); return [show(r), String(r), Object.is(r, -0), await B.typeOf(v)]; });
    F("fetcherArg", async () => show(await B.echo(B)));
    F("argDisposers", () => B.argDisposers([1]));
    F("bigSend", async () => { try { await B.echo(new Uint8Array(33 << 20)); } catch (e) { return e.message.replace(/\d{6,}/, "N"); } });
    F("bigBack", async () => { try { await B.bigBack(33 << 20); } catch (e) { return [e.message.replace(/\d{6,}/, "N"), e.remote]; } });
    const at = Number(new URL(req.url).search.slice(1));
    for (const one of all.slice(at * EACH, at * EACH + EACH)) await fact(one);
    return Response.json(facts);
  },
};
