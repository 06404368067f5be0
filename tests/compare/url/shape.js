// URL, URLSearchParams and URLPattern as classes: names, lengths, descriptors, brands.
const facts = {};
function note(name, f) {
  try {
    const value = f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
// differs: what workerd keeps on prototypes for its own inspector.
const INTERNAL = ["Symbol(cloudflare:internal-class)", "Symbol(kResourceTypeInspect)", "arguments", "caller"];
function shape(name) {
  const type = globalThis[name];
  note(`${name} function`, () => [type.name, type.length, typeof type]);
  for (const [where, target] of [["", type], [".prototype", type.prototype]]) {
    note(`${name}${where} keys`, () => Reflect.ownKeys(target).map(String).filter((k) => !INTERNAL.includes(k)).filter((k) => k !== "arguments" && k !== "caller").sort());
    for (const key of Reflect.ownKeys(target).sort((a, b) => (String(a) < String(b) ? -1 : 1))) {
      if (INTERNAL.includes(String(key))) continue;
      if (where === "" && ["length", "name", "prototype", "arguments", "caller"].includes(key)) continue;
      note(`${name}${where}.${String(key)}`, () => {
        const d = Object.getOwnPropertyDescriptor(target, key);
        const f = (g) => (typeof g === "function" ? `${g.name}/${g.length}` : typeof g);
        return ["value" in d ? (typeof d.value === "function" ? f(d.value) : String(d.value)) : `get ${f(d.get)} set ${f(d.set)}`, d.writable ?? "-", d.enumerable, d.configurable].join(" ");
      });
    }
  }
  note(`${name} call`, () => type("http://a/"));
  note(`${name} enumerates`, () => {
    const all = [];
    for (const key in type.prototype) all.push(key);
    return all;
  });
  for (const key of Object.getOwnPropertyNames(type.prototype).sort()) {
    if (key === "constructor") continue;
    const d = Object.getOwnPropertyDescriptor(type.prototype, key);
    if (d.get) note(`${name} brand get ${key}`, () => d.get.call({}));
    if (d.set) note(`${name} brand set ${key}`, () => d.set.call({}, ""));
    if (typeof d.value === "function") note(`${name} brand ${key}`, () => d.value.call({}));
    if (typeof d.value === "function") note(`${name} brand undefined ${key}`, () => d.value.call(undefined, "a", "b"));
  }
  note(`${name} proto get`, () => {
    const key = Object.getOwnPropertyNames(type.prototype).find((k) => Object.getOwnPropertyDescriptor(type.prototype, k).get);
    return [key, type.prototype[key]];
  });
}
shape("URL");
shape("URLSearchParams");
shape("URLPattern");
const it = new URLSearchParams("a=b").entries();
note("iterator tag", () => Object.prototype.toString.call(it));
note("iterator proto keys", () => Reflect.ownKeys(Object.getPrototypeOf(it)).map(String).filter((k) => !INTERNAL.includes(k)).sort());
note("iterator proto proto", () => Object.getPrototypeOf(Object.getPrototypeOf(it)) === Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
note("iterator same", () => it[Symbol.iterator]() === it);
note("entries is iterator", () => URLSearchParams.prototype.entries === URLSearchParams.prototype[Symbol.iterator]);
note("tag url", () => Object.prototype.toString.call(new URL("http://a/")));
note("tag params", () => Object.prototype.toString.call(new URLSearchParams()));
note("own keys", () => Reflect.ownKeys(new URL("http://a/")).map(String));
note("own keys params", () => Reflect.ownKeys(new URLSearchParams("a=b")).map(String));
note("json", () => JSON.stringify({ a: new URL("http://a/"), b: new URLSearchParams("a=b") }));
class Sub extends URL { hello() { return this.host; } }
note("subclass", () => [new Sub("http://a/").hello(), new Sub("http://a/") instanceof URL, Object.prototype.toString.call(new Sub("http://a/"))]);
class SubP extends URLSearchParams { hello() { return this.get("a"); } }
note("subclass params", () => [new SubP("a=b").hello(), new SubP() instanceof URLSearchParams]);
note("same params", () => { const u = new URL("http://a/?x"); return u.searchParams === u.searchParams; });
export default { fetch: () => Response.json(facts) };
