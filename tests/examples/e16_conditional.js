// E16 Conditional response: by path, method, agent and address. A client cannot set CF-Device-Type
// itself, so the device is told by a hint of its own.
// class: local stub
// > GET /blocked
// < 403
// > POST /x || a
// < 403 || only reading
// > GET /x | user-agent: badbot/1
// < 403 || no bots
// > GET /json | sec-ch-ua-mobile: ?1
// < 302 | location: https://m.example/json
// > GET /json
// < 200 || "path":"/json"
export default {
  fetch(request, env) {
    const url = new URL(request.url);
    if (["/blocked", "/forbidden"].includes(url.pathname)) return new Response(null, { status: 403 });
    if (request.method === "POST") return new Response("only reading", { status: 403 });
    if (request.headers.get("user-agent")?.includes("bot")) return new Response("no bots", { status: 403 });
    if (request.headers.get("cf-connecting-ip") === "1.2.3.4") return new Response("not you", { status: 403 });
    if (request.cf?.asn === 64512) return new Response("not your network", { status: 403 });
    if (request.headers.get("sec-ch-ua-mobile") === "?1") return Response.redirect(`https://m.example${url.pathname}`, 302);
    return fetch(env.ORIGIN + url.pathname);
  },
};
