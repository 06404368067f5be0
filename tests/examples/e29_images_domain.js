// E29 Custom domain with images: paths are put on another server's.
// class: local stub
// > GET /pictures/one.png
// < 200 | content-type: image/png
export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    return fetch(`${env.ORIGIN}/account${pathname}`);
  },
};
