// E35 Post JSON: to another server, whose answer is read by its type.
// class: local stub
// > GET /
// < 200 || "method":"POST" || application/json;charset=UTF-8
export default {
  async fetch(_, env) {
    const init = { body: JSON.stringify({ results: ["default data"], errors: null, msg: "sent" }), method: "POST", headers: { "content-type": "application/json;charset=UTF-8" } };
    const answer = await fetch(`${env.ORIGIN}/echo`, init);
    const type = answer.headers.get("content-type") ?? "";
    const text = type.includes("json") ? JSON.stringify(await answer.json()) : await answer.text();
    // The init of a request as that of a response: what does not fit is passed over.
    return new Response(text, init);
  },
};
