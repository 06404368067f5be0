// What `Iterator.zip()` and `Iterator.zipKeyed()` take, what they call in which order, and what they close.
const facts = {};
const log = [];
const fact = (name, f) => {
  log.length = 0;
  try {
    facts[name] = [f(), log.join()];
  } catch (error) {
    facts[name] = [`throws ${error.name}: ${error.message}`, log.join()];
  }
};
const source = (name, values, { throwAt, returned = {}, iterable = true } = {}) => ({
  at: 0,
  next() {
    log.push(`${name}.next`);
    if (throwAt === this.at) throw new Error(name);
    return this.at < values.length ? { value: values[this.at++], done: false } : { value: undefined, done: true };
  },
  return() {
    log.push(`${name}.return`);
    if (returned === "throws") throw new Error(`return ${name}`);
    return returned;
  },
  [Symbol.iterator]: iterable
    ? function () {
        log.push(`${name}.iterator`);
        return this;
      }
    : undefined,
});
const odd = {
  undefined: undefined, null: null, number: 1, string: "ab", symbol: Symbol("q"), object: {}, function: () => {}, empty: [], set: new Set(),
  "[1]": [1], "[null]": [null], "[{}]": [{}], "[function]": [() => 1], "[iterator is 1]": [{ [Symbol.iterator]: 1 }],
  "[iterator gives 1]": [{ [Symbol.iterator]: () => 1 }], "[next is 1]": [{ next: 1 }], "[next gives 1]": [{ next: () => 1 }],
  "[String]": [new String("ab")], "{a: 1}": { a: 1 }, "{a: null}": { a: null }, "{a: undefined, b}": { a: undefined, b: [1] },
};
const options = {
  null: null, number: 1, empty: {}, function: () => {}, "mode x": { mode: "x" }, "mode null": { mode: null }, strict: { mode: "strict" }, longest: { mode: "longest" },
  "padding 1": { mode: "longest", padding: 1 }, "padding ab": { mode: "longest", padding: "ab" }, "padding list": { mode: "longest", padding: [7, 8, 9] },
  "padding short": { mode: "longest", padding: [7] }, "padding object": { mode: "longest", padding: { k0: 7, k1: 8 } },
};
for (const name of ["zip", "zipKeyed"]) {
  const zip = Iterator[name];
  const made = (...list) => (name === "zip" ? list : Object.fromEntries(list.map((value, i) => [`k${i}`, value])));
  for (const [kind, value] of Object.entries(odd)) fact(`${name} of ${kind}`, () => [...zip(value)]);
  for (const [kind, value] of Object.entries(options)) {
    fact(`${name} with ${kind}`, () => [...zip(made([1, 2, 3], [4], [5, 6]), value)]);
    fact(`${name} of equal with ${kind}`, () => [...zip(made([1, 2], [4, 5]), value)]);
  }
  for (const mode of ["shortest", "longest", "strict"]) {
    for (const [a, b] of [[{}, {}], [{ throwAt: 0 }, {}], [{}, { throwAt: 1 }], [{ returned: "throws" }, { returned: "throws" }], [{ returned: 1 }, { returned: 2 }], [{ iterable: false }, {}]]) {
      for (const [left, right] of [[[1, 2], [3, 4]], [[1], [3, 4]], [[1, 2], [3]]]) {
        const kind = `${name} ${mode} ${JSON.stringify([a, b, left, right])}`;
        const start = () => zip(made(source("a", left, a), source("b", right, b)), { mode });
        fact(`${kind} all`, () => [...start()]);
        fact(`${kind} return`, () => {
          const it = start();
          return [it.return(), it.next(), it.return()];
        });
        fact(`${kind} next, return`, () => {
          const it = start();
          return [it.next(), it.return(), it.next()];
        });
      }
    }
  }
  fact(`${name} within itself`, () => {
    const it = zip(made({ [Symbol.iterator]: undefined, next: () => it.next() }));
    return it.next();
  });
  fact(`${name} shape`, () => {
    const it = zip(made([1]));
    return [Reflect.ownKeys(it).length, Object.getPrototypeOf(it) === Object.getPrototypeOf([].values().map((x) => x)), String(it), zip.name, zip.length, String(zip)];
  });
  fact(`${name} gives`, () => Object.getPrototypeOf(zip(made([1])).next().value) === null);
}

export default { fetch: () => Response.json(facts) };
