// What a server of node:http finds of a request and of its socket.
// flags: nodejs_compat
import { handleAsNodeRequest } from "cloudflare:node";
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

let f; createServer((q, s) => { try { f(q, s); } catch (e) { facts.err = String(e); } s.end("x"); }).listen(8080);
const at = async (g) => { let r; f = (q, s) => { r = g(q, s); }; await handleAsNodeRequest(8080, new Request("http://h.example/")); return r; };
export default {
  async fetch(request, env, ctx) {
    await fact("await at((q, s) => [typeof s.socket, s.socket === q.socket, s.socket === null])", async () => (await at((q, s) => [typeof s.socket, s.socket === q.socket, s.socket === null])));
    await fact("await at((q, s) => s.socket?.constructor?.name)", async () => (await at((q, s) => s.socket?.constructor?.name)));
    await fact("await at((q, s) => [s.socket?.writable, s.socket?.readable, s.socket?.destroyed, s.socket?.encrypted, s.socket?.remoteAddress, s.socket?.remotePort, s.socket?.localPort, s.socket?.remoteFamily])", async () => (await at((q, s) => [s.socket?.writable, s.socket?.readable, s.socket?.destroyed, s.socket?.encrypted, s.socket?.remoteAddress, s.socket?.remotePort, s.socket?.localPort, s.socket?.remoteFamily])));
    await fact("await at((q, s) => [q.socket?.writable, q.socket?.readable, q.socket?.destroyed, q.socket?.encrypted, q.socket?.remoteAddress, q.socket?.remotePort > 0, q.socket?.localPort, q.socket?.remoteFamily])", async () => (await at((q, s) => [q.socket?.writable, q.socket?.readable, q.socket?.destroyed, q.socket?.encrypted, q.socket?.remoteAddress, q.socket?.remotePort > 0, q.socket?.localPort, q.socket?.remoteFamily])));
    await fact("await at((q, s) => Object.keys(q.socket ?? {}).sort())", async () => (await at((q, s) => Object.keys(q.socket ?? {}).sort())));
    await fact("await at((q, s) => [q.connection === q.socket, s.connection === s.socket, q.httpVersion, q.httpVersionMajor, q.complete, q.aborted, q.rawHeaders, q.trailers, q.method, q.url])", async () => (await at((q, s) => [q.connection === q.socket, s.connection === s.socket, q.httpVersion, q.httpVersionMajor, q.complete, q.aborted, q.rawHeaders, q.trailers, q.method, q.url])));
    await fact("await at((q, s) => [s.writable, s.writableEnded, s.finished, s.headersSent, s.statusCode, s.statusMessage, s.sendDate, s.shouldKeepAlive, s.writableHighWaterMark, s.writableLength, s.writableCorked, s.destroyed])", async () => (await at((q, s) => [s.writable, s.writableEnded, s.finished, s.headersSent, s.statusCode, s.statusMessage, s.sendDate, s.shouldKeepAlive, s.writableHighWaterMark, s.writableLength, s.writableCorked, s.destroyed])));
    await fact("await at((q, s) => { s.writeHead(201, \"Q\", { a: \"b\" }); return [s.headersSent, s.statusMessage, s.getHeaders()]; })", async () => { await at((q, s) => { s.writeHead(201, "Q", { a: "b" }); return [s.headersSent, s.statusMessage, s.getHeaders()]; }) });
    await fact("await at((q, s) => { s.setHeader(\"a b\", \"c\"); })", async () => (await at((q, s) => { s.setHeader("a b", "c"); })));
    await fact("await at((q, s) => { s.setHeader(\"a\", \"c\\n\"); })", async () => (await at((q, s) => { s.setHeader("a", "c\n"); })));
    await fact("await at((q, s) => { s.setHeader(\"a\", undefined); })", async () => (await at((q, s) => { s.setHeader("a", undefined); })));
    await fact("await at((q, s) => { s.setHeader(\"A\", [\"x\", \"y\"]); return [s.getHeader(\"a\"), s.getHeaderNames(), s.getRawHeaderNames?.(), s.hasHeader(\"A\")]; })", async () => { await at((q, s) => { s.setHeader("A", ["x", "y"]); return [s.getHeader("a"), s.getHeaderNames(), s.getRawHeaderNames?.(), s.hasHeader("A")]; }) });
    await fact("await at((q, s) => { s.appendHeader(\"a\", \"1\"); s.appendHeader(\"a\", \"2\"); return s.getHeader(\"a\"); })", async () => { await at((q, s) => { s.appendHeader("a", "1"); s.appendHeader("a", "2"); return s.getHeader("a"); }) });
    await fact("await at((q, s) => { s.writeHead(99); })", async () => (await at((q, s) => { s.writeHead(99); })));
    await fact("await at((q, s) => { s.write(5); })", async () => (await at((q, s) => { s.write(5); })));
    await fact("await at((q, s) => { s.end(\"a\"); s.write(\"b\"); })", async () => (await at((q, s) => { s.end("a"); s.write("b"); })));
    await fact("await at((q, s) => { s.removeHeader(\"x\"); s.flushHeaders(); s.setHeader(\"a\", 1); })", async () => (await at((q, s) => { s.removeHeader("x"); s.flushHeaders(); s.setHeader("a", 1); })));
    await fact("await at((q, s) => q.socket?.setTimeout?.(1) === q.socket)", async () => (await at((q, s) => q.socket?.setTimeout?.(1) === q.socket)));
    await fact("await at((q, s) => s.socket?.on?.(\"close\", () => {}) === s.socket)", async () => (await at((q, s) => s.socket?.on?.("close", () => {}) === s.socket)));
    await fact("await at((q, s) => s.req === q)", async () => (await at((q, s) => s.req === q)));
    return Response.json(facts);
  },
};
