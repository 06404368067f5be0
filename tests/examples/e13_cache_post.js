// E13 Cache POST requests: under a key that is made of the body's hash.
// class: local stub
// > POST /ask || one
// < 200 | x-from: origin || "body":"one"
// ? POST /ask || one
// < 200 | x-from: cache || "body":"one"
// > POST /ask || two
// < 200 | x-from: origin || "body":"two"
async function sha256(text) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
export default {
  async fetch(request, env, context) {
    const body = await request.clone().text();
    const url = new URL(request.url);
    url.pathname = `/posts${url.pathname}${await sha256(body)}`;
    const key = new Request(url, { headers: request.headers, method: "GET" });
    const cache = await caches.open("e13");
    let answer = await cache.match(key);
    const from = answer === undefined ? "origin" : "cache";
    if (answer === undefined) {
      answer = await fetch(`${env.ORIGIN}/echo`, request);
      answer = new Response(answer.body, { headers: { "cache-control": "max-age=60", "content-type": "application/json" } });
      context.waitUntil(cache.put(key, answer.clone()));
    }
    const copy = new Response(answer.body, answer);
    copy.headers.set("x-from", from);
    return copy;
  },
};
