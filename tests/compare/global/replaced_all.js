// flags: nodejs_compat
// A Worker that replaces every global, one after the other: the platform goes on without it.
// head: heads/platform_uses.js
const facts = {};
const names = getOwnPropertyNames(globalThis).filter(
  (name) => !/^(Object|Reflect|globalThis|undefined|NaN|Infinity)$/.test(name) && getOwnPropertyDescriptor(globalThis, name).configurable,
);
export default {
  async fetch() {
    const base = (facts.base = {});
    for (const [name, check] of entries(checks)) base[name] = await run(check);
    for (const global of names) {
      const own = getOwnPropertyDescriptor(globalThis, global);
      const value = () => {
        throw new Error("was called");
      };
      const seen = {};
      for (const [name, check] of entries(checks)) {
        defineProperty(globalThis, global, { value, configurable: true, writable: true, enumerable: true });
        let result;
        try {
          result = await run(check);
        } finally {
          defineProperty(globalThis, global, own);
        }
        if (result !== base[name]) seen[name] = result;
      }
      if (Object.keys(seen).length > 0) facts[global] = seen;
    }
    return new R(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
