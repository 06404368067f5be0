// What workerd's KV binding asks: `GET /KEY?urlencoded=true`.
export default {
  async fetch(request) {
    return new URL(request.url).pathname === "/key" ? new Response("the value") : new Response(null, { status: 404 });
  },
};
