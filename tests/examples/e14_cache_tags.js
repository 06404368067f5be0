// E14 Cache tags: told to the cache with a request; there is none here that has tags.
// class: local stub
// > GET /?tags=a,b&uri=/json
// < 200 || "tags":["a","b"]
// > GET /
// < 400 || "error"
export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const uri = searchParams.get("uri");
    if (uri === null) return Response.json({ error: "uri is missing" }, { status: 400 });
    const tags = searchParams.get("tags")?.split(",") ?? [];
    const answer = await fetch(new URL(uri, env.ORIGIN), { cf: { cacheTags: tags } });
    return Response.json({ tags, status: answer.status, cache: answer.headers.get("cf-cache-status") });
  },
};
