// Streams, requests, responses and WebSockets on their way to another Worker and back.
// requests: GET /?0; GET /?1; GET /?2; GET /?3; GET /?4; GET /?5; GET /?6; GET /?7; GET /?8; GET /?9; GET /?10; GET /?11; GET /?12; GET /?13
// service: B = services/carrier.js
const EACH = 5;
const bytes = (text) => new TextEncoder().encode(text);
const tell = (reason) => (reason instanceof DOMException ? ["DOMException", reason.name, reason.message] : reason instanceof Error ? ["Error", reason.name, reason.message] : [typeof reason, reason ?? null]);
const source = (cancelled, parts = ["a", "b"]) => new ReadableStream({ type: "bytes", start(c) { for (const part of parts) c.enqueue(bytes(part)); }, cancel(reason) { cancelled(tell(reason)); } });
const soon = (promise) => Promise.race([promise, scheduler.wait(300).then(() => "nothing")]);
function promised() {
  let resolve;
  const promise = new Promise((r) => (resolve = r));
  return [promise, resolve];
}
export default {
  async fetch(req, { B }) {
    const all = [];
    const facts = {};
    const F = (name, f) => void all.push([name, f]);
    F("parts", () => B.parts(new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes("one")); c.enqueue(bytes("two")); c.close(); } })).then((parts) => parts.map(([kind, text]) => [kind, text]).flat().join()));
    F("empty", () => B.text(new ReadableStream({ type: "bytes", start(c) { c.close(); } })));
    F("cancel", async () => { const [p, r] = promised(); return [await B.cancel(source(r), "why"), (await soon(p)).slice(0, 2)]; });
    F("cancelError", async () => { const [p, r] = promised(); return [await B.cancel(source(r), new RangeError("why")), (await soon(p)).slice(0, 2)]; });
    F("readThenCancel", async () => { const [p, r] = promised(); return [(await B.readThenCancel(source(r), "why"))[0], await soon(p)]; });
    F("readOne", async () => { const [p, r] = promised(); return [(await B.readOne(source(r)))[0], await soon(p)]; });
    F("failRead", () => B.failRead(new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes("x")); }, pull(c) { c.error(new RangeError("it broke")); } })));
    F("failReadAtOnce", () => B.failRead(new ReadableStream({ start(c) { c.error(new RangeError("at once")); } })));
    F("failReadText", () => B.failRead(new ReadableStream({ pull(c) { c.error("text"); } })));
    F("notBytes", () => B.failRead(new ReadableStream({ start(c) { c.enqueue(5); c.close(); } })));
    F("tee", () => B.tee(new Response("twice").body));
    F("upper", async () => new Response(await B.upper(new Response("through").body)).text());
    F("two", async () => { const { a, b } = await B.two(); return [await new Response(a).text(), await new Response(b).text()]; });
    F("inMap", async () => B.take(new Map([["s", new Response("x").body]])));
    F("sameTwice", async () => { const { body } = new Response("x"); return B.take([body, body]); });
    F("locksIt", async () => { const { body } = new Response("x"); const p = B.text(body); const was = body.locked; return [was, await p, body.locked]; });
    F("locked", async () => { const { body } = new Response("x"); body.getReader(); return B.text(body); });
    F("disturbed", async () => { const { body } = new Response("x"); const r = body.getReader(); await r.read(); r.releaseLock(); return B.text(body); });
    F("broken", async () => new Response(await B.broken()).text());
    F("numbers", async () => new Response(await B.numbers()).text());
    F("read", async () => { const r = (await B.two()).a.getReader(); const one = await r.read(); const end = await r.read(); return [new TextDecoder().decode(one.value), end.done, one.value.constructor.name]; });
    F("kept", async () => { const { a } = await B.two(); await scheduler.wait(20); return new Response(a).text(); });
    F("backCancel", async () => { const { a, b } = await B.two(); await a.cancel("no"); return new Response(b).text(); });
    F("fill", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.fill(writable, ["a", "b"]); return [await new Response(readable).text(), await p]; });
    F("fillLarge", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.fill(writable, [new Uint8Array(200000)]); return [(await new Response(readable).arrayBuffer()).byteLength, await p]; });
    F("fillString", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.fillString(writable); const t = new Response(readable).text().catch(tell); return [await p, await t]; });
    F("fillObject", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.fillObject(writable).catch(tell); const t = new Response(readable).text().catch(tell); return [await p, await soon(t)]; });
    F("fillJs", async () => { const got = []; const writable = new WritableStream({ write(part) { got.push(`${part.constructor.name} ${new TextDecoder().decode(part)}`); }, close() { got.push("closed"); } }); return [await B.fill(writable, ["a", "b"]), got]; });
    F("abort", async () => { const got = []; const writable = new WritableStream({ abort(reason) { got.push(tell(reason)); } }); const said = await B.abort(writable, "why"); await scheduler.wait(20); return [said, got]; });
    F("abortError", async () => { const got = []; const writable = new WritableStream({ abort(reason) { got.push(tell(reason)); } }); const said = await B.abort(writable, new RangeError("why")); await scheduler.wait(20); return [said, got]; });
    F("failWrite", () => B.failWrite(new WritableStream({ write() { throw new RangeError("full"); } })));
    F("failClose", () => B.failWrite(new WritableStream({ close() { throw new RangeError("not closed"); } })));
    F("failText", () => B.failWrite(new WritableStream({ write() { throw "text"; } })));
    F("leave", async () => { const got = []; const writable = new WritableStream({ write() { got.push("write"); }, abort(reason) { got.push(tell(reason)); }, close() { got.push("close"); } }); const said = await B.leave(writable); await scheduler.wait(50); return [said, got]; });
    F("lockedWritable", async () => { const { writable } = new IdentityTransformStream(); writable.getWriter(); return B.fill(writable, []); });
    F("locksWritable", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.fill(writable, ["x"]); const was = writable.locked; return [was, await new Response(readable).text(), await p]; });
    F("pipeInto", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.pipeInto(new Response("through there").body, writable); return [await new Response(readable).text(), await p]; });
    F("sink", async () => { const { writable, said } = await B.sink(); const w = writable.getWriter(); await w.write(bytes("said")); await w.close(); return said; });
    F("desired", async () => { const { readable, writable } = new IdentityTransformStream(); const p = B.desired(writable); await new Response(readable).text(); return p; });
    F("request", () => B.describe(new Request("http://x/a?b#c", { method: "PATCH", body: "b", headers: { a: "1", "set-cookie": "x" }, cf: { a: [1] } })));
    F("requestPlain", () => B.describe(new Request("http://x/")));
    F("requestManual", () => B.describe(new Request("http://x/", { redirect: "manual", cache: "no-store" })));
    F("requestOwn", async () => (await B.describe(req)).slice(0, 3));
    F("requestUsed", async () => { const r = new Request("http://x/", { method: "POST", body: "x" }); await r.text(); return B.describe(r); });
    F("requestTaken", async () => { const r = new Request("http://x/", { method: "POST", body: "x" }); const p = B.describe(r); const was = r.bodyUsed; return [was, (await p)[5], r.bodyUsed]; });
    F("requestStream", async () => B.text((await B.request("http://x/", { method: "POST", body: "streamed" })).body));
    F("requestBack", async () => { const r = await B.request("http://x/", { method: "POST", body: "b", headers: { a: "1" } }); return [r.method, r.url, [...r.headers], await r.text(), r instanceof Request, typeof r[Symbol.dispose]]; });
    F("response", () => B.describeResponse(new Response("b", { status: 299, statusText: "Fine", headers: { a: "1" }, cf: { c: 1 } })));
    F("responseNull", () => B.describeResponse(new Response(null)));
    F("responseEmpty", () => B.describeResponse(new Response("")));
    F("responseError", () => B.describeResponse(Response.error()));
    F("response204", async () => { const r = await B.noBody(); return [r.status, r.body === null, await r.text()]; });
    F("responseJson", async () => { const r = await B.json({ a: 1 }); return [r.status, [...r.headers], await r.json()]; });
    F("responseRedirect", async () => { const r = await B.redirect("http://x/y"); return [r.status, r.headers.get("location")]; });
    F("responseUsed", async () => { const r = new Response("x"); await r.text(); return B.describeResponse(r); });
    F("responseTaken", async () => { const r = new Response("x"); const p = B.describeResponse(r); const was = r.bodyUsed; return [was, (await p)[5], r.bodyUsed]; });
    F("responseBack", async () => { const r = await B.response("text", { status: 201, statusText: "Made", headers: [["a", "1"], ["set-cookie", "x=1"], ["set-cookie", "y=2"]] }); return [r.status, r.statusText, [...r.headers], await r.text(), r instanceof Response, r.url, typeof r[Symbol.dispose]]; });
    F("responseClone", async () => { const r = await B.counted(); const c = r.clone(); return [await r.text(), await c.text()]; });
    F("responseManual", async () => (await B.response(bytes("raw"), { encodeBody: "manual", headers: { "content-encoding": "gzip" } })).headers.get("content-encoding"));
    F("socketBack", async () => { const r = await B.socket(); return [r.status, Object.prototype.toString.call(r.webSocket)]; });
    F("socketBare", async () => Object.prototype.toString.call(await B.bareSocket()));
    F("socketPair", async () => Object.keys(await B.pair()));
    F("socketSend", () => B.take(Object.values(new WebSocketPair())[0]));
    F("socketResponse", () => B.describeResponse(new Response(null, { status: 101, webSocket: Object.values(new WebSocketPair())[0] })));
    F("socketIn", () => B.take({ socket: Object.values(new WebSocketPair())[0] }));
    for (const [name, value] of Object.entries({ transform: new TransformStream(), identity: new IdentityTransformStream(), reader: new Response("x").body.getReader(), form: new FormData(), decoder: new TextDecoderStream(), events: new EventTarget() })) F(`take_${name}`, () => B.take(value));
    const at = Number(new URL(req.url).search.slice(1));
    for (const [name, f] of all.slice(at * EACH, at * EACH + EACH)) {
      try {
        const v = await Promise.race([f(), scheduler.wait(2000).then(() => "hangs")]);
        facts[name] = v === undefined ? "undefined" : v;
      } catch (e) {
        facts[name] = ["threw", e?.constructor?.name, e?.name, e?.message, e?.remote];
      }
    }
    return Response.json(facts);
  },
};
