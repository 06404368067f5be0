// S21 ctx: work after the answer; an exception that lets the request through to the origin, which there is none of here.
// class: as it is
// > GET /
// < 200 || first
// ? GET /
// < 200 || after
export default {
  async fetch(_, env, context) {
    const before = (await env.KV.get("s21")) ?? "first";
    context.waitUntil(env.KV.put("s21", "after"));
    return new Response(before);
  },
};
