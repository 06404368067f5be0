// E01 103 Early Hints: a Link header beside a page; the 103 itself is a content delivery network's to send.
// class: as it is
// > GET /
// < 200 | link: </main.css>; rel=preload; as=style || main.css
// > GET /main.css
// < 200 | content-type: text/css || color
export default {
  fetch(request) {
    if (/main\.css$/.test(request.url)) return new Response("p { color: teal }", { headers: { "content-type": "text/css" } });
    return new Response('<link rel="stylesheet" href="main.css"><p>hints', { headers: { "content-type": "text/html", link: "</main.css>; rel=preload; as=style" } });
  },
};
