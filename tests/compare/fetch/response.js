// differs: what the engine says of values that cannot be JSON.
// Response: constructing, init, statuses, statics, bodies, clone, and the errors of it.
const facts = {};
async function note(name, f) {
  try {
    const value = await f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
const show = (r) => [r.status, r.statusText, r.ok, r.type, r.url, r.redirected, r.bodyUsed, r.body === null ? null : Object.prototype.toString.call(r.body), r.webSocket, r.cf === undefined ? "undefined" : r.cf, [...r.headers]];
const bytes = (...b) => new Uint8Array(b);
async function work() {
  const bodies = { none: undefined, null: null, string: "é", empty: "", number: 5, zero: 0, false: false, true: true, object: {}, array: [1, 2], date: { toString: () => "D" }, buffer: bytes(97, 98).buffer, view: new DataView(bytes(97, 98, 99).buffer, 1), u8: bytes(97), u16: new Uint16Array([0x6161]), params: new URLSearchParams("a=b&c=d e"), func: () => 1, symbol: Symbol("a"), bigint: 5n, headers: new Headers(), response: new Response("x"), surrogate: "\ud800", url: new URL("http://a/") };
  for (const [name, body] of Object.entries(bodies)) {
    await note(`body ${name}`, async () => { const r = new Response(body); return [show(r), await r.text(), r.bodyUsed]; });
  }
  for (const status of [undefined, null, 0, 99, 100, 101, 103, 199, 200, 204, 205, 304, 299, 300, 404, 418, 500, 599, 600, 999, 1000, -1, 65736, "201", "x", 200.7, NaN, true, {}, [], Infinity]) await note(`status ${typeof status === "number" ? String(status) : JSON.stringify(status)}`, () => show(new Response(null, { status })));
  for (const status of [101, 204, 205, 304, 200, 201]) {
    await note(`body with ${status}`, () => new Response("x", { status }).status);
    await note(`empty body with ${status}`, () => { const r = new Response("", { status }); return [r.status, r.body === null]; });
    await note(`undefined body with ${status}`, () => new Response(undefined, { status }).status);
  }
  for (let status = 200; status < 600; status++) if (new Response(null, { status }).statusText) facts[`text ${status}`] = new Response(null, { status }).statusText;
  for (const statusText of [undefined, null, "", "Fine", "a\nb", "a\u0000", "é", "€", 5, Symbol("a")]) await note(`statusText ${typeof statusText === "symbol" ? "symbol" : JSON.stringify(statusText)}`, () => new Response(null, { statusText }).statusText);
  for (const [name, init] of Object.entries({ null: null, number: 5, string: "x", array: [], func: () => {}, bool: true, symbol: Symbol("a") })) await note(`init ${name}`, () => show(new Response("a", init)));
  for (const [name, headers] of Object.entries({ undefined: undefined, null: null, object: { a: "b" }, pairs: [["a", "b"]], headers: new Headers({ a: "b" }), string: "a", type: { "Content-Type": "x/y" }, emptyType: { "content-type": "" }, bad: { "a b": "c" } })) await note(`headers ${name}`, () => [...new Response("x", { headers }).headers]);
  await note("init response", () => show(new Response("y", new Response("x", { status: 201, statusText: "Mine", headers: { a: "b", "content-type": "q/r" }, cf: { x: 1 } }))));
  await note("init redirect", () => show(new Response(null, Response.redirect("http://a/"))));
  await note("init request", () => show(new Response("y", new Request("http://a/", { headers: { a: "b" } }))));
  await note("init getter order", () => { const seen = []; new Response(null, new Proxy({}, { get: (_, k) => (seen.push(String(k)), undefined), has: (_, k) => (seen.push("has " + String(k)), false) })); return seen; });
  await note("cf", () => [new Response(null, { cf: { a: 1 } }).cf, new Response(null, { cf: null }).cf, new Response(null, {}).cf === undefined]);
  await note("cf bad", () => new Response(null, { cf: 5 }).cf);
  await note("cf same", () => { const cf = { a: { b: 1 } }; const r = new Response(null, { cf }); return [r.cf === cf, r.cf === r.cf, r.clone().cf]; });
  for (const encodeBody of ["manual", "automatic", "x", undefined, null, 5]) await note(`encodeBody ${encodeBody}`, () => new Response("x", { encodeBody }).status);
  for (const webSocket of [null, undefined, {}, 5]) await note(`webSocket ${JSON.stringify(webSocket)}`, () => new Response(null, { webSocket, status: 101 }).status);
  for (const [name, args] of Object.entries({ none: [], undefined: [undefined], null: [null], object: [{ a: 1 }], string: ["x"], number: [5], func: [() => {}], symbol: [Symbol("a")], init: [{}, { status: 201, headers: { a: "b" } }], type: [{}, { headers: { "content-type": "x/y" } }], null204: [{}, { status: 204 }], initNull: [{}, null], toJSON: [{ toJSON: () => "j" }], initNumber: [{}, 5], date: [new Date(0)], initResponse: [{}, new Response(null, { status: 202, headers: { "x-a": "b" } })], headersObject: [{}, { headers: new Headers({ "Content-Type": "m/n" }) }], badStatus: [{}, { status: 99 }] })) await note(`json ${name}`, async () => { const r = Response.json(...args); return [show(r), await r.text()]; });
  for (const args of [[], ["http://a/b c"], ["http://a", 301], ["http://a", 303], ["http://a", 307], ["http://a", 308], ["http://a", 200], ["http://a", 304], ["http://a", 300], ["http://a", "302"], ["http://a", undefined], ["http://a", null], ["http://a", "x"], ["/relative"], [""], [undefined], ["http://a/é"], [5]]) await note(`redirect ${JSON.stringify(args.map((x) => (x === undefined ? "undefined" : x)))}`, () => show(Response.redirect(...args)));
  await note("redirect url object", () => show(Response.redirect(new URL("http://a/b"))));
  await note("error", () => show(Response.error()));
  await note("error text", () => Response.error().text());
  for (const [name, body] of Object.entries({ string: "aé", empty: "", null: null, bytes: bytes(1, 2, 255), bom: "\ufeffab", json: '{"a":[1]}', badJson: "{a", params: new URLSearchParams("a=b") })) {
    for (const m of ["text", "json", "arrayBuffer", "bytes"]) {
      await note(`${m} of ${name}`, async () => { const r = new Response(body); const p = r[m](); const used = r.bodyUsed; const v = await p; return [p instanceof Promise, used, r.bodyUsed, v instanceof ArrayBuffer ? ["AB", ...new Uint8Array(v)] : v instanceof Uint8Array ? ["U8", ...v] : v]; });
    }
  }
  for (const m of ["text", "json", "arrayBuffer", "bytes", "blob", "formData", "clone"]) {
    await note(`used ${m}`, async () => { const r = new Response("{}"); await r.text(); return String(await r[m]()); });
    await note(`twice null ${m}`, async () => { const r = new Response(null); await r.text(); const v = await r[m](); return [typeof v, r.bodyUsed]; });
  }
  await note("used sync", () => { const r = new Response("x"); r.text(); const p = r.text(); return p.then(() => "no", (e) => "rejected " + e.message); });
  await note("used as body", async () => { const r = new Response("x"); await r.text(); return new Response(r.body).status; });
  await note("clone", async () => { const r = new Response("x", { status: 201, statusText: "S", headers: { a: "b" } }); const c = r.clone(); c.headers.set("a", "c"); return [show(r), show(c), await r.text(), await c.text()]; });
  await note("clone null", () => { const c = new Response(null).clone(); return [c.body, c.bodyUsed]; });
  await note("clone bytes", async () => { const b = bytes(97); const r = new Response(b); b[0] = 98; const c = r.clone(); return [await r.text(), await c.text()]; });
  await note("copied bytes", async () => { const b = bytes(97); const r = new Response(b); b[0] = 98; return r.text(); });
  await note("result is separate", async () => { const r = new Response(bytes(97)); const c = r.clone(); const v = await r.bytes(); v[0] = 99; return c.text(); });
  await note("set status", () => { "use strict"; const r = new Response(); try { r.status = 5; return "set"; } catch (e) { return e.constructor.name; } });
  await note("same headers", () => { const r = new Response(); return r.headers === r.headers; });
  await note("type after set", () => { const r = new Response("x"); r.headers.delete("content-type"); return [...r.headers]; });
  await note("json error name", async () => { try { await new Response("").json(); } catch (e) { return e.name; } });
  await note("promise body", async () => new Response(Promise.resolve("x")).text());
  await note("detached", async () => { const b = new ArrayBuffer(2); structuredClone(b, { transfer: [b] }); return (await new Response(b).arrayBuffer()).byteLength; });
}
export default { async fetch() { await work(); return Response.json(facts); } };
