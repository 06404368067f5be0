// ctx and the module cloudflare:workers.
// differs: cw: abortIsolate, cache and restore are not there
// differs: cw all: abortIsolate, cache and restore are not there
// differs: import workers: abortIsolate, cache and restore are not there
// differs: stub: RPC is another's
// differs: tracing: no spans but enterSpan() and startActiveSpan()
import * as cw from "cloudflare:workers"; const topErr = new Error("top"); class WE extends cw.WorkerEntrypoint {}
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await f());
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const shape = (object) =>
  Reflect.ownKeys(object).filter((key) => !/cloudflare:|kResource/.test(String(key))).map((key) => {
    const d = Reflect.getOwnPropertyDescriptor(object, key);
    const kind = d.get || d.set ? `${d.get ? "g" : ""}${d.set ? "s" : ""}` : typeof d.value === "function" ? `f${d.value.length}` : typeof d.value;
    return `${String(key)}:${kind}:${d.writable ? "w" : ""}${d.enumerable ? "e" : ""}${d.configurable ? "c" : ""}`;
  }).sort();

export default {
  async fetch(request, env, ctx) {
    fact("cw default", () => Object.keys(cw.default ?? {}));
    fact("top", () => topErr.stack.split("\n"));
    fact("wu ret", () => ctx.waitUntil(Promise.resolve()));
    fact("wu none", () => ctx.waitUntil());
    fact("wu num", () => ctx.waitUntil(5));
    fact("wu thenable", () => ctx.waitUntil({then(r){r()}}));
    fact("wu reject", () => ctx.waitUntil(Promise.reject(new Error("wu"))));
    fact("detached", () => { const {waitUntil}=ctx; waitUntil(Promise.resolve()); });
    fact("pt", () => ctx.passThroughOnException());
    fact("pt detached", () => { const {passThroughOnException:p}=ctx; p() });
    fact("abort", () => typeof ctx.abort);
    fact("new ctx", () => new ctx.constructor());
    fact("exports", () => [Object.keys(ctx.exports), String(ctx.exports.default)]);
    fact("props set", () => { ctx.props.a=1; return ctx.props; });
    fact("cw.waitUntil", () => cw.waitUntil(Promise.resolve()));
    fact("cw.waitUntil none", () => cw.waitUntil());
    fact("env", () => [Object.keys(env), String(cw.env), Object.keys(cw.env), Object.getPrototypeOf(env)===Object.prototype]);
    fact("withEnv", () => cw.withEnv({A:1}, ()=>cw.env.A));
    fact("env after", () => cw.env.A);
    fact("withEnv len", () => [cw.withEnv.length, cw.withEnv.name]);
    fact("new WE", () => new cw.WorkerEntrypoint());
    fact("new WE2", () => new WE(ctx, env));
    fact("new WE3", () => { const w=new WE(ctx,{a:1}); return [w.ctx===ctx, w.env.a, Object.getOwnPropertyNames(w)] });
    fact("call WE", () => cw.WorkerEntrypoint());
    fact("WE shape", () => [shape(cw.WorkerEntrypoint).filter((it) => !it.startsWith("prototype:")), shape(cw.WorkerEntrypoint.prototype)]);
    fact("RT", () => [String(new cw.RpcTarget()), shape(cw.RpcTarget.prototype)]);
    fact("DO", () => [shape(cw.DurableObject.prototype)]);
    fact("DO new", () => new cw.DurableObject());
    fact("exp", () => String(cw.exports) + Object.keys(cw.exports ?? {}));
    fact("this", () => this === undefined);
    fact("importmeta", () => typeof import.meta);
    fact("importmeta url", () => import.meta.url);
    fact("importmeta main", () => [Object.keys(import.meta), import.meta.main]);
    await later("import missing", () => import("./nope.js"));
    await later("import bare", () => import("nope"));
    await later("import cf", () => import("cloudflare:nope"));
    await later("import node", () => import("node:fs"));
    return Response.json(facts);
  },
};
