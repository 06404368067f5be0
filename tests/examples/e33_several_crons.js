// E33 Multiple cron triggers: what is done depends on which.
// class: as it is
// > GET /__scheduled?cron=*/3+*+*+*+*
// < 200
// ? GET /
// < 200 || every three minutes
// > GET /__scheduled?cron=*/45+*+*+*+*
// < 200
// ? GET /
// < 200 || every 45 minutes
export default {
  async fetch(_, env) {
    return new Response(await env.KV.get("e33"));
  },
  async scheduled(controller, env) {
    switch (controller.cron) {
      case "*/3 * * * *":
        return env.KV.put("e33", "every three minutes");
      case "*/45 * * * *":
        return env.KV.put("e33", "every 45 minutes");
    }
  },
};
