// express and koa behind node:http: routes, bodies, errors, redirects, cookies.
// flags: nodejs_compat
import express from "express";
import Koa from "koa";
import { httpServerHandler, handleAsNodeRequest } from "cloudflare:node";
import { createServer } from "node:http";

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

const app = express(); app.use(express.json()); app.get("/a/:id", (q, r) => r.set("x-q", q.query.z ?? "none").json({ id: q.params.id, h: q.get("host") })); app.post("/p", (q, r) => r.status(201).send(q.body)); app.get("/e", () => { throw new Error("bad"); }); app.get("/r", (q, r) => r.redirect("/a/1")); app.get("/c", (q, r) => { r.cookie("a", "b", { httpOnly: true }); r.type("html").send("<b>"); }); app.use((e, q, r, n) => r.status(500).send(e.message));
const srv = createServer(app).listen(8080);
const k = new Koa(); k.use(async (c, n) => { c.set("x-k", "1"); await n(); }); k.use((c) => { c.body = { p: c.path, m: c.method }; }); const ks = createServer(k.callback()).listen(8081);
const get = async (port, path, init) => { const r = await handleAsNodeRequest(port, new Request("http://h.example" + path, init)); return [r.status, [...r.headers].filter(([n]) => !/date/.test(n)).map(String), await r.text()]; };
export default {
  async fetch(request, env, ctx) {
    await fact("await get(8080, \"/a/5?z=q\")", async () => (await get(8080, "/a/5?z=q")));
    await fact("await get(8080, \"/p\", { method: \"POST\", body: '{\"a\":1}', headers: { \"content-type\": \"application/json\" } })", async () => (await get(8080, "/p", { method: "POST", body: '{"a":1}', headers: { "content-type": "application/json" } })));
    await fact("await get(8080, \"/p\", { method: \"POST\", body: '{a', headers: { \"content-type\": \"application/json\" } })", async () => (await get(8080, "/p", { method: "POST", body: '{a', headers: { "content-type": "application/json" } })));
    await fact("await get(8080, \"/e\")", async () => (await get(8080, "/e")));
    await fact("await get(8080, \"/r\")", async () => (await get(8080, "/r")));
    await fact("await get(8080, \"/c\")", async () => (await get(8080, "/c")));
    await fact("await get(8080, \"/nope\")", async () => (await get(8080, "/nope")));
    await fact("await get(8080, \"/a/1\", { method: \"HEAD\" })", async () => (await get(8080, "/a/1", { method: "HEAD" })));
    await fact("await get(8080, \"/a/1\", { headers: { \"if-none-match\": \"W/\\\"1a-x\\\"\" } })", async () => (await get(8080, "/a/1", { headers: { "if-none-match": "W/\"1a-x\"" } })));
    await fact("await get(8081, \"/k\")", async () => (await get(8081, "/k")));
    await fact("await get(9999, \"/k\")", async () => (await get(9999, "/k")));
    return Response.json(facts);
  },
};
