// Sorting: what is compared, and in which order.

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

const seen = (list, f = (a, b) => a - b) => { const o = []; const r = [...list].sort((a, b) => { o.push(`${a},${b}`); return f(a, b); }); return [r, o.join(" ")]; };
export default {
  async fetch(request, env, ctx) {
    await fact("seen([3, 1, 2])", async () => (seen([3, 1, 2])));
    await fact("seen([1, 2, 3, 4, 5])", async () => (seen([1, 2, 3, 4, 5])));
    await fact("seen([5, 4, 3, 2, 1])", async () => (seen([5, 4, 3, 2, 1])));
    await fact("seen([5, 1, 4, 2, 3, 9, 7, 8, 6, 0])", async () => (seen([5, 1, 4, 2, 3, 9, 7, 8, 6, 0])));
    await fact("seen([1, 1, 1, 2, 2, 0])", async () => (seen([1, 1, 1, 2, 2, 0])));
    await fact("seen([3, 1, 2], () => 1)", async () => (seen([3, 1, 2], () => 1)));
    await fact("seen([3, 1, 2], () => -1)", async () => (seen([3, 1, 2], () => -1)));
    await fact("seen([3, 1, 2], () => 0)", async () => (seen([3, 1, 2], () => 0)));
    await fact("seen([3, 1, 2], () => NaN)", async () => (seen([3, 1, 2], () => NaN)));
    await fact("seen([3, 1, 2], (a, b) => a > b)", async () => (seen([3, 1, 2], (a, b) => a > b)));
    await fact("seen([3, undefined, 1, 2])", async () => (seen([3, undefined, 1, 2])));
    await fact("seen([1])", async () => (seen([1])));
    await fact("seen([])", async () => (seen([])));
    await fact("seen([2, 1])", async () => (seen([2, 1])));
    await fact("[3, , 1, undefined, 2].sort()", async () => ([3, , 1, undefined, 2].sort()));
    await fact("[10, 9, 1, 100].sort()", async () => ([10, 9, 1, 100].sort()));
    await fact("[\"b\", undefined, \"a\", null].sort()", async () => (["b", undefined, "a", null].sort()));
    await fact("seen(Array.from({ length: 40 }, (_, i) => (i * 7) % 40))", async () => (seen(Array.from({ length: 40 }, (_, i) => (i * 7) % 40))));
    await fact("seen(Array.from({ length: 63 }, (_, i) => (i * 5) % 63))", async () => (seen(Array.from({ length: 63 }, (_, i) => (i * 5) % 63))));
    await fact("[3, 1, 2].toSorted((a, b) => b - a)", async () => ([3, 1, 2].toSorted((a, b) => b - a)));
    await fact("[1, 2].sort(() => { throw new Error(\"x\"); })", async () => ([1, 2].sort(() => { throw new Error("x"); })));
    await fact("[{ toString() { throw new Error(\"t\"); } }, 1].sort()", async () => ([{ toString() { throw new Error("t"); } }, 1].sort()));
    await fact("Array.from({ length: 200 }, (_, i) => ({ k: i % 3, i })).sort((a, b) => a.k - b.k).map((x) => x.i).join()", async () => (Array.from({ length: 200 }, (_, i) => ({ k: i % 3, i })).sort((a, b) => a.k - b.k).map((x) => x.i).join()));
    return Response.json(facts);
  },
};
