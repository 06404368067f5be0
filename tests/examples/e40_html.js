// E40 Return small HTML page.
// class: as it is
// > GET /
// < 200 | content-type: text/html;charset=UTF-8 || <h1>Hello</h1>
export default {
  fetch: () => new Response("<!doctype html><body><h1>Hello</h1></body>", { headers: { "content-type": "text/html;charset=UTF-8" } }),
};
