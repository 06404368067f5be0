// Lengths of vectors to the last digit, what Promise.any rejects with, units, and what is not cloned.
import { RpcTarget } from "cloudflare:workers";

const facts = {};
const say = (value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : Object.is(value, -0) ? "-0" : value);
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${error.constructor.name} ${error.name}: ${error.message}`;
  }
};

export default {
  async fetch() {
    for (const vector of [[], [3], [-0], [3, 4], [1, 2, 3], [1, 1], [1, 1, 1], [0.1, 0.2], [0.1, 0.2, 0.3], [1e200, 1e200], [1e-200, 1e-200], [NaN, Infinity], [NaN, 1], [0, -0], [5, 12], [2, 3, 6], [1.5, 2.5, 3.5, 4.5], [123.456, 789.012], [-3, 4], ["3", [4]]]) {
      fact(`hypot ${vector.map(String)}`, () => Math.hypot(...vector));
    }
    fact("hypot of what throws", () => Math.hypot(NaN, { valueOf() { throw new Error("asked"); } }));
    fact("hypot of a symbol", () => Math.hypot(1, Symbol()));
    for (const promises of [[], [Promise.reject(1)]]) {
      const error = await Promise.any(promises).catch((error) => error);
      facts[`any of ${promises.length}`] = [Object.getOwnPropertyNames(error), error.stack.split("\n")[0], String(error), error.errors];
    }
    for (const unit of ["meter", "kilometer-per-hour", "byte-per-second", "foo", "meter-per-foo", "a-per-b-per-c", ""]) {
      fact(`unit ${unit}`, () => new Intl.NumberFormat("en", { style: "unit", unit }).resolvedOptions().unit);
    }
    fact("a target that is cloned", () => structuredClone(new (class extends RpcTarget {})()));
    fact("__proto__ twice", () => TWICE);
    return Response.json(facts);
  },
};

let TWICE;
try {
  new Function("({ __proto__: 1, __proto__: 2 })");
} catch (error) {
  TWICE = `${error.name}: ${error.message}`;
}
