// util.inspect with options: of what holds entries, and of nested values.
// flags: nodejs_compat
import util from "node:util";
export default { fetch() { const out = {};
  const values = { map: new Map([[1, { a: [2] }], ["k", new Map([[{}, null]])]]), set: new Set([1, "b", { c: 1 }]), array: [1, , [2, [3, [4, [5]]]]], object: { z: 1, a: { b: { c: { d: 1 } } }, get g() { return 1; }, [Symbol("s")]: 2 }, text: "it's \"quoted\"\n".repeat(4), date: new Date(0), fn: class A extends Map {}, typed: new Uint8Array(3), boxed: Object(1), nothing: Object.create(null), big: [1n, NaN], long: Array.from({ length: 120 }, (_, at) => at) };
  const options = [{ compact: true }, { compact: false }, { compact: 1 }, { sorted: true }, { colors: true }, { breakLength: 20 }, { breakLength: Infinity }, { maxArrayLength: 2 }, { maxStringLength: 10 }, { showProxy: true }, { getters: true }, { numericSeparator: true }, { depth: 0 }, { depth: null }];
  for (const [name, value] of Object.entries(values)) for (const each of options) out[`${name} ${Object.entries(each)}`] = util.inspect(value, each);
  return Response.json(out); } };
