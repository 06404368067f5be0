// What methods of the language say of what they are called on and given.
// flags: nodejs_compat
const facts = {};
const say = (v) => v === undefined ? "undefined" : typeof v === "string" || typeof v === "number" || typeof v === "boolean" ? v : v instanceof Error ? `${v.constructor.name} ${v.name}: ${v.message}` : typeof v === "symbol" || typeof v === "bigint" ? String(v) : Array.isArray(v) ? v.map(say) : Object.prototype.toString.call(v);
const ta = async (f) => { try { const p = f(); if (p instanceof Promise) return "promise " + say(await Promise.race([p, new Promise((r) => setTimeout(r, 5, "hangs"))])); return say(p); } catch (e) { return "throws/rejects " + say(e); } };
const args = { none: () => [], obj: () => [{}] };
const mk = { String: () => "hello", Array: () => [3, 1, 2], Number: () => 12.5, Boolean: () => true, Date: () => new Date(0), RegExp: () => /x/g, Map: () => new Map([[1, 2]]), Set: () => new Set([1]), WeakMap: () => new WeakMap(), WeakSet: () => new WeakSet(), Uint8Array: () => new Uint8Array([3, 1, 2]), Float64Array: () => new Float64Array(2), BigInt64Array: () => new BigInt64Array(2), ArrayBuffer: () => new ArrayBuffer(8), DataView: () => new DataView(new ArrayBuffer(8)), BigInt: () => 5n, Symbol: () => Symbol("z"), Error: () => new Error("m"), Function: () => function f(a) { return a; }, Promise: () => Promise.resolve(1), Object: () => ({ a: 1 }), Iterator: () => [1, 2, 3].values(), TA: () => new Uint16Array([1, 2]), Gen: () => (function* () { yield 1; })() };
const protos = { TA: Object.getPrototypeOf(Uint8Array.prototype), Gen: Object.getPrototypeOf((function* () {}).prototype) };
const wrong = { und: undefined, obj: {} };
// differs: words that nobody compares, and languages that are not there.
const differs = new Set("Array.toLocaleString Array.with ArrayBuffer.resize Atomics.add Atomics.and Atomics.compareExchange Atomics.exchange Atomics.load Atomics.notify Atomics.or Atomics.store Atomics.sub Atomics.wait Atomics.waitAsync Atomics.xor BigInt.toLocaleString Date.toLocaleDateString Date.toLocaleString Date.toLocaleTimeString Iterator.flatMap JSON.rawJSON Map.getOrInsertComputed Math.sumPrecise Number.toLocaleString Object.fromEntries String.Symbol String.localeCompare String.toLocaleLowerCase String.toLocaleUpperCase String.trimEnd String.trimLeft String.trimRight String.trimStart Symbol.Symbol Symbol.description TA.map TA.toLocaleString Uint8Array.setFromBase64 Uint8Array.setFromHex Uint8Array.toBase64 WeakMap.getOrInsertComputed".split(" "));
export default { async fetch() {
  for (const n in mk) {
    const P = protos[n] ?? globalThis[n].prototype;
    for (const m of Reflect.ownKeys(P)) {
      if (m === "constructor" || differs.has(`${n}.${String(m).replace(/\(.*/, "")}`)) continue;
      const d = Object.getOwnPropertyDescriptor(P, m);
      const key = `${n}.${String(m)}`;
      if (d.get) { for (const w in wrong) facts[`${key} get on (${w})`] = await ta(() => d.get.call(wrong[w])); continue; }
      if (typeof d.value !== "function") continue;
      for (const a in args) { if (/repeat|padStart|padEnd|fill|resize|transfer|toFixed/.test(String(m)) && a === "inf" && n !== "String") continue; facts[`${key}(${a})`] = await ta(() => d.value.apply(mk[n](), args[a]())); }
      for (const w in wrong) facts[`${key} on (${w})`] = await ta(() => d.value.call(wrong[w]));
    }
  }
  for (const [n, O] of Object.entries({ Object, Reflect, JSON, Math, Number, Array, Promise, Symbol, String, Proxy, BigInt, Atomics, Date, ArrayBuffer })) for (const m of Object.getOwnPropertyNames(O)) {
    if (typeof O[m] !== "function" || differs.has(`${n}.${m}`) || /^(now|random|prototype)$/.test(m)) continue;
    for (const a in args) facts[`${n}.${m}(${a})`] = await ta(() => O[m](...args[a]()));
  }
  return Response.json(facts);
} };
