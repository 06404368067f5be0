// Stubs in arguments, with and without the flag that duplicates them.
// flags: rpc_params_dup_stubs
// service: B = services/callee.js
export default {
  async fetch(req, { B }) {
    const facts = {};
    const c = await B.make();
    const e = await B.echo(c);
    facts.still = await c.inc(2);
    facts.same = await e.value;
    return Response.json(facts);
  },
};
