// Headers, Request, Response as classes: names, lengths, descriptors, brands, inheritance.
// differs: what workerd keeps on prototypes for its own inspector; a JavaScript class called without
// new; the descriptor of a class's prototype; that Request and Response inherit from Body as functions too.
const facts = {};
function note(name, f) {
  try {
    const value = f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
const INTERNAL = ["Symbol(cloudflare:internal-class)", "Symbol(kResourceTypeInspect)", "Symbol(immutable)", "arguments", "caller"];
const Body = Object.getPrototypeOf(Response.prototype).constructor;
const sorted = (o) => Reflect.ownKeys(o).filter((k) => !INTERNAL.includes(String(k))).sort((a, b) => (String(a) < String(b) ? -1 : 1));
function work() {
for (const [name, type] of Object.entries({ Headers, Request, Response, Body })) {
  note(`${name} function`, () => [type.name, type.length, typeof type]);
  for (const [where, target] of [["", type], [".prototype", type.prototype]]) {
    note(`${name}${where} keys`, () => sorted(target).map(String));
    for (const key of sorted(target)) {
      if (where === "" && ["length", "name", "prototype"].includes(key)) continue;
      const d = Object.getOwnPropertyDescriptor(target, key);
      const f = (g) => (typeof g === "function" ? `${g.name}/${g.length}` : typeof g);
      note(`${name}${where}.${String(key)}`, () => ["value" in d ? (typeof d.value === "function" ? f(d.value) : String(d.value)) : `get ${f(d.get)} set ${f(d.set)}`, d.writable ?? "-", d.enumerable, d.configurable].join(" "));
      if (where === "" || key === "constructor") continue;
      if (d.get) note(`${name} brand get ${String(key)}`, () => d.get.call({}));
      if (d.get) note(`${name} brand proto ${String(key)}`, () => type.prototype[key]);
      if (typeof d.value === "function" && !["text", "json", "arrayBuffer", "bytes", "blob", "formData"].includes(key)) note(`${name} brand ${String(key)}`, () => d.value.call({}));
    }
  }
  note(`${name} enumerates`, () => { const all = []; for (const key in type.prototype) all.push(key); return all; });
}
note("instances own", () => [Reflect.ownKeys(new Headers()), Reflect.ownKeys(new Request("http://a")), Reflect.ownKeys(new Response())]);
note("tags", () => [new Headers(), new Request("http://a"), new Response()].map((x) => Object.prototype.toString.call(x)));
note("json", () => JSON.stringify([new Headers({ a: "b" }), new Request("http://a"), new Response("x")]));
note("chains", () => [Object.getPrototypeOf(Request.prototype) === Body.prototype, Object.getPrototypeOf(Body.prototype) === Object.prototype, new Response() instanceof Body, typeof globalThis.Body]);
note("new Body", () => new Body());
note("subclass", () => { class A extends Response { get x() { return this.status; } } const a = new A("b", { status: 201 }); return [a.x, a instanceof A, a instanceof Response, Object.prototype.toString.call(a)]; });
note("subclass request", () => { class A extends Request {} const a = new A("http://a/"); return [a.url, a.clone() instanceof A, new Request(a).url]; });
note("subclass headers", () => { class A extends Headers { shout(n) { return this.get(n).toUpperCase(); } } const a = new A({ x: "y" }); return [a.shout("x"), a instanceof A, [...a]]; });
}
const brands = async () => {
  for (const key of ["text", "json", "arrayBuffer", "bytes", "blob", "formData"]) {
    try {
      const p = Body.prototype[key].call({});
      facts[`brand ${key} promise`] = p instanceof Promise;
      await p;
    } catch (error) {
      facts[`brand ${key}`] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
    }
  }
};
export default { async fetch() { work(); await brands(); return Response.json(facts); } };
