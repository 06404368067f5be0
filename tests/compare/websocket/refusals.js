// flags: nodejs_compat
// What WebSocket and EventSource refuse.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
// websocket
for (const u of ["", "x", "http://x", "https://x", "ws://x#f", "ws://x#", "ftp://x", "/rel", "ws://a b", undefined, null, 5, "WSS://X/"]) note("ws " + u, () => { const w = new WebSocket(u); return [w.url, w.readyState]; });
for (const p of ["", "a", "a b", "a,b", ["a", "a"], ["a", ""], ["a b"], [], 5, null, undefined, {}, ["é"], ["A", "a"]]) note("ws proto " + JSON.stringify(p), () => { const w = new WebSocket("ws://127.0.0.1:1/", p); return [w.protocol, w.readyState]; });
note("ws none", () => new WebSocket()); note("ws call", () => WebSocket("ws://x")); note("wsp", () => [Object.keys(new WebSocketPair()), new WebSocketPair().length]);
const pr = () => { const [a, b] = Object.values(new WebSocketPair()); return [a, b]; };
note("send unaccepted", () => pr()[0].send("x")); note("close unaccepted", () => pr()[0].close()); note("accept twice", () => { const [a] = pr(); a.accept(); a.accept(); });
for (const [k, r] of [[999], [1000], [1001], [1004], [1005], [1006], [1015], [1016], [2999], [3000], [4999], [5000], [undefined, "r"], [1000, "x".repeat(124)], [1000, "x".repeat(123)], [null], ["1000"], ["x"], [NaN], [1000.5], [-1], [65536 + 1000]]) note(`close ${String(k)} ${typeof k} ${r?.length}`, () => { const [a, b] = pr(); a.accept(); b.accept(); a.close(k, r); return a.readyState; });
for (const d of [undefined, null, 5, {}, [], new Blob(["x"]), new ArrayBuffer(1), new Uint8Array(1), new DataView(new ArrayBuffer(1)), Symbol(), "\ud800"]) note("send " + Object.prototype.toString.call(d), () => { const [a, b] = pr(); a.accept(); b.accept(); a.send(d); return "ok"; });
note("send none", () => { const [a] = pr(); a.accept(); a.send(); }); note("send closed", () => { const [a, b] = pr(); a.accept(); b.accept(); a.close(); a.send("x"); return "ok"; });
// eventsource
for (const u of ["", "x", "foo:", "http://127.0.0.1:1/", "ftp://x", undefined, null, 5]) note("es " + u, () => { const e = new EventSource(u); const r = [e.url, e.readyState, e.withCredentials]; e.close(); return [...r, e.readyState]; });
for (const i of [null, 5, {}, { withCredentials: true }, { withCredentials: 0 }, { fetcher: 5 }, { fetcher: null }]) note("es init " + JSON.stringify(i), () => { const e = new EventSource("http://127.0.0.1:1/", i); e.close(); return e.readyState; });
note("es none", () => new EventSource()); note("es from", () => EventSource.from()); note("es from bad", () => EventSource.from({}));
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
