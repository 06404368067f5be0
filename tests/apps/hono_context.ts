// Hono's storage of the context through awaits, with Node's AsyncLocalStorage.
// flags: nodejs_compat
// requests: GET /; GET /later
import { Hono } from "hono";
import { contextStorage, getContext } from "hono/context-storage";
const app = new Hono<{ Variables: { who: string } }>();
app.use(contextStorage());
app.use(async (c, next) => {
  c.set("who", c.req.path);
  await next();
});
const who = () => getContext<{ Variables: { who: string } }>().var.who;
app.get("/", (c) => c.text(who()));
app.get("/later", async (c) => {
  const all = await Promise.all([1, 2, 3].map(async (n) => {
    await scheduler.wait(n);
    return `${n} ${who()}`;
  }));
  return c.json(all);
});
export default app;
