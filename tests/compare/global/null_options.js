// null, primitives and functions for options of `Intl`, what `Math.sumPrecise()` and `JSON.rawJSON()` do not take, traps that are falsish, and helpers of
// iterators that run.
const facts = {};
const fact = (name, f) => {
  try {
    const value = f();
    facts[name] = typeof value === "number" ? String(value) : Object.prototype.toString.call(value);
  } catch (error) {
    facts[name] = `${error.name}: ${error.message}`;
  }
};
for (const name of ["DateTimeFormat", "NumberFormat", "PluralRules", "RelativeTimeFormat", "ListFormat", "Collator", "DisplayNames", "Segmenter", "DurationFormat"]) {
  for (const value of [null, 1, "x", Symbol("s"), () => 1]) fact(`${name} ${String(value)}`, () => new Intl[name]("en", value));
}
for (const name of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) fact(`Date ${name}`, () => new Date(0)[name]("en", null));
fact("Number toLocaleString", () => (1).toLocaleString("en", null));
fact("localeCompare", () => "a".localeCompare("b", "en", null));
fact("Locale of a function", () => new Intl.Locale(() => {}));
for (const value of [1, "a", null, {}, new Date(0), [1, "a"], ["1"], [1n], new Set([1, 2]), [], [-0], "12"]) fact(`sumPrecise ${typeof value} ${JSON.stringify(value, (key, v) => String(v))}`, () => Math.sumPrecise(value));
for (const value of ["", "a", "1", "[1]", "{}", " 1", "1 ", "nul", '"a', 1, null, undefined, {}, [1], "-", "01", "1e", "tru", "1,2"]) fact(`rawJSON ${typeof value} ${value}`, () => JSON.rawJSON(value));
fact("preventExtensions", () => Object.preventExtensions(new Proxy({}, { preventExtensions: () => false })));
fact("getOwnPropertyDescriptor", () => {
  const target = Object.defineProperty({}, "x", { value: 1, writable: true });
  return Object.getOwnPropertyDescriptor(new Proxy(target, { getOwnPropertyDescriptor: () => ({ value: 1 }) }), "x");
});
for (const name of ["map", "filter", "flatMap"]) {
  fact(`${name} within itself`, () => {
    const it = { __proto__: Iterator.prototype, next: () => helper.next() };
    const helper = it[name]((x) => x);
    return helper.next();
  });
}

export default { fetch: () => Response.json(facts) };
