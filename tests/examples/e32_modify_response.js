// E32 Modify response: status, headers and JSON are changed.
// class: local stub
// > GET /
// < 500 | foo: bar || "foo":"bar" || "path":"/json"
export default {
  async fetch(_, env) {
    const original = await fetch(`${env.ORIGIN}/json`);
    let answer = new Response(original.body, { status: 500, statusText: "some message", headers: original.headers });
    const body = JSON.stringify({ foo: "bar", ...(await answer.json()) });
    answer = new Response(body, answer);
    answer.headers.set("foo", "bar");
    return answer;
  },
};
