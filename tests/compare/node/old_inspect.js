// What looks at values, at a date at which Workers have no WeakRef.
// date: 2025-03-01
// flags: nodejs_compat
import assert from "node:assert";
import util from "node:util";
const attempt = (f) => {
  try {
    return String(f());
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
export default {
  fetch: () =>
    Response.json({
      deep: attempt(() => assert.deepStrictEqual({ a: 1 }, { a: 2 })),
      shown: attempt(() => util.inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 })),
      globals: [typeof WeakRef, typeof FinalizationRegistry],
    }),
};
