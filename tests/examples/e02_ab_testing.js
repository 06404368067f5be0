// E02 A/B testing with same-URL direct access: a cookie keeps a visitor in a group.
// class: local stub
// > GET /page.html | cookie: group=test
// < 200 || /test/page.html
// > GET /control/page.html
// < 200 || /control/page.html
// > GET /other
// < 200 | x-origin: 1 || /other
export default {
  async fetch(request, env) {
    const url = new URL(new URL(request.url).pathname, env.ORIGIN);
    if (/^\/(control|test)\//.test(url.pathname)) return fetch(new Request(url, request));
    if (!url.pathname.endsWith(".html")) return fetch(url);
    const known = /group=(control|test)/.exec(request.headers.get("cookie") ?? "")?.[1];
    const group = known ?? (Math.random() < 0.5 ? "control" : "test");
    url.pathname = `/${group}${url.pathname}`;
    const answer = await fetch(url);
    if (known) return answer;
    const fresh = new Response(answer.body, answer);
    fresh.headers.append("set-cookie", `group=${group}; path=/`);
    return fresh;
  },
};
