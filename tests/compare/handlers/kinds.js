// Handlers that are inherited, made by a getter, arrows and generators, and one that is none.
// requests: GET /cdn-cgi/handler/scheduled?cron=a; POST /cdn-cgi/handler/queue {"queue":"q","messages":[{"id":"a","timestamp":1,"body":1}]}; GET /cdn-cgi/handler/scheduled?cron=a; GET /
const facts = { got: 0, ran: 0 };
const inherited = {
  queue: (...given) => {
    facts.queue = given.length;
    given[0].messages[0].retry({ delaySeconds: 5 });
  },
};
export default {
  __proto__: inherited,
  get scheduled() {
    facts.got++;
    return async function* (...given) {
      facts.ran++;
      yield given;
    };
  },
  fetch: async () => Response.json(facts),
};
