// Arrays that are walked: by for-of, destructuring and yield*, with prototypes as they are and as a Worker has changed them.
// head: heads/say.js
const values = Array.prototype[Symbol.iterator];
const arrayIterator = Object.getPrototypeOf([][Symbol.iterator]());
const { next } = arrayIterator;
async function changed(object, key, value, f) {
  const before = Object.getOwnPropertyDescriptor(object, key);
  Object.defineProperty(object, key, { value, writable: true, configurable: true });
  try {
    return await f();
  } finally {
    if (before === undefined) delete object[key];
    else Object.defineProperty(object, key, before);
  }
}
export default run(async () => {
  await t("for-of", () => { const o = []; for (const x of [1, "a", , null]) o.push(x); return o; });
  await t("grows", () => { const a = [1, 2], o = []; for (const x of a) { o.push(x); if (a.length < 5) a.push(x * 10); } return o; });
  await t("shrinks", () => { const a = [1, 2, 3, 4], o = []; for (const x of a) { o.push(x); a.pop(); } return o; });
  await t("emptied and filled", () => { const a = [1, 2, 3], o = []; for (const x of a) { o.push(x); if (x === 2) { a.length = 0; a.push(7, 8, 9); } } return o; });
  await t("made sparse", () => { const a = [1, 2, 3], o = []; for (const x of a) { o.push(x); if (x === 1) { delete a[1]; a[5] = 6; } } return o; });
  await t("an accessor", () => { const a = [1, 2, 3], o = []; for (const x of a) { o.push(x); if (x === 1) Object.defineProperty(a, 1, { get: () => "got" }); } return o; });
  await t("an accessor throws", () => { const a = [1, 2]; const o = []; try { for (const x of a) { o.push(x); Object.defineProperty(a, 1, { get() { throw new Error("no"); } }); } } catch (e) { o.push(e.message); } return o; });
  await t("holes read prototypes", () => changed(Array.prototype, 1, "inherited", () => { const [a, b, c] = [1, , 3]; return [a, b, c]; }));
  await t("long", () => { const a = new Array(4); a[0] = 1; const o = []; for (const x of a) o.push(x); return o; });
  await t("break and return", () => { const f = () => { for (const x of [1, 2, 3]) if (x === 2) return x; }; const o = []; for (const x of [1, 2, 3]) { if (x === 2) break; o.push(x); } return [f(), o]; });
  await t("labels", () => { const o = []; outer: for (const a of [1, 2]) for (const b of [3, 4, 5]) { if (b === 4) continue outer; o.push(a * b); } return o; });
  await t("throws", () => { const o = []; try { for (const x of [1, 2]) { o.push(x); throw new Error("out"); } } catch (e) { o.push(e.message); } finally { o.push("finally"); } return o; });
  await t("finally within", () => { const o = []; const f = () => { for (const x of [1, 2]) { try { return x; } finally { o.push("f" + x); } } }; return [f(), o]; });
  await t("destructuring", () => { const [a, , b = 5, ...rest] = [1, 2, undefined, 4, 5]; const [x, y = 7] = []; const [[p], { q }] = [[1], { q: 2 }]; return [a, b, rest, x, y, p, q]; });
  await t("swap", () => { let a = 1, b = 2; [a, b] = [b, a]; const o = {}; [o.x, o["y"]] = [3, 4]; return [a, b, o]; });
  await t("defaults throw", () => { const [a, b = (() => { throw new Error("default"); })()] = [1]; return [a, b]; });
  await t("parameters", () => [[[1, 2], [3, 4]].map(([a, b]) => a + b), (([a, b] = [8, 9]) => a * b)()]);
  await t("entries", () => { const o = []; for (const [k, v] of Object.entries({ a: 1, b: 2 })) o.push(k + v); for (const [k, v] of new Map([[1, 2]])) o.push(k + v); for (const [i, x] of ["z"].entries()) o.push(i + x); return o; });
  await t("generators", () => { function* g() { const got = yield* [1, 2, 3]; return [got, yield 9]; } const i = g(); return [i.next(), i.next("x"), i.next(), i.next(), i.next("end"), i.next()]; });
  await t("a generator returns", () => { function* g() { try { yield* [1, 2, 3]; } finally { yield "cleanup"; } } const i = g(); return [i.next(), i.return(5), i.next()]; });
  await t("a generator throws", () => { function* g() { yield* [1, 2, 3]; } const i = g(); i.next(); return i.throw(new Error("in")); });
  await t("generators that walk", () => { function* g() { for (const x of [1, 2, 3]) yield x * 2; } return [...g()]; });
  await t("async", async () => { const o = []; for (const x of [1, 2]) o.push(await x); for await (const x of [Promise.resolve(3), 4]) o.push(x); return o; });
  await t("spread", () => [[...[1, , 3]], Math.max(...[4, 5]), new Set([...[1, 1]]).size]);
  await t("of its own", () => { const a = [1, 2]; a[Symbol.iterator] = function* () { yield "own"; }; const [x] = a; return [x, [...a]]; });
  await t("subclass", () => { class A extends Array { *[Symbol.iterator]() { yield "sub"; } } const [x] = A.of(1, 2); class B extends Array {} const o = []; for (const y of B.of(3)) o.push(y); return [x, o]; });
  await t("another prototype", () => { const a = [1, 2]; Object.setPrototypeOf(a, null); const [x] = a; return x; });
  await t("Symbol.iterator replaced", () => changed(Array.prototype, Symbol.iterator, function* () { yield "replaced"; }, () => { const o = []; for (const x of [1, 2]) o.push(x); const [a] = [3]; return [o, a]; }));
  await t("next replaced", () => changed(arrayIterator, "next", function () { const r = next.call(this); return r.done ? r : { done: false, value: `n${r.value}` }; }, () => { const o = []; for (const x of [1, 2]) o.push(x); const [a, b, c] = [3, 4]; return [o, a, b, c]; }));
  await t("next replaced meanwhile", () => { const o = []; return changed(Object.prototype, "unused", 1, () => { for (const x of [1, 2]) { o.push(x); arrayIterator.next = function () { return { done: true }; }; } arrayIterator.next = next; return o; }); });
  await t("return added", () => { const o = []; return changed(arrayIterator, "return", function () { o.push(["return", Object.prototype.toString.call(this), next.call(this)]); return {}; }, () => { for (const x of [1, 2, 3]) { o.push(x); if (x === 2) break; } for (const x of [1]) o.push(x); const [a] = [7, 8]; o.push(a); try { for (const x of [4, 5]) throw new Error("x" + x); } catch (e) { o.push(e.message); } return o; }); });
  await t("return added, and a step that fails", () => changed(arrayIterator, "return", function () { throw new Error("asked"); }, () => changed(Array.prototype, 1, 0, () => { Object.defineProperty(Array.prototype, 1, { get() { throw new Error("step"); }, configurable: true }); for (const x of [1, , 3]); })));
  await t("return added to all", () => { const o = []; return changed(Object.prototype, "return", function () { o.push("return"); return 5; }, () => { for (const x of [1, 2]) { o.push(x); break; } return o; }); });
  await t("arguments", () => (function () { const o = []; for (const x of arguments) o.push(x); const [a] = arguments; return [o, a]; })(1, 2));
  await t("typed", () => { const o = []; for (const x of new Uint8Array([1, 2])) o.push(x); const [a, b] = new Float32Array([1.5]); return [o, a, b]; });
  await t("values are the same", () => [values === Array.prototype.values, values.name, next.name]);
});
