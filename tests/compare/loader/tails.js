// loader: LOADER
// requests: GET /; GET /none; GET /throws
// Who is told of a dynamic Worker's invocations, and what.
import { WorkerEntrypoint } from "cloudflare:workers";
const told = (error) => `${error?.name}: ${error?.message}`;
const tried = async (f) => {
  try {
    return await f();
  } catch (error) {
    return told(error);
  }
};
const code = (source, more) => ({ compatibilityDate: "2026-01-01", mainModule: "a.js", modules: { "a.js": source }, ...more });
const ask = async (worker) => (await worker.getEntrypoint().fetch("http://x/")).text();
const SAYS = `export default { fetch(r) { console.log("logged", { a: 1 }); console.warn("more"); if (r.url.endsWith("throws")) throw new RangeError("boo"); return new Response("said"); } }`;
// What handlers are told comes back through a cache, since they need not run where they were given.
const key = (p) => `http://tails/${p}`;
export class Told extends WorkerEntrypoint {
  async tail(events) {
    const cache = await caches.open("tails");
    const facts = events.map((item) => ({
      kind: item.constructor.name,
      outcome: item.outcome,
      scriptName: item.scriptName ?? null,
      logs: item.logs.map(({ level, message }) => [level, message]),
      exceptions: item.exceptions.map(({ name, message }) => [name, message]),
      request: item.event?.request && [item.event.request.url, item.event.request.method],
      response: item.event?.response?.status ?? null,
      truncated: item.truncated,
      executionModel: item.executionModel,
    }));
    await cache.put(key(this.ctx.props.p), Response.json({ props: this.ctx.props, facts }, { headers: { "cache-control": "max-age=60" } }));
  }
}
export class Silent extends WorkerEntrypoint {
  fetch() {}
}
async function heard(p) {
  const cache = await caches.open("tails");
  for (let tries = 0; tries < 100; tries++) {
    const found = await cache.match(key(p));
    if (found !== undefined) return found.json();
    await scheduler.wait(20);
  }
  return "nothing";
}
export default {
  async fetch(request, env, ctx) {
    const L = env.LOADER;
    const { pathname } = new URL(request.url);
    if (pathname === "/none") {
      const one = ctx.exports.Told({ props: { p: "none" } });
      const load = (tails) => tried(() => ask(L.load(code(SAYS, { tails }))));
      return Response.json([
        await load(5), await load(null), await load([5]), await load(["x", one]), await load([]), await load(undefined), await load([ctx.exports.Silent({ props: {} })]),
        await load([L.load(code(SAYS)).getEntrypoint()]),
      ]);
    }
    if (pathname === "/throws") {
      const tails = [ctx.exports.Told({ props: { p: "throws" } })];
      const answer = await tried(async () => (await L.load(code(SAYS, { tails })).getEntrypoint().fetch("http://x/throws")).text());
      return Response.json([answer, await heard("throws")]);
    }
    const tails = [ctx.exports.Told({ props: { p: "one" } }), ctx.exports.Told({ props: { p: "two", more: [1] } })];
    const answer = await ask(L.get("named", async () => code(SAYS, { tails })));
    return Response.json([answer, await heard("one"), await heard("two")]);
  },
};
