// Hono's further parts: JWT, bearer tokens, validation with zod, its JSX, factory, typed client, body limits, CSRF, methods, timing of caches.
// requests: GET /token; GET /auth; GET /api/whoami; POST /items {"name":"pen","price":3}; POST /items {"name":"","price":"x"}; GET /items?page=2; GET /items?page=z; GET /jsx; GET /client; GET /pretty?pretty; GET /accepts; GET /base/deep/leaf; POST /limited 0123456789012345678901234567890123456789; GET /combined; GET /poly; PUT /only; GET /trail/; GET /opt; GET /opt/1; GET /wild/a/b/c; POST /csrf a=b; GET /proxy
import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { hc } from "hono/client";
import { some, every } from "hono/combine";
import { csrf } from "hono/csrf";
import { createFactory } from "hono/factory";
import { decode, jwt, sign, verify } from "hono/jwt";
import { prettyJSON } from "hono/pretty-json";
import { proxy } from "hono/proxy";
import { appendTrailingSlash } from "hono/trailing-slash";
import { validator } from "hono/validator";
import { jsx, Fragment } from "hono/jsx";
import { zValidator } from "@hono/zod-validator";
import { z } from "zod";

const SECRET = "it is no secret";
const app = new Hono();

app.get("/token", async (c) => {
  const token = await sign({ sub: "ann", exp: 4_000_000_000 }, SECRET, "HS256");
  const outcome = async (work: Promise<unknown>) => work.then((value) => value, (error) => [error.name, error.message]);
  return c.json({
    token,
    decoded: decode(token),
    good: await outcome(verify(token, SECRET, "HS256")),
    bad: await outcome(verify(token, "another", "HS256")),
    late: await outcome(verify(await sign({ exp: 1000 }, SECRET, "HS512"), SECRET, "HS512")).then((it) => (it as string[])[0]),
    early: await outcome(verify(await sign({ nbf: 4_000_000_000 }, SECRET, "HS384"), SECRET, "HS384")).then((it) => (it as string[])[0]),
  });
});
app.get("/auth", bearerAuth({ token: "t" }), (c) => c.text("in"));
app.use("/api/*", jwt({ secret: SECRET, alg: "HS256" }));
app.get("/api/whoami", (c) => c.json(c.get("jwtPayload")));
const Item = z.object({ name: z.string().min(1), price: z.number() });
app.post("/items", zValidator("json", Item), (c) => c.json(c.req.valid("json"), 201));
app.get("/items", zValidator("query", z.object({ page: z.coerce.number().int() }), (result, c) => {
  if (!result.success) return c.text(`no: ${result.error.issues[0].code}`, 422);
}), (c) => c.json(c.req.valid("query")));
const Page = ({ names }: { names: string[] }) => jsx("ul", { class: "x", "data-a": "<&>" }, ...names.map((name) => jsx("li", {}, name)));
app.get("/jsx", (c) => c.html(jsx(Fragment, {}, jsx("h1", {}, "T"), jsx(Page, { names: ["a", "<b>"] })).toString()));
const rpc = new Hono().get("/rpc/:id", (c) => c.json({ id: c.req.param("id"), q: c.req.query("q") ?? null }));
app.route("/", rpc);
app.get("/client", async (c) => {
  const client = hc<typeof rpc>("http://self.example", { fetch: (input: RequestInfo, init?: RequestInit) => rpc.fetch(new Request(input, init)) });
  const answer = await client.rpc[":id"].$get({ param: { id: "7" }, query: { q: "a b" } } as never);
  return c.json({ url: client.rpc[":id"].$url({ param: { id: "7" } }).href, got: await answer.json() });
});
app.get("/pretty", prettyJSON(), (c) => c.json({ a: [1, { b: null }] }));
app.get("/accepts", (c) => c.text(accepts(c, { header: "Accept-Language", supports: ["en", "ja"], default: "en" })));
const base = new Hono().basePath("/base");
base.get("/deep/leaf", (c) => c.text(c.req.path));
app.route("/", base);
app.post("/limited", bodyLimit({ maxSize: 20, onError: (c) => c.text("too much", 413) }), async (c) => c.text(await c.req.text()));
app.get("/combined", some(every(bearerAuth({ token: "x" })), async (c, next) => { c.header("x-second", "1"); await next(); }), (c) => c.text("combined"));
const factory = createFactory<{ Variables: { n: number } }>();
app.get("/poly", ...factory.createHandlers(async (c, next) => { c.set("n", 1); await next(); c.res.headers.append("x-after", String(c.get("n"))); }, (c) => c.text(String(c.get("n") + 1))));
app.on(["PUT", "PATCH"], "/only", (c) => c.text(c.req.method));
app.use("/trail", appendTrailingSlash());
app.get("/trail/", (c) => c.text("trail"));
app.get("/opt/:id?", (c) => c.json({ id: c.req.param("id") ?? null }));
app.get("/wild/*", (c) => c.text(c.req.path));
app.use("/csrf", csrf());
app.post("/csrf", validator("form", (value) => value), (c) => c.json(c.req.valid("form")));
app.get("/proxy", () => proxy("http://origin.example/", { headers: { "x-a": "1" }, customFetch: async (request: Request) => new Response(`${request.method} ${request.url} ${request.headers.get("x-a")}`, { headers: { "content-encoding": "none", "x-o": "2" } }) }));
export default app;
