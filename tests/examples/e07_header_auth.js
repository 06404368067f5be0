// E07 Auth with headers: a key in a header that is agreed on.
// class: local stub
// > GET /json | x-psk: s3cret
// < 200 || "ok":true
// > GET /json | x-psk: other
// < 403 || the key is wrong
export default {
  async fetch(request, env) {
    if (request.headers.get("x-psk") !== env.SECRET) return new Response("the key is wrong", { status: 403 });
    return fetch(new Request(`${env.ORIGIN}/json`, request));
  },
};
