// E39 Respond with another site, for GET alone.
// class: local stub
// > GET /
// < 200 || <title>T</title>
// > POST / || x
// < 405 | allow: GET || Method POST not allowed.
export default {
  fetch(request, env) {
    if (request.method !== "GET") return new Response(`Method ${request.method} not allowed.`, { status: 405, headers: { allow: "GET" } });
    return fetch(`${env.ORIGIN}/page.html`);
  },
};
