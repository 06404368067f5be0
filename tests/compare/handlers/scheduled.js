// What a scheduled handler is given, and what of it fails.
// requests: GET /cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*&time=1745856238000; GET /cdn-cgi/handler/scheduled?cron=throw; GET /cdn-cgi/handler/scheduled?cron=reject; GET /cdn-cgi/handler/scheduled?cron=wait; GET /cdn-cgi/handler/scheduled?cron=later; GET /cdn-cgi/handler/scheduled?cron=fine; GET /cdn-cgi/handler/scheduled?cron=timer; GET /cdn-cgi/handler/scheduled?cron=unhandled; GET /cdn-cgi/handler/scheduled?cron=; GET /
// head: heads/look.js
const facts = {};
export default {
  async scheduled(controller, env, ctx) {
    switch (controller.cron) {
      case "throw":
        throw new TypeError("thrown");
      case "reject":
        return Promise.reject(5);
      case "wait":
        return ctx.waitUntil(Promise.reject(new Error("waited for")));
      case "later":
        ctx.waitUntil(1);
        return ctx.waitUntil(scheduler.wait(2).then(() => Promise.reject("later")));
      case "fine":
        return ctx.waitUntil(scheduler.wait(2));
      case "timer":
        setTimeout(() => { throw new Error("in a timer"); }, 1);
        return ctx.waitUntil(scheduler.wait(5));
      case "unhandled":
        return void Promise.reject(new Error("of nobody"));
      case "":
        return (facts.empty = typeof controller.scheduledTime);
    }
    facts.controller = look(controller);
    facts.arguments = [arguments.length, this === undefined ? "undefined" : Object.keys(this), Object.keys(env)];
    facts.told = [controller.cron, controller.scheduledTime];
    facts.called = [attempt(() => controller.noRetry()), attempt(() => controller.noRetry(1)), attempt(() => controller.noRetry.call({})), attempt(() => controller.waitUntil)];
    facts.set = [set(controller, "cron"), set(controller, "scheduledTime"), set(controller, "more"), attempt(() => delete controller.cron)];
    facts.ctx = look(ctx);
    facts.calls = [attempt(() => ctx.waitUntil()), attempt(() => ctx.waitUntil(5)), attempt(() => ctx.passThroughOnException()), attempt(() => ctx.waitUntil.call({}, 1))];
    return "ignored";
  },
  fetch: () => Response.json(facts),
};
