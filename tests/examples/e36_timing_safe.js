// E36 Using timingSafeEqual: a secret that is compared in constant time.
// class: as it is
// > GET / | authorization: s3cret
// < 200 || Welcome
// > GET / | authorization: other!
// < 401
// > GET /
// < 401
const encoder = new TextEncoder();
export default {
  fetch(request, env) {
    if (!env.SECRET) return new Response("no secret is set", { status: 500 });
    const given = encoder.encode(request.headers.get("authorization") ?? "");
    const secret = encoder.encode(env.SECRET);
    const isSame = given.byteLength === secret.byteLength ? crypto.subtle.timingSafeEqual(given, secret) : !crypto.subtle.timingSafeEqual(given, given);
    return isSame ? new Response("Welcome") : new Response("who?", { status: 401 });
  },
};
