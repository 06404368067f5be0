// What a cache refuses.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
// cache
const c = caches.default;
await later("put none", () => c.put()); await later("put one", () => c.put("http://x/")); await later("put str", () => c.put("http://x/", "x")); await later("put post", () => c.put(new Request("http://x/", { method: "POST" }), new Response("x"))); await later("put 206", () => c.put("http://x/", new Response("x", { status: 206 }))); await later("put vary", () => c.put("http://x/", new Response("x", { headers: { vary: "*" } }))); await later("put 304", () => c.put("http://x/", new Response(null, { status: 304 }))); await later("put used", async () => { const r = new Response("x"); await r.text(); return c.put("http://x/", r); }); await later("put bad url", () => c.put("foo", new Response("x"))); await later("match none", () => c.match()); await later("match bad", () => c.match("foo")); await later("match post", async () => String(await c.match(new Request("http://x/", { method: "POST" })))); await later("delete none", () => c.delete()); await later("delete missing", () => c.delete("http://x/none")); await later("open none", () => caches.open()); await later("open empty", async () => String(await caches.open(""))); await later("has", () => caches.has("x")); await later("add", () => c.add("http://x")); await later("keys", () => c.keys()); await later("match ftp", async () => String(await c.match("ftp://x/"))); await later("put setcookie", async () => String(await c.put("http://x/sc", new Response("x", { headers: { "set-cookie": "a" } })))); await later("match sc", async () => String(await c.match("http://x/sc"))); await later("put error", () => c.put("http://x/", Response.error())); await later("ignoreSearch", () => c.match("http://x/", { ignoreSearch: true })); await later("match opt", () => c.match("http://x/", 5));
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
