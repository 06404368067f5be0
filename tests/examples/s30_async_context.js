// S30 AsyncLocalStorage: run, bind, snapshot.
// class: as it is
// flags: nodejs_compat
// > GET /
// < 200 || ["outer","inner","inner","bound",null]
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
const storage = new AsyncLocalStorage();
export default {
  async fetch() {
    const seen = [];
    let bound, snapshot;
    await storage.run("outer", async () => {
      await scheduler.wait(1);
      seen.push(storage.getStore());
      storage.run("inner", () => {
        snapshot = AsyncLocalStorage.snapshot();
        seen.push(storage.getStore());
      });
    });
    seen.push(snapshot(() => storage.getStore()));
    storage.run("bound", () => (bound = AsyncResource.bind(() => storage.getStore())));
    seen.push(bound(), storage.getStore() ?? null);
    return Response.json(seen);
  },
};
