// E28 Hot-link protection: pictures on others' pages lead home.
// class: local stub
// > GET /image.png | referer: https://bad.example/page
// < 302 | location: https://home.example/
// > GET /image.png | referer: https://home.example/page
// < 200 | content-type: image/png
// > GET /image.png
// < 200 | content-type: image/png
export default {
  async fetch(request, env) {
    const answer = await fetch(new Request(env.ORIGIN + new URL(request.url).pathname, request));
    const referer = request.headers.get("referer");
    const isImage = (answer.headers.get("content-type") ?? "").startsWith("image/");
    if (referer && isImage && new URL(referer).hostname !== "home.example") return Response.redirect("https://home.example/", 302);
    return answer;
  },
};
