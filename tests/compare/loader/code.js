// loader: LOADER
// What a dynamic Worker is made of, and what is told where it is not right.
import { WorkerEntrypoint } from "cloudflare:workers";
const told = (error) => `${error?.name}: ${error?.message}`;
const tried = async (f) => {
  try {
    return await f();
  } catch (error) {
    return told(error);
  }
};
const DATE = { compatibilityDate: "2026-01-01", mainModule: "a.js" };
const HELLO = `export default { fetch(r, env) { return new Response("hello " + r.url + JSON.stringify(env)); } }`;
const code = (source, more) => ({ ...DATE, modules: { "a.js": source }, ...more });
const ask = async (worker) => (await worker.getEntrypoint().fetch("http://x/")).text();
const WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11]);
export class Gate extends WorkerEntrypoint {
  fetch(request) {
    return new Response("gate " + request.url + JSON.stringify(this.ctx.props));
  }
  hi(x) {
    return "hi " + x + JSON.stringify(this.ctx.props);
  }
}
export default {
  async fetch(request, env, ctx) {
    const L = env.LOADER;
    const facts = {};
    const load = (what) => tried(() => ask(L.load(what)));
    const modules = (more, source = HELLO) => load({ ...DATE, modules: { "a.js": source, ...more } });
    const one = L.load(code(HELLO));
    facts.shapes = [String(L), L.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(L)).sort(), String(one), one instanceof Promise, String(one.getEntrypoint())];
    facts.hello = [await ask(one), await load(code(HELLO, { env: { A: 1, B: { c: [1, 2] } } })), await tried(() => ask(L.get("id", async () => code(HELLO)))), await tried(() => ask(L.get("id", () => 5)))];
    facts.wrong = [
      await tried(() => L.get("x")),
      await tried(() => ask(L.get("boo", () => { throw new RangeError("boo"); }))),
      await tried(() => ask(L.get("five", () => 5))),
      await load({ ...DATE, modules: {} }),
      await load({ ...DATE, mainModule: "b.js", modules: { "a.js": HELLO } }),
      await load(code("throw new TypeError('start'); export default {}")).then((text) => text.split("\n").slice(0, 2)),
      await load(code(HELLO, { globalOutbound: 5 })),
      await load(code(HELLO, { env: 5 })),
    ];
    const source = `import m from "./m"; export default { fetch() { return Response.json([String(m), new WebAssembly.Instance(m).exports.f()]); } }`;
    facts.modules = [
      await modules({ m: { wasm: WASM } }, source),
      await modules({ m: { wasm: WASM.buffer } }, source),
      await modules({ m: { wasm: {} } }),
      await modules({ m: { wasm: "x" } }),
      await modules({ m: { data: "x" } }),
      await modules({ m: WASM }),
      await modules({ m: {} }),
      await modules({ m: { js: HELLO, text: "x" } }),
      await modules({ "a.foo": HELLO }),
    ];
    const gate = ctx.exports.Gate({ props: { p: 1 } });
    const other = ctx.exports.Gate({ props: { p: [2] } });
    const inside = `export default { async fetch(r, env) { const o = env.O; return Response.json([Object.keys(o), await o.list[0].hi(1), await o.list[1].hi(2), await (await o.deep.s.fetch("http://q/")).text(),
      o.list[0] === o.again, o.map.get("k") === o.again, typeof o.again, String(o.again), o.again.constructor.name]); } }`;
    facts.nested = await load(code(inside, { env: { O: { list: [gate, other], deep: { s: gate }, again: gate, map: new Map([["k", gate]]) } } }));
    facts.given = [
      await load(code(HELLO, { env: { A: [ctx.exports.Gate] } })),
      await load(code(HELLO, { env: { A: ctx.exports.Gate } })),
      await load(code(HELLO, { env: { A: { f: () => 1 } } })),
      await load(code(HELLO, { env: { A: { w: one.getEntrypoint() } } })),
      await load(code(HELLO, { env: { A: one.getEntrypoint() } })),
      await load(code(HELLO, { env: { A: { w: L } } })),
      await load(code(HELLO, { globalOutbound: one.getEntrypoint() })),
    ];
    return Response.json(facts);
  },
};
