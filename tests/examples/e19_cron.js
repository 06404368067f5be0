// E19 Setting cron triggers: a scheduled handler.
// class: as it is
// > GET /__scheduled?cron=*+*+*+*+*
// < 200 || Ran scheduled event
// ? GET /
// < 200 || ran * * * * *
export default {
  async fetch(_, env) {
    return new Response(await env.KV.get("e19"));
  },
  async scheduled(controller, env, context) {
    context.waitUntil(env.KV.put("e19", `ran ${controller.cron}`));
  },
};
