// The first line of an error's stack.
// differs: inherit: the engine's words
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
    const h=(e)=>e.stack.split("\n")[0];
    fact("late name", () => { const e=new Error("a"); e.name="Q"; return h(e); });
    fact("late msg", () => { const e=new Error("a"); e.message="Q"; return h(e); });
    fact("ctor name", () => { class M extends Error { constructor(m){super(m);this.name="M"} } return h(new M("a")); });
    fact("ctor msg", () => { class M extends Error { constructor(m){super(m);this.message="M"} } return h(new M("a")); });
    fact("ctor both late", () => { class M extends Error { constructor(m){super(m);} } const e=new M("a"); e.name="Z"; return h(e); });
    fact("ctor field", () => { class M extends Error { name="FF" } const e=new M("a"); return h(e); });
    fact("ctor proto", () => { class M extends Error { } M.prototype.name="PP"; const e=new M("a"); return h(e); });
    fact("type sub", () => { class M extends TypeError { constructor(m){super(m);this.name="M"} } return h(new M("a")); });
    fact("set stack", () => { const e=new Error("a"); e.stack="zz"; return [e.stack, typeof Object.getOwnPropertyDescriptor(e,"stack").value, JSON.stringify(e)]; });
    fact("read then name", () => { const e=new Error("a"); e.stack; e.name="Q"; return h(e); });
    fact("getter same", () => { const g=Object.getOwnPropertyDescriptor(new Error("x"),"stack").get; return [g.name,g.length,g===Object.getOwnPropertyDescriptor(new Error("y"),"stack").get, typeof g.call({})]; });
    fact("stack keys", () => [Object.keys(new Error("a")), "stack" in Error.prototype, new Error("a").hasOwnProperty("stack")]);
    fact("tostr err", () => Object.prototype.toString.call(new Error("a")));
    fact("empty name", () => { const e=new Error("a"); e.name=""; return [String(e),h(e)]; });
    return Response.json(facts);
  },
};
