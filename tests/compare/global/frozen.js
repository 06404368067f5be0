// A Worker that freezes what the language has: the platform's own objects can still have members of those names.
// head: heads/uses.js
const names = [];
for (const name in checks) names.push(name);
const plain = (it) => (typeof it !== "object" ? `${it}` : it[0] + "," + it[1]);


const frozen = (holder) => {
  Object.freeze(holder);
  if (typeof holder === "function") Object.freeze(holder.prototype);
};
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const it = Object.getOwnPropertyDescriptor(globalThis, name).value;
  if (/^[A-Z]/.test(name) && typeof it === "function" && /Array|Object|Function|String|Promise|Error|Map|Set|Weak|RegExp|Date|Number|Symbol/.test(name)) frozen(it);
}
Object.freeze(Object.getPrototypeOf(Uint8Array.prototype));
Object.freeze(Object.getPrototypeOf([].keys()));

export default {
  async fetch() {
    const facts = {};
    for (let i = 0; i < names.length; i++) {
      try {
        facts[names[i]] = plain(await checks[names[i]]());
      } catch (error) {
        facts[names[i]] = error.message;
      }
    }
    class Named extends Error {
      constructor() {
        super("m");
        this.title = "own";
      }
    }
    facts.named = new Named().title;
    return new Response(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
