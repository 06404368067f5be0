// E37 Read POST: forms, JSON, text, and a form to send one.
// class: as it is
// > GET /form
// < 200 | content-type: text/html;charset=UTF-8 || <form
// > POST / | content-type: application/json || {"a":[1]}
// < 200 || {"a":[1]}
// > POST / | content-type: application/x-www-form-urlencoded || a=1&b=x+y%21
// < 200 || {"a":"1","b":"x y!"}
// > POST / | content-type: text/plain || hello
// < 200 || hello
// > POST / | content-type: application/octet-stream || x
// < 200 || a file
// > GET /
// < 200 || a GET
async function read(request) {
  const type = request.headers.get("content-type") ?? "";
  if (type.includes("application/json")) return JSON.stringify(await request.json());
  if (type.includes("application/text") || type.includes("text/")) return request.text();
  if (type.includes("form")) {
    const body = {};
    for (const [name, value] of (await request.formData()).entries()) body[name] = value;
    return JSON.stringify(body);
  }
  return "a file";
}
export default {
  async fetch(request) {
    if (request.url.includes("form")) return new Response('<form method="post" action="/"><input name="a"></form>', { headers: { "content-type": "text/html;charset=UTF-8" } });
    return new Response(request.method === "POST" ? await read(request) : `a ${request.method}`);
  },
};
