// Stacks where modules have addresses.
// date: 2026-01-01
// flags: nodejs_compat, new_module_registry
class Thing {
  thrown() { throw new RangeError("thrown"); }
  static made() { return new Error("made").stack; }
}
const lines = (stack) => stack.split("\n");
async function later() {
  await 0;
  return new Error("later").stack;
}
const global = lines(new Error("global").stack);

export default {
  async fetch() {
    const facts = { global, made: lines(Thing.made()), later: lines(await later()) };
    try { new Thing().thrown(); } catch (error) { facts.thrown = lines(error.stack); }
    try { JSON.parse("{"); } catch (error) { facts.language = lines(error.stack); }
    facts.sorted = [1, 2].map((value) => lines(new Error(`${value}`).stack))[1];
    const held = {};
    Error.captureStackTrace(held);
    facts.captured = lines(held.stack);
    return Response.json(facts);
  },
};
