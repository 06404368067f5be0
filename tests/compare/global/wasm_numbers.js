// Numbers, descriptors and receivers that WebAssembly's interface takes and refuses.
// date: 2026-04-01
// host: daemon
const facts = {};
const told = (v) => (v instanceof Error ? `${v.name}: ${v.message}` : Array.isArray(v) ? v.map(told) : typeof v === "bigint" ? `${v}n` : typeof v === "object" ? typeof v : typeof v === "symbol" ? "symbol" : String(v));
const fact = (name, f) => { try { facts[name] = told(f()); } catch (e) { facts[name] = `throws ${told(e)}`; } };
const values = { undefined, null: null, NaN, Infinity, "-1": -1, "-0.5": -0.5, "0.5": 0.5, text: "x", digits: "3", "2^32": 2 ** 32, "2^32-1": 2 ** 32 - 1, object: {}, "5n": 5n, symbol: Symbol("s"), true: true, 65537: 65537 };
const spied = (log, o) => new Proxy(o, { get(target, key) { log.push(String(key)); const v = target[key]; return typeof v === "number" ? { valueOf: () => (log.push(`${String(key)} is a number`), v) } : v; } });
const refused = new Set(["undefined", "NaN", "Infinity", "-1", "-0.5", "text", "2^32", "object", "5n", "symbol"]);

export default {
  fetch() {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 }), table = new WebAssembly.Table({ element: "anyfunc", initial: 1, maximum: 1 });
    for (const [name, value] of Object.entries(values)) {
      if (refused.has(name)) {
        fact(`memory of ${name}`, () => new WebAssembly.Memory({ initial: value }));
        fact(`table of ${name}`, () => new WebAssembly.Table({ element: "anyfunc", initial: value }));
        if (name !== "undefined") fact(`table of at most ${name}`, () => new WebAssembly.Table({ element: "anyfunc", initial: 0, maximum: value }));
      }
      fact(`memory.grow ${name}`, () => memory.grow(value));
      for (const method of ["grow", "get", "set"]) fact(`table.${method} ${name}`, () => table[method](value, null));
      for (const type of ["i32", "i64", "f32", "f64", "externref", "anyfunc", "v128"]) {
        fact(`${type} of ${name}`, () => { const global = new WebAssembly.Global({ value: type, mutable: true }, value); global.value = value; return global.value; });
      }
    }
    fact("less than it has", () => new WebAssembly.Memory({ initial: 10, maximum: 9 }));
    fact("a table of less", () => new WebAssembly.Table({ element: "anyfunc", initial: 300, maximum: 255 }));
    fact("a table of 5", () => new WebAssembly.Table({ element: "anyfunc", initial: 1 }, 5));
    fact("a table grown by 5", () => new WebAssembly.Table({ element: "anyfunc", initial: 1 }).grow(1, 5));
    fact("a table with 5 in it", () => table.set(0, 5));
    for (const [name, type, descriptor] of [["memory", WebAssembly.Memory, { initial: 1, maximum: 2 }], ["table", WebAssembly.Table, { element: "anyfunc", initial: 1, maximum: 2 }], ["global", WebAssembly.Global, { value: "i32" }]]) {
      fact(`${name}'s fields`, () => { const log = []; new type(spied(log, descriptor)); return log; });
    }
    for (const type of ["Memory", "Table", "Global", "Instance"]) {
      const { prototype } = WebAssembly[type];
      for (const name of ["buffer", "length", "value", "exports", "grow", "get", "set", "valueOf"].filter((name) => Object.hasOwn(prototype, name))) {
        const { get, set, value } = Object.getOwnPropertyDescriptor(prototype, name);
        for (const f of [get, set, value]) if (typeof f === "function") fact(`${f.name} of ${type} on {}`, () => f.call({}, 1));
      }
    }
    return Response.json(facts);
  },
};
