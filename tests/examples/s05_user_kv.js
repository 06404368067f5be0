// S05 A user Worker that reads KV.
// class: as it is
// > PUT /k || v
// < 200
// > GET /k
// < 200 || v
// > GET /none
// < 404
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") return new Response(await env.KV.put(key, request.body, { metadata: { from: "s05" } }));
    const value = await env.KV.get(key);
    return value === null ? new Response("none", { status: 404 }) : new Response(value);
  },
};
