// A classic script without a listener, and one handler that is removed again.
// script: classic
// requests: GET /
const listener = (event) => event.respondWith(new Response("removed"));
addEventListener("fetch", listener);
removeEventListener("fetch", listener);
addEventListener("fetch", (event) => event.respondWith(new Response("stays")), { once: true });
