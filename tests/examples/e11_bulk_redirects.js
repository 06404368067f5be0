// E11 Bulk redirects from a Map.
// class: as it is
// > GET /bulk1
// < 301 | location: https://external.example/one
// > GET /none
// < 404
const MOVED = new Map([["/bulk1", "/one"], ["/bulk2", "/two"]]);
export default {
  fetch(request) {
    const to = MOVED.get(new URL(request.url).pathname);
    return to ? Response.redirect(`https://external.example${to}`, 301) : new Response("nothing here", { status: 404 });
  },
};
