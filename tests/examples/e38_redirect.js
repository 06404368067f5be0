// E38 Redirect: all to one place, or to the same path on another host.
// class: as it is
// > GET /one
// < 301 | location: https://example.com/
// > GET /two/deep?q=1
// < 301 | location: https://example.com/two/deep?q=1
export default {
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    return Response.redirect(pathname === "/one" ? "https://example.com/" : `https://example.com${pathname}${search}`, 301);
  },
};
