// Elysia behind its adapter for Workers: schemas, errors, hooks, cookies and streams.
// date: 2026-01-01
// flags: nodejs_compat
// requests: GET /; GET /id/12?x=1&x=2; POST /mirror {"name":"a","n":2}; POST /mirror {"name":5}; GET /nope; GET /teapot; GET /stream; GET /thrown; GET /cookie; GET /group/a/b; PUT /
import { Elysia, t } from "elysia";
import { CloudflareAdapter } from "elysia/adapter/cloudflare-worker";

const group = new Elysia({ prefix: "/group" })
  .derive(({ path }) => ({ length: path.length }))
  .get("/:one/*", ({ params, length }) => ({ params, length }));

export default new Elysia({ adapter: CloudflareAdapter })
  .onRequest(({ set }) => { set.headers["x-seen"] = "yes"; })
  .onError(({ code, error }) => ({ code, told: String((error as Error).message).slice(0, 120) }))
  .decorate("answer", 42)
  .get("/", ({ answer }) => `Hello ${answer}`)
  .get("/id/:id", ({ params: { id }, query }) => ({ id, query }))
  .post("/mirror", ({ body }) => body, {
    parse: "json",
    body: t.Object({ name: t.String(), n: t.Optional(t.Number()) }),
  })
  .get("/teapot", ({ set, status }) => { set.headers["x-a"] = "b"; return status(418, "teapot"); })
  .get("/stream", function* () { yield "a"; yield "b"; })
  .get("/thrown", () => { throw new Error("boom"); })
  .get("/cookie", ({ cookie: { kept } }) => { kept.value = { a: [1] }; kept.httpOnly = true; return "set"; })
  .use(group)
  .compile();
