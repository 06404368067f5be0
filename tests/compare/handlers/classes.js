// Handlers of a class that extends another: what they are called with.
// requests: GET /cdn-cgi/handler/scheduled?cron=a; POST /cdn-cgi/handler/queue {"queue":"q","messages":[{"id":"a","timestamp":1,"body":1}]}; GET /
import { WorkerEntrypoint } from "cloudflare:workers";
const facts = {};
class Base extends WorkerEntrypoint {
  async scheduled(...given) {
    facts.scheduled = [given.length, given[0].constructor.name, given.map((it) => typeof it), Object.keys(this), this.constructor.name, typeof this.ctx.waitUntil];
    return 5;
  }
}
export default class Entry extends Base {
  queue(...given) {
    facts.queue = [given.length, given[0].constructor.name, given.map((it) => typeof it), Object.keys(this)];
    given[0].ackAll();
  }
  fetch(...given) {
    facts.fetch = [given.length, given.map((it) => typeof it)];
    return Response.json(facts);
  }
}
