// The second argument of `new Response` and `Response.json`: what is read of it, in which order, and what is refused.
// head: heads/say.js
const ordered = (o) => {
  const log = [];
  const p = new Proxy(o, { get(target, key) { log.push(String(key)); return target[key]; } });
  return [p, log];
};
const shown = async (r) => [r.status, r.statusText, [...r.headers], r.ok, r.encodeBody, r.webSocket, await r.text()];
export default run(async () => {
  await t("usual", async () => [await shown(new Response("hi", { status: 404 })), await shown(new Response("hi", { headers: { "X-A": 1, b: "c" } })), await shown(new Response(null, { status: 204, headers: [["a", "b"]] })), await shown(new Response(undefined, { status: 201, headers: new Headers({ q: "r" }) })), await shown(new Response("é", { status: 200, statusText: "Fine" }))]);
  await t("types", async () => [await shown(new Response("hi", { headers: { "content-type": "text/html" } })), await shown(new Response("hi", { headers: { "Content-Type": "a/b", "content-type": "c/d" } })), await shown(Response.json({ a: 1 }, { status: 418, headers: { "Content-Type": "application/problem+json" } })), await shown(Response.json([1], { headers: { x: "y" } }))]);
  await t("order", async () => { const o = []; for (const init of [{ status: 201 }, { headers: { a: "b" }, status: 202 }, { statusText: "T", cf: { a: 1 }, encodeBody: "manual" }]) { const [p, log] = ordered(init); await shown(new Response("x", p)); o.push(log.join()); } const [p, log] = ordered({ status: 200 }); Response.json(1, p); o.push(log.join()); return o; });
  await t("order with getters", () => { const log = []; new Response(null, { get status() { log.push("status"); return 200; }, get headers() { log.push("headers"); return { get a() { log.push("a"); return "b"; } }; }, get cf() { log.push("cf"); }, get statusText() { log.push("text"); return "x"; } }); return log; });
  await t("inherited", () => shown(new Response("x", Object.create({ status: 203, headers: { a: "b" } }))));
  await t("class", () => shown(new Response("x", new (class { status = 206; get headers() { return { c: "d" }; } })())));
  await t("function", () => shown(new Response("x", Object.assign(() => {}, { status: 207 }))));
  await t("array", () => shown(new Response("x", [])));
  await t("copies", async () => shown(new Response("x", new Response("y", { status: 299, statusText: "S", headers: { a: "b" } }))));
  await t("a request", () => shown(new Response("x", new Request("http://a/", { headers: { r: "s" } }))));
  await t("a subclass", async () => { class R extends Response {} const r = new R("x", { status: 222 }); return [r instanceof R, r.constructor.name, await shown(r)]; });
  for (const status of [199, 200, 599, 600, 0, -1, 101, 204, 205, 304, 200.9, "201", null, NaN, Infinity, true, {}, [202], 203n, Symbol("s"), 2 ** 32 + 200]) await t("status " + String(status), () => shown(new Response(null, { status })));
  for (const status of [204, 205, 304]) { await t("a body of " + status, () => shown(new Response("x", { status }))); await t("an empty body of " + status, () => shown(new Response("", { status }))); }
  for (const headers of [null, undefined, 5, "a: b", true, [], [["a"]], [["a", "b", "c"]], { "a b": "c" }, { a: "b\nc" }, { a: " b " }, { a: undefined }, { "": "x" }, { a: "é" }, { a: "\u0100" }, { a: Symbol("x") }, { [Symbol("y")]: "z" }, new Map([["m", "n"]]), { *[Symbol.iterator]() { yield ["i", "j"]; } }, () => {}]) await t("headers " + (typeof headers === "object" && headers !== null ? JSON.stringify(headers) + Object.prototype.toString.call(headers) : String(headers)), () => shown(new Response("x", { headers })));
  for (const init of [null, undefined, 5, "x", true, Symbol.iterator]) await t("init " + String(init), () => shown(new Response("x", init)));
  for (const [key, value] of [["statusText", ""], ["statusText", "a\nb"], ["statusText", 5], ["statusText", null], ["cf", null], ["cf", 5], ["webSocket", null], ["webSocket", {}], ["encodeBody", "x"], ["encodeBody", "automatic"], ["encodeBody", undefined]]) await t(`${key} ${String(value)}`, () => shown(new Response("x", { [key]: value })));
  await t("throws in status", () => new Response("x", { get status() { throw new RangeError("mine"); } }));
  await t("throws in headers", () => new Response("x", { headers: { get a() { throw new RangeError("mine"); } } }));
  await t("throws in a value", () => new Response("x", { headers: { a: { toString() { throw new RangeError("mine"); } } } }));
  await t("both wrong", () => new Response("x", { status: 1000, headers: 5 }));
  await t("headers before status", () => new Response("x", { status: 1000, headers: { "a b": "c" } }));
  await t("later changes", async () => { const headers = new Headers({ a: "b" }); const r = new Response("x", { headers }); headers.set("a", "c"); r.headers.append("d", "e"); return [[...headers], [...r.headers], r.headers === headers, r.headers === r.headers]; });
  await t("headers of objects", async () => { const init = { b: "2", A: "1", c: "3" }; const h = new Headers(init); return [[...h], h.get("B"), [...new Headers(Object.freeze({ x: 1.5, y: null, z: [1, 2] }))], [...new Headers(Object.create({ inherited: "no" }, { own: { value: "yes", enumerable: true }, hidden: { value: "no" } }))]]; });
  await t("params of objects", () => [`${new URLSearchParams({ a: 1, b: "x y" })}`, `${new URLSearchParams([["a", "b"]])}`, `${new URLSearchParams(new URLSearchParams("q=1"))}`, `${new URLSearchParams(Object.create(null))}`]);
});
