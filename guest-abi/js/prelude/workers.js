// The module `cloudflare:workers`.
import { imported } from "internal:env";

export const env = imported;

export class WorkerEntrypoint {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}
