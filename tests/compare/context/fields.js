// requests: GET /; GET /
// An entrypoint's handlers may be fields, and an object that its constructor returns has its own.
import { WorkerEntrypoint } from "cloudflare:workers";

let made = 0;
export default class extends WorkerEntrypoint {
  fetch = (...given) => {
    const kinds = given.map((it) => Object.prototype.toString.call(it));
    return Response.json({ made, kinds, receiver: this instanceof WorkerEntrypoint });
  };

  constructor(ctx, env) {
    super(ctx, env);
    if (++made === 2) return { fetch: () => new Response("another one") };
  }
}
