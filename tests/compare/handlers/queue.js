// What a queue handler is given, and what of it is told.
// requests: POST /cdn-cgi/handler/queue {"queue":"orders","messages":[{"id":"a","timestamp":1700000000000,"body":{"x":1},"attempts":2},{"id":"b","timestamp":1,"body":"text"},{"id":"c","timestamp":2,"body":[1]}]}; POST /cdn-cgi/handler/queue {"queue":"delays","messages":[{"id":"0","timestamp":1,"body":1},{"id":"1","timestamp":1,"body":1},{"id":"2","timestamp":1,"body":1},{"id":"3","timestamp":1,"body":1},{"id":"4","timestamp":1,"body":1},{"id":"5","timestamp":1,"body":1},{"id":"6","timestamp":1,"body":1},{"id":"7","timestamp":1,"body":1},{"id":"8","timestamp":1,"body":1},{"id":"9","timestamp":1,"body":1},{"id":"10","timestamp":1,"body":1},{"id":"11","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"all","messages":[]}; POST /cdn-cgi/handler/queue {"queue":"twice","messages":[{"id":"a","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"after","messages":[{"id":"a","timestamp":1,"body":1},{"id":"b","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"seq","messages":[{"id":"a","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"same","messages":[{"id":"a","timestamp":1,"body":1},{"id":"a","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"order","messages":[{"id":"z","timestamp":1,"body":1},{"id":"b","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"throw","messages":[]}; POST /cdn-cgi/handler/queue {"queue":"wait","messages":[]}; POST /cdn-cgi/handler/queue {"queue":"waits","messages":[{"id":"a","timestamp":1,"body":1}]}; POST /cdn-cgi/handler/queue {"queue":"thenable","messages":[{"id":"a","timestamp":1,"body":1}]}; GET /
// head: heads/look.js
const facts = {};
const handlers = {
  orders(batch, env, ctx) {
    const [first, second, third] = batch.messages;
    facts.batch = look(batch);
    facts.metadata = [look(batch.metadata), look(batch.metadata.metrics)];
    facts.messages = [look(batch.messages), Object.isFrozen(batch.messages)];
    facts.message = look(first);
    facts.told = [batch.queue, first.id, first.timestamp instanceof Date, +first.timestamp, first.body === first.body, first.attempts, second.attempts];
    facts.bodies = batch.messages.map(({ body }) => body);
    facts.set = [set(first, "id"), set(first, "body"), set(batch, "queue"), set(batch, "messages"), set(first, "more")];
    facts.wrong = [first.ack, first.retry].map((f) => attempt(() => f.call({}))).concat([batch.ackAll, batch.retryAll].map((f) => attempt(() => f.call(first))));
    facts.retries = [5, "x", null, [], () => 1, { delaySeconds: Symbol() }, { delaySeconds: 1n }, { get delaySeconds() { throw new Error("got"); } }].map((v) => attempt(() => third.retry(v)));
    facts.all = [5, "x", { delaySeconds: 1n }].map((v) => attempt(() => batch.retryAll(v)));
    facts.calls = [attempt(() => first.ack()), attempt(() => first.ack()), attempt(() => first.retry()), attempt(() => second.retry({ delaySeconds: 30 })), attempt(() => second.ack())];
    facts.arguments = arguments.length;
    facts.ctx = look(ctx).own;
    return { ignored: true };
  },
  delays({ messages }) {
    facts.delays = [NaN, 2 ** 33, -(2 ** 33), Infinity, "abc", "12", {}, 2147483647, 2147483648, -0.5, -5, true].map((v, i) => attempt(() => messages[i].retry({ delaySeconds: v })));
  },
  all(batch) {
    facts.delayed = [NaN, 2 ** 33, "abc", 1.9].map((v) => attempt(() => batch.retryAll({ delaySeconds: v })));
  },
  twice(batch) {
    batch.messages[0].retry({ delaySeconds: 1 });
    batch.messages[0].retry({ delaySeconds: 2 });
  },
  after(batch) {
    batch.messages[0].ack();
    batch.messages[1].retry();
    batch.ackAll();
    batch.retryAll();
  },
  seq(batch) {
    batch.retryAll({ delaySeconds: 1 });
    batch.messages[0].ack();
    batch.ackAll();
    batch.retryAll({ delaySeconds: 3 });
  },
  same({ messages }) {
    messages[0].ack();
    messages[1].retry();
  },
  order({ messages }) {
    messages[1].ack();
    messages[0].ack();
  },
  throw() {
    throw new Error("thrown");
  },
  wait(batch, env, ctx) {
    ctx.waitUntil(Promise.reject(new Error("waited for")));
  },
  waits(batch, env, ctx) {
    ctx.waitUntil(scheduler.wait(2).then(() => batch.messages[0].ack()));
  },
  thenable: ({ messages }) => ({
    then(resolve) {
      messages[0].ack();
      resolve();
    },
  }),
};
export default {
  queue(batch, ...rest) {
    return handlers[batch.queue](batch, ...rest);
  },
  fetch: () => Response.json(facts),
};
