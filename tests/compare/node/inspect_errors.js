// flags: nodejs_compat
// util.inspect and util.format: errors of all kinds, and what shows itself.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const util = await import("node:util");
class C { constructor(d) { this.d = d; } [util.inspect.custom](depth, o, i) { return `C<${depth},${o.depth},${typeof i},${Object.keys(o).length}>`; } }
note("custom levels", () => [util.inspect(new C()), util.inspect({ a: new C() }), util.inspect({ a: { b: new C() } }), util.inspect({ a: { b: { c: new C() } } }), util.inspect([new C()], { depth: 0 }), util.inspect({ a: new C() }, { depth: null }), util.inspect({ a: new C() }, { depth: 5 })]);
note("custom obj", () => util.inspect({ a: { [util.inspect.custom]: () => ({ x: { y: { z: {} } } }) } }));
note("custom nested inspect", () => util.inspect({ a: { [util.inspect.custom](d, o, inspect) { return "W " + inspect({ x: { y: { z: { q: 1 } } } }, o); } } }));
const show = (v, o) => note("show " + (Object.keys(facts).length), () => util.inspect(v, o));
const strip = (t) => t.replace(/\n\s+at .*/g, "").replace(/:\d+:\d+/g, ":L");
const es = (n, v, o) => note("err " + n, () => strip(util.inspect(v, o)));
for (const f of ["%s", "%O", "%j", "%d", "%i", "%c|", "%%", "%x"]) for (const [n, v] of Object.entries({ err: new Error("m"), sym: Symbol("q"), big: 5n, nul: null, und: undefined, obj: { a: { b: { c: { d: 1 } } } }, fn: function foo() {}, cls: class K {}, date: new Date(0), arr: [1, [2]], neg0: -0, str: "s", own: { toString() { return "own"; } }, inh: new (class { toString() { return "inh"; } })(), nop: Object.create(null) })) note(`fmt ${f} ${n}`, () => strip(util.format(f, v)).slice(0, 300));
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
