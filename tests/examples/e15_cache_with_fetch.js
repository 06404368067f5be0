// E15 Cache using fetch: what a cache may keep and how; the options are taken.
// class: local stub
// > GET /json
// < 200 | cache-control: max-age=1500 || "path":"/json"
// > GET /uncached
// < 200 || "path":"/json"
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/uncached") return fetch(`${env.ORIGIN}/json`, { cache: "no-store" });
    const cf = { cacheTtl: 5, cacheEverything: true, cacheKey: `key${pathname}`, cacheTtlByStatus: { "200-299": 86400, 404: 1, "500-599": 0 }, polish: "lossy" };
    const answer = await fetch(env.ORIGIN + pathname, { cf });
    const copy = new Response(answer.body, answer);
    copy.headers.set("cache-control", "max-age=1500");
    return copy;
  },
};
