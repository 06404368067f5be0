// E12 Using the Cache API: an answer is kept under its request, and comes from there next time.
// class: local stub
// > GET /?id=1
// < 200 | x-from: origin | cache-control: s-maxage=10 || "path":"/json"
// ? GET /?id=1
// < 200 | x-from: cache || "path":"/json"
export default {
  async fetch(request, env, context) {
    const key = new Request(new URL(request.url), { method: "GET" });
    const cache = await caches.open("e12");
    const known = await cache.match(key);
    if (known !== undefined) {
      const copy = new Response(known.body, known);
      copy.headers.set("x-from", "cache");
      return copy;
    }
    let answer = await fetch(`${env.ORIGIN}/json`);
    answer = new Response(answer.body, answer);
    // What sets a cookie is not kept.
    answer.headers.delete("set-cookie");
    answer.headers.append("cache-control", "s-maxage=10");
    context.waitUntil(cache.put(key, answer.clone()));
    answer.headers.set("x-from", "origin");
    return answer;
  },
};
