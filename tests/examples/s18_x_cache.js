// S18 cache.match and cache.put, with a header that says which it was.
// class: as it is
// > GET /page
// < 200 | x-cache: MISS || made
// ? GET /page
// < 200 | x-cache: HIT || made
// > DELETE /page
// < 200 || true
// > GET /page
// < 200 | x-cache: MISS
export default {
  async fetch(request, _, context) {
    const cache = await caches.open("s18");
    if (request.method === "DELETE") return new Response(String(await cache.delete(request.url)));
    const known = await cache.match(request);
    if (known) return new Response(known.body, { ...known, headers: { ...Object.fromEntries(known.headers), "x-cache": "HIT" } });
    const answer = new Response("made", { headers: { "cache-control": "public, max-age=300", "x-cache": "MISS" } });
    context.waitUntil(cache.put(request, answer.clone()));
    return answer;
  },
};
