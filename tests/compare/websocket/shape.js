// The shapes of WebSocket, WebSocketPair, EventSource and WebSocketRequestResponsePair, their
// arguments and refusals.
// differs: prototypes are writable in workerd, and constructors do not inherit from EventTarget
const desc = (o, k) => { const d = Object.getOwnPropertyDescriptor(o, k); if (!d) return null; const f = (x) => typeof x === "function" ? `fn ${x.name}/${x.length}` : typeof x === "symbol" ? String(x) : typeof x === "object" && x ? Object.prototype.toString.call(x) : x; return { ...("value" in d ? { value: f(d.value), writable: d.writable } : { get: d.get && f(d.get), set: d.set && f(d.set) }), enumerable: d.enumerable, configurable: d.configurable }; };
const props = (o) => Object.fromEntries(Reflect.ownKeys(o).filter((k) => k !== "prototype" && !/cloudflare:|kResource|dispose/.test(String(k))).map((k) => [String(k), desc(o, k)]));
const err = (f) => { try { const r = f(); return ["ok", r === undefined ? "undefined" : r === null ? "null" : typeof r === "object" ? Object.prototype.toString.call(r) : r]; } catch (e) { return `${e.constructor.name} ${e.name}: ${e.message}` + (e.code !== undefined ? ` (${e.code})` : ""); } };
export default { fetch() { try { return go(); } catch (e) { return new Response(e.stack); } } };
function go() {
  const out = {};
  out.ws = props(WebSocket); out.wsp = props(WebSocket.prototype);
  out.pair = props(WebSocketPair); out.pairp = props(WebSocketPair.prototype);
  out.es = props(EventSource); out.esp = props(EventSource.prototype);
  out.rr = props(WebSocketRequestResponsePair); out.rrp = props(WebSocketRequestResponsePair.prototype);
  const p = new WebSocketPair();
  out.keys = Object.keys(p); out.own = props(p); out.tag = String(p); out.inst = [p instanceof WebSocketPair, p[0] instanceof WebSocket, p[0] instanceof EventTarget]; 
  out.iter = err(() => { const [a, b] = Object.values(p); return a instanceof WebSocket && b instanceof WebSocket; });
  out.iter2 = err(() => { const [a, b] = p; return 1; });
  out.len = err(() => p.length);
  out.callPair = err(() => WebSocketPair());
  out.callWs = err(() => WebSocket("ws://x"));
  out.own0 = props(p[0]); out.tag0 = String(p[0]); out.json = JSON.stringify(p); out.json0 = JSON.stringify(p[0]);
  const w = p[0];
  out.init = { rs: w.readyState, url: w.url, protocol: w.protocol, extensions: w.extensions, binaryType: w.binaryType, bufferedAmount: w.bufferedAmount, onmessage: w.onmessage };
  out.bt = ["arraybuffer", "blob", "x", undefined, null, 5].map((v) => err(() => { w.binaryType = v; return w.binaryType; }));
  const fresh = () => Object.values(new WebSocketPair());
  out.sendUnaccepted = err(() => fresh()[0].send("x"));
  out.closeUnaccepted = err(() => fresh()[0].close());
  out.accept = err(() => { const [a] = fresh(); const r = a.accept(); return r; });
  out.acceptTwice = err(() => { const [a] = fresh(); a.accept(); a.accept(); });
  out.acceptArgs = [undefined, null, {}, { allowHalfOpen: true }, { allowHalfOpen: "x" }, 5, "x"].map((v) => err(() => { const [a] = fresh(); return a.accept(v); }));
  out.send = ["x", "", new Uint8Array(3), new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), 5, null, undefined, {}, [1, 2], Symbol("x"), new Blob(["a"]), true, 10n].map((v) => err(() => { const [a] = fresh(); a.accept(); return a.send(v); }));
  out.sendNone = err(() => { const [a] = fresh(); a.accept(); return a.send(); });
  out.close = [[], [1000], [1000, "r"], [1001], [999], [1005], [1006], [1004], [1015], [1016], [2999], [3000], [4999], [5000], [65536], [-1], ["x"], [NaN], [null], [undefined], [undefined, "r"], [1000, "x".repeat(123)], [1000, "x".repeat(124)], [1000, "é".repeat(62)], [1000, 5], [1000, null], [1000, undefined], [1000.7], ["1000"], [1002], [1011], [1012], [1014], [0], [3000.5], [{}], [true], [Symbol("x")], [1000, Symbol("x")]].map((v) => [v.map(String).map((s) => s.slice(0, 20)), err(() => { const [a] = fresh(); a.accept(); const r = a.close(...v); return a.readyState; })]);
  out.closeTwice = err(() => { const [a] = fresh(); a.accept(); a.close(); a.close(); return a.readyState; });
  out.sendAfterClose = err(() => { const [a] = fresh(); a.accept(); a.close(); a.send("x"); return a.readyState; });
  out.closeBothRs = err(() => { const [a, b] = fresh(); a.accept(); b.accept(); a.close(1000, "bye"); const s = [a.readyState, b.readyState]; b.close(1001); return JSON.stringify([s, a.readyState, b.readyState]); });
  out.ser = [undefined, null, {}, { a: 1 }, "x", () => 1, new Uint8Array(2), Symbol("x")].map((v) => err(() => { const [a] = fresh(); a.serializeAttachment(v); const r = a.deserializeAttachment(); return JSON.stringify(r) ?? String(r); }));
  out.serNone = err(() => { const [a] = fresh(); return a.deserializeAttachment(); });
  out.serNoArg = err(() => { const [a] = fresh(); return a.serializeAttachment(); });
  out.serBig = err(() => { const [a] = fresh(); return a.serializeAttachment("x".repeat(20000)); });
  out.serBig2 = err(() => { const [a] = fresh(); return a.serializeAttachment("x".repeat(2040)); });
  out.consts = [w.CONNECTING, w.OPEN, w.CLOSING, w.CLOSED, WebSocket.READY_STATE_CONNECTING, WebSocket.READY_STATE_OPEN, WebSocket.READY_STATE_CLOSING, WebSocket.READY_STATE_CLOSED, WebSocket.OPEN];
  out.illegal = ["send", "close", "accept", "serializeAttachment"].map((k) => err(() => WebSocket.prototype[k].call({}, "x")));
  out.illegalGet = err(() => WebSocket.prototype.readyState);
  out.resp = {
    ok: err(() => new Response(null, { status: 101, webSocket: fresh()[0] })),
    no101: err(() => new Response(null, { webSocket: fresh()[0] })),
    no: err(() => new Response(null, { status: 101 })),
    bad: err(() => new Response(null, { status: 101, webSocket: {} })),
    nul: err(() => new Response(null, { status: 101, webSocket: null })),
    body: err(() => new Response("x", { status: 101, webSocket: fresh()[0] })),
    accepted: err(() => { const [a] = fresh(); a.accept(); return new Response(null, { status: 101, webSocket: a }); }),
    same: err(() => { const [a] = fresh(); return new Response(null, { status: 101, webSocket: a }).webSocket === a; }),
    clone: err(() => { const [a] = fresh(); return new Response(null, { status: 101, webSocket: a }).clone(); }),
    used: err(() => { const [a] = fresh(); const r = new Response(null, { status: 101, webSocket: a }); const r2 = new Response(null, { status: 101, webSocket: a }); return r2.webSocket === a; }),
  };
  out.rrpair = [err(() => { const r = new WebSocketRequestResponsePair("a", "b"); return r.request + r.response + JSON.stringify(r) + String(r); }), err(() => new WebSocketRequestResponsePair()), err(() => new WebSocketRequestResponsePair("a")), err(() => new WebSocketRequestResponsePair(5, null).request), err(() => WebSocketRequestResponsePair("a", "b"))];
  return Response.json(out);
}
