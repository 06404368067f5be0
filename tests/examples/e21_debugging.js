// E21 Debugging logs: an exception is sent to a log service after the answer, and shown.
// class: local stub
// > GET /
// < 200 | x-debug: stack || Error: it broke
const log = (env, data) => fetch(`${env.ORIGIN}/json`, { method: "POST", body: data });
export default {
  async fetch(_, env, context) {
    let answer;
    try {
      answer = await fetch(`${env.ORIGIN}/json`);
      if (answer.ok) throw new Error("it broke");
    } catch (error) {
      const stack = JSON.stringify(error.stack) ?? `${error}`;
      context.waitUntil(log(env, stack));
      answer = new Response(`${error}\n${stack}`, answer);
      answer.headers.delete("content-type");
      answer.headers.set("x-debug", "stack");
    }
    return answer;
  },
};
