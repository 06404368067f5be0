// flags: nodejs_compat
// What functions of the language and of the platform say of what they are given.
const out = {};
const tell = (name, f) => {
  try {
    const value = f();
    out[name] = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  } catch (error) {
    out[name] = `${error.name}: ${error.message}`;
  }
};
const odd = {
  "nothing": undefined, "null": null, "text": "a", "number": 1.5, "symbol": Symbol("s"), "object": {}, "array": [1], "bytes": new Uint8Array([1, 2]),
  "floats": new Float64Array(1), "map": new Map(), "error": new Error("e"), "regexp": /x/g, "proxy": new Proxy(new Set(), {}),
};

for (const [name, value] of Object.entries(odd)) {
  tell(`map ${name}`, () => new Uint8Array(1).map(value));
  tell(`flatMap ${name}`, () => [1].flatMap(value));
  tell(`reduce ${name}`, () => [1].reduce(value));
  tell(`sort ${name}`, () => [1].sort(value));
  tell(`groupBy ${name}`, () => Map.groupBy([1], value));
  tell(`queueMicrotask ${name}`, () => queueMicrotask(value));
  tell(`keyFor ${name}`, () => Symbol.keyFor(value));
  tell(`Promise ${name}`, () => typeof new Promise(value));
  tell(`size ${name}`, () => Object.getOwnPropertyDescriptor(Set.prototype, "size").get.call(value));
  tell(`getInt8 ${name}`, () => DataView.prototype.getInt8.call(value, 0));
  tell(`apply ${name}`, () => Reflect.apply(value));
  tell(`flags ${name}`, () => String(new RegExp("a", value)));
  tell(`load ${name}`, () => Atomics.load(value, 0));
}
for (const name of ["flags", "source", "global", "dotAll"]) tell(`set ${name}`, () => (/a/[name] = 1));
class Read {
  get it() {
    return 1;
  }
}
class Own extends Read {}
tell("set it", () => (new Own().it = 2));
tell("set own", () => ({ get it() { return 1; } }.it = 2));
tell("set size", () => (new Map().size = 2));
for (const f of [Object.freeze, Object.seal]) {
  tell(`${f.name} bytes`, () => f(new Uint8Array(1)).length);
  tell(`${f.name} no bytes`, () => f(new Uint8Array(0)).length);
}
for (const value of [undefined, null]) {
  tell(`fromEntries ${value}`, () => Object.fromEntries(value));
  tell(`sumPrecise ${value}`, () => Math.sumPrecise(value));
  tell(`localeCompare ${value}`, () => String.prototype.localeCompare.call(value, "a"));
  tell(`toLocaleLowerCase ${value}`, () => String.prototype.toLocaleLowerCase.call(value));
  tell(`toLocaleUpperCase ${value}`, () => String.prototype.toLocaleUpperCase.call(value));
}
for (const name of ["trimStart", "trimEnd", "trim", "at", Symbol.iterator]) tell(`of nothing: ${String(name)}`, () => ""[name].call(null));
for (const size of [1, 1.5, "4", 1n, undefined]) tell(`isLockFree ${size}`, () => Atomics.isLockFree(size));
tell("redirect symbol", () => Response.redirect(Symbol("s"), 1));
tell("redirect status", () => Response.redirect("not a URL", 1));
tell("concat", () => Iterator.concat({}));
tell("destructured", () => {
  for (const { a } of [null]) return a;
});
tell("destructured whole", () => {
  for (const {} of [undefined]) return 1;
});

// Languages and options.
const lists = { "map": new Map([["a", "b"]]), "set": new Set(["a"]), "like a list": { length: 2, 1: "de" }, "array": ["de"], "bytes": new Uint8Array(1) };
for (const [name, list] of Object.entries(lists)) {
  tell(`canonical ${name}`, () => Intl.getCanonicalLocales(list));
  tell(`number ${name}`, () => (1234.5).toLocaleString(list));
}
tell("number null", () => (1).toLocaleString("en", null));
tell("bigint null", () => 1n.toLocaleString("en", null));
tell("date null", () => new Date(0).toLocaleDateString("en", null));
tell("floats in German", () => new Float64Array([1.5, 1000]).toLocaleString("de"));
tell("array in German", () => [1.5, 1000].toLocaleString("de"));
tell("no number", () => Number.prototype.toLocaleString.call("a"));
tell("no bigint", () => BigInt.prototype.toLocaleString.call(1));
for (const name of ["PluralRules", "RelativeTimeFormat", "ListFormat", "Segmenter", "Locale"]) {
  tell(`call ${name}`, () => Intl[name]("en", { type: "cardinal" }));
  tell(`shape ${name}`, () => [Intl[name].name, Intl[name].length, new Intl[name]("en") instanceof Intl[name]]);
}

// Bytes of what is no number, and what is held weakly for as long as it may be seen.
tell("half of NaN", () => [...new Uint8Array(new Float16Array([NaN, "a"]).buffer)]);
tell("weak", () => new WeakRef({ a: 1 }).deref());

// Of the platform.
const port = () => new MessageChannel().port1;
for (const options of ["a", 1, true, null, {}, [], undefined]) tell(`postMessage ${options}`, () => port().postMessage(1, options));
for (const pair of [[], ["a"], ["a", undefined], [undefined], [undefined, undefined]]) {
  tell(`pair ${pair.length} ${pair}`, () => {
    const made = new WebSocketRequestResponsePair(...pair);
    return [made.request, made.response];
  });
}
for (const name of ["a", "a b", "a:b", "\0", ""]) {
  for (const value of ["b", "b\nc", "\0"]) {
    tell(`set ${JSON.stringify([name, value])}`, () => new Headers().set(name, value));
    tell(`append ${JSON.stringify([name, value])}`, () => new Headers().append(name, value));
    tell(`of ${JSON.stringify([name, value])}`, () => [...new Headers({ [name]: value })]);
    tell(`pair ${JSON.stringify([name, value])}`, () => [...new Headers([[name, value]])]);
  }
}

export default {
  async fetch() {
    for (const value of ["a", 1, {}, null]) tell(`beacon ${value}`, () => navigator.sendBeacon(value));
    tell("beacon of a symbol", () => navigator.sendBeacon("nowhere", Symbol("s")));
    for (const method of ["match", "delete"]) {
      for (const options of ["a", 1, Symbol("s")]) {
        const told = await caches.default[method]("a", options).catch((error) => `${error.name}: ${error.message}`);
        out[`${method} ${String(options)}`] = told;
      }
    }
    out["put symbol"] = await caches.default.put(Symbol("s"), 1).catch((error) => `${error.name}: ${error.message}`);
    const seen = new WeakRef({ b: 2 });
    await Promise.resolve();
    out["weak later"] = JSON.stringify(seen.deref());
    return Response.json(out);
  },
};
