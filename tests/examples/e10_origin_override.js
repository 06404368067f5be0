// E10 Bulk origin override: requests of some hosts go elsewhere.
// class: local stub
// > GET /json | x-host: one.example
// < 200 || "path":"/json"
// > GET /json | x-host: two.example
// < 404 || not ours
export default {
  fetch(request, env) {
    const origins = { "one.example": new URL(env.ORIGIN).host };
    const url = new URL(request.url);
    const host = request.headers.get("x-host");
    if (!(host in origins)) return new Response("not ours", { status: 404 });
    url.host = origins[host];
    return fetch(url, request);
  },
};
