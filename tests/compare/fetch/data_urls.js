// fetch() of data: URLs.

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

const d = async (u, i) => { const r = await fetch(u, i); return [r.status, r.statusText, r.url, r.redirected, [...r.headers].map(String), await r.text()]; };
export default {
  async fetch(request, env, ctx) {
    await fact("await d(\"data:text/plain,hi\")", async () => (await d("data:text/plain,hi")));
    await fact("await d(\"data:,hi\")", async () => (await d("data:,hi")));
    await fact("await d(\"data:text/plain;base64,aGk=\")", async () => (await d("data:text/plain;base64,aGk=")));
    await fact("await d(\"data:text/plain;charset=utf-8,%C3%A9\")", async () => (await d("data:text/plain;charset=utf-8,%C3%A9")));
    await fact("await d(\"data:;charset=latin1,x\")", async () => (await d("data:;charset=latin1,x")));
    await fact("await d(\"data:text/html;base64,a!\")", async () => (await d("data:text/html;base64,a!")));
    await fact("await d(\"data:text/html;base64,aGk\")", async () => (await d("data:text/html;base64,aGk")));
    await fact("await d(\"data:text/html;base64,a Gk=\")", async () => (await d("data:text/html;base64,a Gk=")));
    await fact("await d(\"data:text/html; base64 ,aGk=\")", async () => (await d("data:text/html; base64 ,aGk=")));
    await fact("await d(\"data:base64,aGk=\")", async () => (await d("data:base64,aGk=")));
    await fact("await d(\"data:x/y;a=b;c,hi\")", async () => (await d("data:x/y;a=b;c,hi")));
    await fact("await d(\"data:bad mime,hi\")", async () => (await d("data:bad mime,hi")));
    await fact("await d(\"data:text/plain\")", async () => (await d("data:text/plain")));
    await fact("await d(\"data:text/plain,hi#frag\")", async () => (await d("data:text/plain,hi#frag")));
    await fact("await d(\"data:text/plain,hi?q=1\")", async () => (await d("data:text/plain,hi?q=1")));
    await fact("await d(\"data:text/plain,a b\")", async () => (await d("data:text/plain,a b")));
    await fact("await d(\"data:text/plain,hi\", { method: \"POST\", body: \"x\" })", async () => (await d("data:text/plain,hi", { method: "POST", body: "x" })));
    await fact("await d(\"data:text/plain,hi\", { method: \"HEAD\" })", async () => (await d("data:text/plain,hi", { method: "HEAD" })));
    await fact("await d(\"DATA:text/PLAIN,hi\")", async () => (await d("DATA:text/PLAIN,hi")));
    await fact("await d(new Request(\"data:text/plain,hi\"))", async () => (await d(new Request("data:text/plain,hi"))));
    await fact("await d(\"data:text/plain,hi\", { signal: AbortSignal.abort() })", async () => (await d("data:text/plain,hi", { signal: AbortSignal.abort() })));
    await fact("await d(\"data:application/json,{\\\"a\\\":1}\")", async () => (await d("data:application/json,{\"a\":1}")));
    await fact("await d(\"data:%74ext/plain,hi\")", async () => (await d("data:%74ext/plain,hi")));
    await fact("await d(\"data:text/plain;;,hi\")", async () => (await d("data:text/plain;;,hi")));
    await fact("await d(\"data:\")", async () => (await d("data:")));
    await fact("await d(\"data:,\")", async () => (await d("data:,")));
    await fact("await d(\"data:image/png;base64,iVBORw0KGgo=\")", async () => (await d("data:image/png;base64,iVBORw0KGgo=")));
    await fact("(await fetch(\"data:application/octet-stream;base64,AAEC/w==\")).arrayBuffer()", async () => ((await fetch("data:application/octet-stream;base64,AAEC/w==")).arrayBuffer()));
    await fact("(await fetch(\"data:text/plain,hi\")).type", async () => ((await fetch("data:text/plain,hi")).type));
    await fact("(await fetch(\"data:,hi\")).body instanceof ReadableStream", async () => ((await fetch("data:,hi")).body instanceof ReadableStream));
    return Response.json(facts);
  },
};
