// S14 An API gateway: counters in KV, a token check, CORS. A time to live below a minute is refused by KV.
// class: local stub
// > OPTIONS /json
// < 204 | access-control-allow-methods: GET, POST
// > GET /json
// < 401
// > GET /json | authorization: Bearer a.b.c
// < 200 | access-control-allow-origin: * | x-count: 1
// > GET /json | authorization: Bearer a.b.c
// < 200 | x-count: 2
// > GET /json | authorization: Bearer a.b.c
// < 429 | retry-after: 60
// > GET /short
// < 500 || Expiration TTL must be at least 60
const CORS = { "access-control-allow-origin": "*", "access-control-allow-methods": "GET, POST" };
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/short") {
      const failed = await env.KV.put("s14:short", "1", { expirationTtl: 5 }).catch((error) => error);
      return Response.json({ error: failed.message }, { status: 500 });
    }
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: CORS });
    const token = request.headers.get("authorization")?.replace("Bearer ", "");
    if (token?.split(".").length !== 3) return new Response("who?", { status: 401 });
    const key = `s14:${token}`;
    const count = Number((await env.KV.get(key)) ?? 0) + 1;
    if (count > 2) return new Response("slower", { status: 429, headers: { "retry-after": "60" } });
    await env.KV.put(key, String(count), { expirationTtl: 60 });
    const answer = await fetch(env.ORIGIN + pathname);
    return new Response(answer.body, { status: answer.status, headers: { ...CORS, "x-count": String(count) } });
  },
};
