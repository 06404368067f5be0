// date: 2026-06-01
// flags: nodejs_compat
// What the global object inherits, in its order.
const names = Object.getOwnPropertyNames(Object.getPrototypeOf(globalThis));

export default {
  async fetch() {
    return Response.json([names, Object.getOwnPropertyNames(Object.getPrototypeOf(globalThis))]);
  },
};
