// Prototype chains of every global and of its objects, and what V8 says their prototypes are like.
const name = (o) => o === null ? "null" : o === Function.prototype ? "Function.prototype" : o === Object.prototype ? "Object.prototype" : typeof o === "function" ? `function ${o.name}` : `${o.constructor?.name ?? Object.prototype.toString.call(o)}.prototype`;
const chain = (o) => { const all = []; for (let p = Object.getPrototypeOf(o); all.push(name(p)), p; p = Object.getPrototypeOf(p)); return all.join(" < "); };
export default { fetch() {
  const facts = {};
  const keys = new Set(); for (let o = globalThis; o; o = Object.getPrototypeOf(o)) if (o !== Object.prototype) for (const k of Object.getOwnPropertyNames(o)) keys.add(k);
  for (const key of [...keys].sort()) {
    let v; try { v = globalThis[key]; } catch (e) { facts[key] = `throws ${e.message}`; continue; }
    if (v === null || (typeof v !== "object" && typeof v !== "function")) { facts[key] = typeof v; continue; }
    let d, owner; for (owner = globalThis; !(d = Object.getOwnPropertyDescriptor(owner, key)); owner = Object.getPrototypeOf(owner));
    facts[key] = { self: chain(v), desc: `${name(owner)} ${d.get ? "get" : "value"} ${d.writable ? "w" : ""}${d.enumerable ? "e" : ""}${d.configurable ? "c" : ""}` };
    if (typeof v === "function") { const p = Object.getOwnPropertyDescriptor(v, "prototype"); facts[key].prototype = p && (p.value ? chain(p.value) : String(p.value)); facts[key].pd = p && `${p.writable ? "w" : ""}${p.enumerable ? "e" : ""}${p.configurable ? "c" : ""}`; facts[key].back = v.prototype ? v.prototype.constructor === v : 0; facts[key].text = Function.prototype.toString.call(v).slice(0, 40); }
  }
  return Response.json(facts);
} };
