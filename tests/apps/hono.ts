// Hono: routes, parameters, middleware, cookies, JSON, errors, basic auth, CORS, ETags, streaming.
// requests: GET /; GET /users/42?full=1; POST /echo {"a":1}; GET /missing; GET /boom; GET /html; GET /admin/; GET /cookie; GET /redirect; GET /stream; OPTIONS /api/x; GET /api/x; DELETE /users/9; GET /etag; GET /form
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { stream, streamText } from "hono/streaming";
import { secureHeaders } from "hono/secure-headers";

const app = new Hono<{ Bindings: { KV: KVNamespace }; Variables: { who: string } }>();
app.use("*", async (c, next) => {
  c.set("who", "hono");
  await next();
  c.header("x-powered-by", "hono");
});
app.use("/admin/*", basicAuth({ username: "u", password: "p" }));
app.use("/api/*", cors({ origin: "https://a.example", allowMethods: ["GET"] }));
app.use("/etag", etag());
app.get("/", (c) => c.text(`hello ${c.get("who")}`));
app.get("/users/:id{[0-9]+}", (c) => c.json({ id: c.req.param("id"), full: c.req.query("full"), path: c.req.path, route: c.req.routePath }));
app.delete("/users/:id", (c) => c.body(null, 204));
app.post("/echo", async (c) => c.json({ got: await c.req.json(), type: c.req.header("content-type") ?? null }, 201));
app.get("/boom", () => {
  throw new HTTPException(418, { message: "teapot" });
});
app.get("/html", (c) => c.html(html`<p>${"<escaped>"}</p>`));
app.get("/admin/", (c) => c.text("in"));
app.get("/cookie", (c) => {
  setCookie(c, "a", "b c", { httpOnly: true, path: "/", maxAge: 5, sameSite: "Lax" });
  return c.json({ before: getCookie(c, "z") ?? null });
});
app.get("/redirect", (c) => c.redirect("/", 302));
app.get("/stream", (c) => streamText(c, async (s) => {
  for (const part of ["a", "b", "c"]) {
    await s.writeln(part);
    await s.sleep(1);
  }
}));
app.get("/api/x", secureHeaders(), (c) => c.json({ ok: true }));
app.get("/etag", (c) => c.text("tagged"));
app.get("/form", async (c) => {
  const form = new FormData();
  form.set("a", "1");
  const request = new Request("http://x/", { method: "POST", body: form });
  return c.json(Object.fromEntries(await request.formData()));
});
app.notFound((c) => c.json({ missing: c.req.path }, 404));
app.onError((error, c) => (error instanceof HTTPException ? c.text(error.message, error.status) : c.text(String(error), 500)));
export default app;
