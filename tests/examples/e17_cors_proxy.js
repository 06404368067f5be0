// E17 CORS header proxy: answers preflights, and adds the headers to what another server answers.
// class: local stub
// > OPTIONS /proxy | origin: https://a.example | access-control-request-method: GET | access-control-request-headers: x-a
// < 200 | access-control-allow-methods: GET,HEAD,POST,OPTIONS | access-control-allow-headers: x-a
// > OPTIONS /proxy
// < 200 | allow: GET, HEAD, POST, OPTIONS
// > GET /proxy?url=/json | origin: https://a.example
// < 200 | access-control-allow-origin: https://a.example | vary: Origin || "path":"/json"
// > DELETE /proxy
// < 405
const CORS = { "access-control-allow-methods": "GET,HEAD,POST,OPTIONS", "access-control-max-age": "86400" };
export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const { headers } = request;
    if (request.method === "OPTIONS") {
      if (!headers.get("origin") || !headers.get("access-control-request-method")) return new Response(null, { headers: { allow: "GET, HEAD, POST, OPTIONS" } });
      return new Response(null, { headers: { ...CORS, "access-control-allow-origin": headers.get("origin"), "access-control-allow-headers": headers.get("access-control-request-headers") ?? "" } });
    }
    if (!["GET", "HEAD", "POST"].includes(request.method)) return new Response(null, { status: 405, statusText: "Method Not Allowed" });
    const url = new URL(searchParams.get("url") ?? "/json", env.ORIGIN);
    const asked = new Request(url, request);
    asked.headers.set("origin", url.origin);
    let answer = await fetch(asked);
    answer = new Response(answer.body, answer);
    answer.headers.set("access-control-allow-origin", headers.get("origin") ?? "*");
    answer.headers.append("vary", "Origin");
    return answer;
  },
};
