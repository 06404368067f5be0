// Events of other kinds in a classic script, and what listeners do to their outcome.
// script: classic
// requests: GET /cdn-cgi/handler/scheduled?cron=a&time=1745856238000; GET /cdn-cgi/handler/scheduled?cron=throw; GET /cdn-cgi/handler/scheduled?cron=wait; POST /cdn-cgi/handler/queue {"queue":"q","messages":[{"id":"a","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"throw","messages":[]}; GET /
// head: heads/look.js
const facts = { second: 0, objects: 0 };
addEventListener("scheduled", (event) => {
  if (event.cron === "throw") throw new Error("thrown");
  if (event.cron === "wait") return event.waitUntil(Promise.reject(new Error("waited for")));
  facts.scheduled = look(event);
  facts.told = [event.type, event.cron, event.scheduledTime, event.isTrusted, event.target === globalThis, event.currentTarget === globalThis, event.cancelable, event.eventPhase];
  facts.called = [attempt(() => event.noRetry()), attempt(() => event.noRetry.call({})), attempt(() => event.waitUntil()), attempt(() => event.waitUntil(5)), set(event, "cron")];
});
addEventListener("scheduled", () => {
  facts.second++;
  return Promise.reject(new Error("returned"));
});
addEventListener("queue", {
  handleEvent(event) {
    facts.objects++;
    if (event.queue === "throw") throw new Error("thrown");
    facts.queue = look(event);
    facts.message = look(event.messages[0]);
    facts.all = [attempt(() => event.retryAll(5)), attempt(() => event.ackAll()), attempt(() => event.waitUntil()), attempt(() => event.ackAll.call({}))];
  },
});
addEventListener("fetch", (event) => {
  facts.fetch = look(event).own;
  event.respondWith(Response.json(facts));
});
