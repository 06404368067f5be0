// WebSocketPair and EventSource without a network.
// head: heads/say.js
export default run(async () => {
  const pair = () => Object.values(new WebSocketPair());
  await t("echo", async () => { const [c, s] = pair(); s.accept(); s.addEventListener("message", (e) => s.send("echo " + e.data)); c.accept(); const got = new Promise((r) => c.addEventListener("message", (e) => r(e.data))); c.send("hi"); return got; });
  await t("binary", async () => { const [c, s] = pair(); s.accept(); c.accept(); const got = new Promise((r) => s.addEventListener("message", (e) => r([e.data, e.constructor.name]))); c.send(new Uint8Array([1, 2, 3]).subarray(1)); return got; });
  await t("blob send", () => { const [c] = pair(); c.accept(); c.send(new Blob(["x"])); });
  await t("num send", async () => { const [c, s] = pair(); c.accept(); s.accept(); const got = new Promise((r) => s.addEventListener("message", (e) => r(e.data))); c.send(5); return got; });
  await t("unaccepted send", () => pair()[0].send("x"));
  await t("accept twice", () => { const [c] = pair(); c.accept(); c.accept(); });
  await t("states", async () => { const [c, s] = pair(); const o = [c.readyState, s.readyState]; c.accept(); o.push(c.readyState); s.accept(); const d = new Promise((r) => s.addEventListener("close", (e) => r([e.code, e.reason, e.wasClean, s.readyState]))); c.close(1000, "bye"); o.push(c.readyState); o.push(await d); s.close(); await scheduler.wait(2); o.push(c.readyState, s.readyState); return o; });
  for (const [code, reason] of [[1000], [1001], [1005], [2999], [3000, "x"], [4999, "y"], [5000], [undefined, "q"], [1000, "x".repeat(124)], [1006], [1015], [1011, "e"], ["1000"], [0], [70000]]) await t("close " + code + " " + String(reason).length, async () => { const [c, s] = pair(); c.accept(); s.accept(); const d = new Promise((r) => s.addEventListener("close", (e) => r([e.code, e.reason.length, e.wasClean]))); c.close(code, reason); return d; });
  await t("close none", async () => { const [c, s] = pair(); c.accept(); s.accept(); const d = new Promise((r) => s.addEventListener("close", (e) => r([e.code, e.reason, e.wasClean]))); c.close(); return d; });
  await t("send closed", () => { const [c] = pair(); c.accept(); c.close(1000); c.send("x"); });
  await t("close twice", () => { const [c] = pair(); c.accept(); c.close(1000); c.close(1000); return "ok"; });
  await t("onmessage", async () => { const [c, s] = pair(); s.onmessage = (e) => facts.onm = e.data; s.accept(); c.accept(); c.send("x"); await scheduler.wait(2); return facts.onm ?? "none"; });
  await t("queued before accept", async () => { const [c, s] = pair(); c.accept(); c.send("early"); const got = new Promise((r) => s.addEventListener("message", (e) => r(e.data))); s.accept(); return got; });
  await t("attach", () => { const [c, s] = pair(); s.serializeAttachment({ a: 1 }); return [s.deserializeAttachment(), c.deserializeAttachment()]; });
  await t("attach big", () => { const [c] = pair(); c.serializeAttachment("x".repeat(20000)); });
  await t("fields", () => { const [c] = pair(); return [c.url, c.protocol, c.extensions, c.bufferedAmount, c.binaryType, WebSocket.OPEN, c.CLOSING]; });
  await t("ctor bad", () => new WebSocket("http://x y"));
  await t("ctor scheme", () => new WebSocket("ftp://x"));
  await t("ctor hash", () => new WebSocket("ws://x/#a"));
  await t("ctor proto", () => new WebSocket("ws://x", "a b"));
  await t("ctor protos", () => new WebSocket("ws://x", ["a", "a"]));
  await t("response", () => { const [c] = pair(); const r = new Response(null, { status: 101, webSocket: c, headers: { a: "1" } }); return [r.status, r.webSocket === c, r.headers.get("a")]; });
  await t("response 200 ws", () => new Response(null, { status: 200, webSocket: pair()[0] }));
  await t("response body ws", () => new Response("x", { status: 101, webSocket: pair()[0] }));
  await t("pair", () => { const p = new WebSocketPair(); return [Object.keys(p), p.length, 0 in p, Symbol.iterator in p, Object.prototype.toString.call(p)]; });
  await t("accept half", async () => { const [c, s] = pair(); s.accept({ allowHalfOpen: true }); c.accept(); const d = new Promise((r) => s.addEventListener("close", () => r(s.readyState))); c.close(1000); return d; });
  await t("listener throws", async () => { const [c, s] = pair(); c.accept(); s.accept(); s.addEventListener("message", () => { throw new Error("in listener"); }); const d = new Promise((r) => { s.addEventListener("error", (e) => r(["error", e.message, e.error?.message])); s.addEventListener("close", (e) => r(["close", e.code])); c.addEventListener("close", (e) => r(["cclose", e.code])); }); c.send("x"); return d; });
  await t("es", () => { const e = new EventSource("http://x/"); const o = [e.url, e.readyState, e.withCredentials, EventSource.CONNECTING, EventSource.CLOSED]; e.close(); o.push(e.readyState); return o; });
  await t("es bad", () => new EventSource("nope"));
  await t("es from", async () => { const e = EventSource.from(new Response("retry: 5\nid: 1\nevent: x\ndata: a\ndata: b\n\n: c\n\ndata\n\ndata: {\"q\":1}\n\nid\ndata:z\r\n\r\n").body); const o = []; return new Promise((r) => { e.addEventListener("x", (m) => o.push([m.type, m.data, m.lastEventId])); e.onmessage = (m) => o.push([m.type, m.data, m.lastEventId, m.origin]); e.onerror = () => r([o, e.readyState, e.url]); e.onopen = () => o.push("open"); }); });
});
