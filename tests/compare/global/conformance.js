// What test262 asks of the language and V8 answers: orders of evaluation, who closes an iterator, views
// whose bytes are gone, groups, keys, digits in other bases, and as many arguments as a stack has room for.
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map(say);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
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
    facts[name] = say(await Promise.race([f(), new Promise((resolve) => setTimeout(resolve, 40, "hangs"))]));
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
// An iterable that tells who closes it.
const told = (log, step) => ({ [Symbol.iterator]: () => ({ next: step, return() { log.push("closed"); return {}; } }) });
const key = (log, name) => ({ toString() { log.push(name); return name; } });

export default {
  async fetch() {
    // Views.
    {
      const buffer = new ArrayBuffer(24, { maxByteLength: 32 });
      const view = new DataView(buffer, 0, 16), tracking = new DataView(buffer), late = new DataView(buffer, 10);
      buffer.resize(8);
      fact("view get", () => view.getInt8(0));
      fact("view get far", () => view.getInt8(20));
      fact("view set", () => view.setBigInt64(0, 1n));
      fact("view length", () => view.byteLength);
      fact("view offset", () => view.byteOffset);
      fact("view tracks", () => [tracking.byteLength, tracking.getInt8(7)]);
      fact("view tracks out", () => tracking.getInt8(8));
      fact("view tracks gone", () => late.getInt8(0));
      const gone = new ArrayBuffer(8), detached = new DataView(gone);
      structuredClone(gone, { transfer: [gone] });
      fact("detached get", () => detached.getFloat32(0));
      fact("detached set", () => detached.setInt8(0, 1));
      fact("detached length", () => detached.byteLength);
      fact("detached offset", () => detached.byteOffset);
    }
    // Arguments.
    for (const count of [65535, 65536, 100000, 120000, 200000]) {
      fact(`${count} codes`, () => String.fromCharCode(...new Uint8Array(count)).length);
      fact(`${count} applied`, () => String.fromCharCode.apply(null, new Uint8Array(count)).length);
      fact(`${count} numbers`, () => Math.max(...new Uint8Array(count)));
      fact(`${count} pushed`, () => [].push(...new Uint8Array(count)));
    }
    // Iterators.
    for (const [name, f] of Object.entries({
      from: (it) => Array.from(it), map: (it) => new Map(it), set: (it) => new Set(it), weak: (it) => new WeakMap(it), entries: (it) => Object.fromEntries(it),
      object: (it) => Object.groupBy(it, () => { throw "group"; }), groups: (it) => Map.groupBy(it, () => { throw "group"; }),
      spread: (it) => [...it], take: (it) => { const [a] = it; return a; },
    })) {
      for (const [kind, step] of Object.entries({
        throws: () => { throw "next"; }, number: () => 1, value: () => ({ value: 1 }), done: () => ({ done: true }), poisoned: () => ({ get value() { throw "value"; } }),
      })) {
        // These would never end.
        if (kind === "value" && /from|set|spread/.test(name)) continue;
        const log = [];
        fact(`${name} ${kind}`, () => { try { return [f(told(log, step))].length; } catch (error) { return say(error); } finally { log.push("."); } });
        facts[`${name} ${kind} closes`] = log.join();
      }
    }
    fact("from defines", () => { const log = []; class Mine extends Array { constructor() { return new Proxy({}, { defineProperty() { throw "defined"; } }); } } try { Mine.from(told(log, () => ({ value: 1 }))); } catch (error) { log.push(error); } return log; });
    fact("from asks", () => { const log = []; Array.from(new Proxy([1, 2], { get(t, k) { log.push(String(k)); return t[k]; } })); return log; });
    fact("from no function", () => Array.from({ [Symbol.iterator]: 1 }));
    fact("from null iterator", () => Array.from({ [Symbol.iterator]: null, length: 2 }, (_, i) => i));
    fact("wrapped next", () => { const log = []; const it = Iterator.from({ next(...a) { log.push(a.length); return 1; }, return(...a) { log.push(a.length); return 2; } }); return [it.next(5), it.return(6), log]; });
    await later("async rejected", async () => { const log = []; try { for await (const x of told(log, () => ({ value: Promise.reject("r"), done: false }))) log.push(x); } catch (error) { log.push(error); } return log; });
    await later("async throws", async () => { const log = []; try { for await (const x of told(log, () => { throw "n"; })) log.push(x); } catch (error) { log.push(error); } return log; });
    await later("async generator closes", async () => { const log = []; function* g() { try { yield Promise.reject("r"); } finally { log.push("finally"); } } async function* d() { yield* g(); } try { await d().next(); } catch (error) { log.push(error); } return log; });
    await later("async own", async () => { const log = []; try { for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => { throw "n"; }, return() { log.push("closed"); return {}; } }) }) log.push(x); } catch (error) { log.push(error); } return log; });
    await later("async not object", async () => { const log = []; try { for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => 1, return() { log.push("closed"); return {}; } }) }) log.push(x); } catch (error) { log.push(say(error)); } return log; });
    await later("async body throws", async () => { const log = []; try { for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }), return() { log.push("closed"); return {}; } }) }) throw x; } catch (error) { log.push(error); } return log; });
    // Orders.
    fact("key after value", () => { const log = [], o = {}; o[key(log, "k")] = log.push("v"); return log; });
    fact("key of null", () => { const log = []; try { null[key(log, "k")] = log.push("v"); } catch (error) { log.push(say(error)); } return log; });
    fact("key of a literal", () => { const log = []; const o = { [key(log, "a")]: log.push("v"), [key(log, "b")]: log.push("w") }; return [log, Object.keys(o)]; });
    fact("key in a pattern", () => { const log = [], t = {}; ({ [key(log, "s")]: t[key(log, "t")] } = { get s() { log.push("get"); return 1; } }); return log; });
    fact("key in an array pattern", () => { const log = [], t = {}; [t[key(log, "t")]] = told(log, () => { log.push("next"); return { value: 1 }; }); return log; });
    fact("dates", () => { const log = []; new Date(NaN, { valueOf: () => log.push("m") }); Date.UTC(NaN, { valueOf: () => log.push("m") }); return log; });
    fact("enumerable", () => { const log = []; try { Object.prototype.propertyIsEnumerable.call(null, key(log, "k")); } catch (error) { log.push(say(error)); } return log; });
    // Groups, proxies and arrays.
    fact("zeros", () => [...Map.groupBy([-0, 0], (x) => x)].map(([k, v]) => [k, v.length]));
    fact("group key once", () => { const log = []; Object.groupBy([1], () => key(log, "k")); return log; });
    fact("group this", () => { const log = []; Object.groupBy([1], function () { log.push(typeof this); }); Map.groupBy([1], function () { log.push(typeof this); }); return log; });
    fact("proxy pops", () => { const p = new Proxy([1, 2], new Proxy({}, { get: (t, trap) => (target, ...more) => Reflect[trap](target, ...more) })); return [p.pop(), p.push(5, 6), p.length, p.shift(), p.splice(0, 1), (p.length = 0)]; });
    for (const n of ["sort", "reverse", "pop", "shift"]) { fact(`frozen ${n}`, () => Object.freeze([1, 2])[n]()); fact(`frozen one ${n}`, () => Object.freeze([1])[n]()); }
    fact("sorts a copy", () => { const t = new Int8Array([4, 3, 2, 1]); let first = true; t.sort((a, b) => { if (first) { first = false; t.fill(0); } return a - b; }); return [...t]; });
    fact("bound prototype", () => { class F extends Function {} const f = Object.setPrototypeOf(() => 1, F.prototype); return f.bind() instanceof F; });
    fact("split looks", () => { const r = /a/; let asked = 0; Object.defineProperty(r, Symbol.match, { get() { asked++; } }); return ["bab".split(r), asked]; });
    fact("json sources", () => { const log = []; JSON.parse('{"b":2,"b":[1],"b":4,"c":{"d":1},"c":"x"}', (k, v, c) => { log.push(k, c.source ?? "-"); return v; }); return log; });
    fact("sources", () => [/\u2028/.source, RegExp("\u2028").source, RegExp("\\\n").source, RegExp("\n/").source, RegExp("[/\n]").source]);
    fact("escapes", () => RegExp.escape("é\u00a0ÿ\ud83d\ude00\ud83d-a\u2028"));
    fact("field get", () => { class A { get
      *a() {} set
      *b() {} } return [Object.keys(new A()), typeof A.prototype.a]; });
    // Digits.
    for (const n of [0.1, 0.3, 1 / 3, -1.5, 255.5, 1e21, 1e-7, 1e300, 5e-324, 2 ** 53, 123456789.123456, 0.5, 1e22]) fact(`digits ${n}`, () => [2, 3, 7, 16, 32, 36].map((base) => n.toString(base)));
    for (const [a, b] of [["á", "a\u0301"], ["あ", "ア"], ["ガ", "が"], ["é", "E\u0301"]]) fact(`order ${a} ${b}`, () => [a.localeCompare(b), a.localeCompare(b, "en", { sensitivity: "base" })]);
    await later("timers' this", () => new Promise((resolve) => setTimeout(function (...more) { resolve([this === globalThis, more.length]); }, 1, 1, 2)));
    return Response.json(facts);
  },
};
