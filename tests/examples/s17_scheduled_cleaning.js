// S17 A scheduled handler that lists keys page by page and deletes old ones.
// class: as it is
// > GET /__scheduled?cron=0+0+*+*+*
// < 200
// ? GET /
// < 200 || {"left":7}
// > GET /__scheduled?cron=0+1+*+*+*
// < 200
// ? GET /
// < 200 || {"left":0}
async function keys(env, prefix) {
  const names = [];
  let cursor;
  do {
    const page = await env.KV.list({ prefix, cursor, limit: 3 });
    names.push(...page.keys.map((key) => key.name));
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor);
  return names;
}
export default {
  async fetch(_, env) {
    return Response.json({ left: (await keys(env, "s17:")).length });
  },
  async scheduled(controller, env, context) {
    switch (controller.cron) {
      case "0 0 * * *":
        context.waitUntil(Promise.all([1, 2, 3, 4, 5, 6, 7].map((n) => env.KV.put(`s17:${n}`, "x"))));
        break;
      default:
        for (const name of await keys(env, "s17:")) await env.KV.delete(name);
    }
  },
};
