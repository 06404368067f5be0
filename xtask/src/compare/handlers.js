// Calls handlers of a Worker as the test routes of the daemon do, which workerd has none of.
const failed = () => new Response("failed", { status: 500 });

export default {
  async fetch(request, { WORKER }) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/cdn-cgi/handler/scheduled") {
      const cron = searchParams.get("cron") ?? "";
      const time = searchParams.get("time");
      const { outcome } = await WORKER.scheduled({ cron, scheduledTime: time === null ? new Date() : new Date(Number(time)) });
      return outcome === "ok" ? new Response(outcome, { headers: { "content-type": "text/plain" } }) : failed();
    }
    if (pathname === "/cdn-cgi/handler/queue") {
      const { queue, messages } = await request.json();
      const given = messages.map(({ id, timestamp, body, attempts = 1 }) => ({ id, timestamp: new Date(timestamp), body, attempts }));
      const told = await WORKER.queue(queue, given);
      return told.outcome === "ok" ? Response.json(told) : failed();
    }
    return WORKER.fetch(request);
  },
};
