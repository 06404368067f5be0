// E24 Fetch JSON, by what the answer says it is.
// class: local stub
// > GET /json
// < 200 | content-type: application/json;charset=UTF-8 || "path":"/json"
// > GET /page.html
// < 200 || <title>
async function gather(answer) {
  const type = answer.headers.get("content-type") ?? "";
  return { type, text: type.includes("application/json") ? JSON.stringify(await answer.json()) : await answer.text() };
}
export default {
  async fetch(request, env) {
    const { type, text } = await gather(await fetch(env.ORIGIN + new URL(request.url).pathname, { headers: { "content-type": "application/json;charset=UTF-8" } }));
    return new Response(text, { headers: { "content-type": type.includes("json") ? "application/json;charset=UTF-8" : type } });
  },
};
