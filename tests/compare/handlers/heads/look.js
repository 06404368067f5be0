// How an object of the platform's looks: its members, how they are held, and what its class says of itself.
const say = (v) => (v === undefined ? "undefined" : typeof v === "function" ? `function ${v.name}/${v.length}` : typeof v === "symbol" ? String(v) : v);
const attempt = (f) => {
  try {
    return say(f());
  } catch (e) {
    return `${e?.constructor?.name} ${e?.name}: ${e?.message}`;
  }
};
// Not here, and what is here alone.
const OTHER = /^(cloudflare:|kResource|mapVirtualHost$|type$)/;
const flagsOf = (d) => `${+!!d.writable}${+d.enumerable}${+d.configurable}`;
const member = (o, k) => {
  const d = Object.getOwnPropertyDescriptor(o, k);
  const what = d.get ? `get ${d.get.name}/${d.get.length}` : typeof d.value === "function" ? `fn ${d.value.name}/${d.value.length}` : typeof d.value;
  return `${String(k)} ${what} ${flagsOf(d)}`;
};
const members = (o) => Reflect.ownKeys(o).filter((k) => !OTHER.test(typeof k === "symbol" ? k.description : k)).map((k) => member(o, k));
function look(o) {
  const out = { tag: Object.prototype.toString.call(o), own: members(o), clone: attempt(() => structuredClone(o)), extensible: Object.isExtensible(o) };
  out.json = attempt(() => JSON.stringify(o, (k, v) => (k === "exports" ? undefined : v)));
  out.walked = [];
  for (const k in o) if (!OTHER.test(k)) out.walked.push(k);
  out.chain = [];
  for (let p = Object.getPrototypeOf(o); p && p !== Object.prototype && p !== globalThis.Event?.prototype; p = Object.getPrototypeOf(p)) {
    out.chain.push([members(p), attempt(() => new p.constructor("x")), attempt(() => p.constructor("x")), p.constructor.length]);
  }
  return out;
}
const set = (o, k) => attempt(() => {
  "use strict";
  o[k] = 5;
  return "set";
});
