// E31 Modify request property: a request of a request, with another method, body and headers.
// class: local stub
// > GET /start
// < 200 || "method":"POST" || "body":"{\"bar\":\"foo\"}" || "x-example":"bar"
export default {
  async fetch(request, env) {
    const init = { method: "POST", body: JSON.stringify({ bar: "foo" }), redirect: "follow", headers: { "content-type": "application/json" }, cf: { apps: false } };
    const url = new URL(request.url);
    const first = new Request(env.ORIGIN + "/echo", new Request(request, init));
    const second = new Request(first);
    second.headers.set("x-example", "bar");
    second.headers.set("content-type", "application/json");
    try {
      return await fetch(second);
    } catch (error) {
      return new Response(JSON.stringify({ error: error.message, url }), { status: 500 });
    }
  },
};
