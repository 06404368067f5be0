// What the cases on streams, signals and bodies are bound to.
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
const tell = (reason) => (reason instanceof DOMException ? ["DOMException", reason.name, reason.message] : reason instanceof Error ? ["Error", reason.name, reason.message] : [typeof reason, reason ?? null]);
class Holder extends RpcTarget {
  #signal;
  constructor(signal) { super(); this.#signal = signal; }
  get aborted() { return this.#signal.aborted; }
}
export default class extends WorkerEntrypoint {
  look(signal) { return [signal instanceof AbortSignal, signal.aborted, tell(signal.reason), Object.prototype.toString.call(signal)]; }
  async wait(signal) {
    await new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", resolve)));
    return [signal.aborted, tell(signal.reason)];
  }
  async waitOn(signal) {
    const type = await new Promise((resolve) => (signal.onabort = (event) => resolve([event.type, event.isTrusted, event.target === signal])));
    return type;
  }
  async waitIn({ signal, started }) { await started(); return this.wait(signal); }
  async wrong(signal) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  }
  async any(signal, other) {
    const both = AbortSignal.any([signal, other]);
    await new Promise((resolve) => (both.aborted ? resolve() : both.addEventListener("abort", resolve)));
    return tell(both.reason);
  }
  hold(signal) { return new Holder(signal); }
  aborted(reason) { return AbortSignal.abort(reason); }
  later(ms, reason) {
    const controller = new AbortController();
    this.ctx.waitUntil(scheduler.wait(ms).then(() => controller.abort(reason)));
    return controller.signal;
  }
  controller() { return new AbortController(); }
  async waitForIt(signal, promise) { return scheduler.wait(5000, { signal }); }
  requestSignal(request) { return [request.signal instanceof AbortSignal, request.signal.aborted]; }
  async requestAborted(request, started) {
    await started();
    await new Promise((resolve) => (request.signal.aborted ? resolve() : request.signal.addEventListener("abort", resolve)));
    return tell(request.signal.reason);
  }
  request(url, init) { return new Request(url, init); }
  describe(r) {
    return [r.method, r.url, r.redirect, r.cf ?? null, [...r.headers], r.bodyUsed, r.body === null, r.fetcher ?? null, r.integrity ?? null, r.cache ?? null, r.keepalive ?? null];
  }
  describeResponse(r) {
    return [r.status, r.statusText, r.ok, [...r.headers], r.bodyUsed, r.body === null, r.url, r.redirected, r.type ?? null, r.cf ?? null, r.webSocket ?? null];
  }
  response(body, init) { return new Response(body, init); }
  json(value) { return Response.json(value, { status: 202 }); }
  redirect(url) { return Response.redirect(url, 303); }
  noBody() { return new Response(null, { status: 204 }); }
  socket() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    return new Response(null, { status: 101, webSocket: client });
  }
  bareSocket() { return Object.values(new WebSocketPair())[0]; }
  pair() { return new WebSocketPair(); }
  take(value) { return Object.prototype.toString.call(value); }
  async text(stream) { return new Response(stream).text(); }
  async parts(stream) {
    const parts = [];
    for await (const part of stream) parts.push([part.constructor.name, new TextDecoder().decode(part)]);
    return parts;
  }
  async cancel(stream, reason) { await stream.cancel(reason); return "cancelled"; }
  async readOne(stream) { const reader = stream.getReader(); const { value } = await reader.read(); reader.releaseLock(); return new TextDecoder().decode(value); }
  async readThenCancel(stream, reason) { const reader = stream.getReader(); const { value } = await reader.read(); await reader.cancel(reason); return new TextDecoder().decode(value); }
  async failRead(stream) { try { for await (const _ of stream); return "no"; } catch (error) { return tell(error); } }
  async tee(stream) { const [a, b] = stream.tee(); return Promise.all([this.text(a), this.text(b)]); }
  upper(stream) {
    return stream.pipeThrough(new TransformStream({ transform(part, controller) { controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(part).toUpperCase())); } }));
  }
  two() { return { a: new Response("one").body, b: new Response("two").body }; }
  broken() { return new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([65])); }, pull(c) { c.error(new RangeError("it broke")); } }); }
  numbers() { return new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }); }
  counted() { return new Response("counted", { headers: { a: "b" } }); }
  async fill(writable, parts) {
    const writer = writable.getWriter();
    for (const part of parts) await writer.write(typeof part === "string" ? new TextEncoder().encode(part) : part);
    await writer.close();
    return "filled";
  }
  async fillString(writable) { const writer = writable.getWriter(); await writer.write("text"); await writer.close(); return "string"; }
  async fillObject(writable) { const writer = writable.getWriter(); await writer.write({ a: 1 }); await writer.close(); return "object"; }
  async abort(writable, reason) { await writable.abort(reason); return "aborted"; }
  async failWrite(writable) {
    const writer = writable.getWriter();
    try { await writer.write(new Uint8Array([1])); await writer.close(); return "no"; } catch (error) { return tell(error); }
  }
  async pipeInto(readable, writable) { await readable.pipeTo(writable); return "piped"; }
  sink(id) {
    let said = "";
    const { readable, writable } = new IdentityTransformStream();
    return { writable, said: new Response(readable).text().then((text) => (said = text)) };
  }
  async desired(writable) { const writer = writable.getWriter(); const size = writer.desiredSize; await writer.close(); return size; }
  async leave(writable) { const writer = writable.getWriter(); await writer.write(new TextEncoder().encode("part")); return "left"; }
}
