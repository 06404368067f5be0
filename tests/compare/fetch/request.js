// differs: a request that came in has no fetcher and no cf of this machine's.
// Request: constructing, copying, methods, init, bodies, clone, and the errors of it.
const facts = {};
async function note(name, f) {
  try {
    const value = await f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
const show = (r) => [r.method, r.url, r.redirect, r.fetcher, r.cache === undefined ? "undefined" : r.cache, r.integrity, r.keepalive, r.bodyUsed, r.body === null ? null : Object.prototype.toString.call(r.body), r.cf === undefined ? "undefined" : r.cf, [...r.headers]];
const bytes = (...b) => new Uint8Array(b);
async function work(incoming) {
  for (const url of ["http://a", "HTTP://A:80/b c?d e#f", "https://u:p@h/", "/relative", "", "foo:bar", "ftp://a/", "ws://a/", "data:text/plain,hi", "http://a/#frag", "http://münchen.de/é", "http://a:99999", "  http://a/  ", "http://a/%zz"]) await note(`url ${JSON.stringify(url)}`, () => show(new Request(url)));
  for (const [name, input] of Object.entries({ undefined: undefined, null: null, number: 5, object: {}, url: new URL("http://a/b"), toString: { toString: () => "http://t/" }, response: new Response(), symbol: Symbol("a"), array: ["http://a/"], headers: new Headers() })) await note(`input ${name}`, () => show(new Request(input)));
  await note("no arguments", () => new Request());
  for (const method of [undefined, null, "", "get", "Post", "PUT", "patch", "Patch", "delete", "head", "OPTIONS", "connect", "CONNECT", "trace", "TRACE", "track", "purge", "PURGE", "foo", "a b", "é", "get\n", 5, {}, "PROPFIND", "MKCOL", "COPY", "LOCK", "M-SEARCH", "QUERY", Symbol("a")]) await note(`method ${typeof method === "symbol" ? "symbol" : JSON.stringify(method)}`, () => new Request("http://a", { method }).method);
  for (const method of ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PATCH"]) {
    await note(`${method} body`, () => show(new Request("http://a", { method, body: "x" })));
    await note(`${method} empty body`, () => show(new Request("http://a", { method, body: "" })));
    await note(`${method} null body`, () => show(new Request("http://a", { method, body: null })));
    await note(`${method} undefined body`, () => show(new Request("http://a", { method, body: undefined })));
  }
  for (const [name, body] of Object.entries({ string: "é", number: 5, object: {}, buffer: bytes(97).buffer, params: new URLSearchParams("a=b"), symbol: Symbol("a") })) await note(`body ${name}`, async () => { const r = new Request("http://a", { method: "POST", body }); return [show(r), await r.text(), r.bodyUsed]; });
  for (const redirect of [undefined, null, "follow", "manual", "error", "x", ""]) await note(`redirect ${redirect}`, () => new Request("http://a", { redirect }).redirect);
  for (const cache of [undefined, null, "no-store", "no-cache", "reload", "default", "force-cache", "only-if-cached", "x", ""]) await note(`cache ${cache}`, () => { const r = new Request("http://a", { cache }); return [r.cache === undefined ? "undefined" : r.cache, [...r.headers]]; });
  for (const [name, signal] of Object.entries({ undefined: undefined, null: null, object: {}, number: 5 })) await note(`signal ${name}`, () => Object.prototype.toString.call(new Request("http://a", { signal }).signal));
  await note("signal", () => { const c = new AbortController(); const r = new Request("http://a", { signal: c.signal }); c.abort("why"); return [r.signal === c.signal, r.signal.aborted, r.signal.reason, r.clone().signal === r.signal, new Request(r).signal === r.signal, new Request(r).signal.aborted]; });
  await note("no signal", () => { const r = new Request("http://a"); return [Object.prototype.toString.call(r.signal), r.signal === r.signal, r.signal?.aborted]; });
  await note("signal override", () => { const c = new AbortController(); const r = new Request("http://a", { signal: c.signal }); const q = new Request(r, { signal: null }); return Object.prototype.toString.call(q.signal); });
  for (const [name, init] of Object.entries({ null: null, number: 5, string: "x", array: [], func: () => {}, bool: true, symbol: Symbol("a") })) await note(`init ${name}`, () => show(new Request("http://a", init)));
  await note("init order", () => { const seen = []; new Request("http://a", new Proxy({}, { get: (_, k) => (seen.push(String(k)), undefined), has: (_, k) => (seen.push("has " + String(k)), false) })); return seen; });
  await note("init request", () => show(new Request("http://b/", new Request("http://a/", { method: "PUT", headers: { a: "b" }, redirect: "manual", body: "x", cf: { a: 1 } }))));
  await note("init request used", async () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); const r = new Request("http://b/", q); return [q.bodyUsed, await r.text()]; });
  await note("init response", () => show(new Request("http://b/", new Response("x", { status: 201, headers: { a: "b" } }))));
  await note("init response null", () => show(new Request("http://b/", new Response(null, { headers: { a: "b" } }))));
  await note("copy", async () => { const q = new Request("http://a/", { method: "PUT", headers: { a: "b" }, redirect: "manual", body: "x", cf: { a: 1 } }); const r = new Request(q); return [show(r), q.bodyUsed, await r.text()]; });
  await note("copy overrides", async () => { const q = new Request("http://a/", { method: "PUT", headers: { a: "b" }, body: "x" }); const r = new Request(q, { method: "POST", headers: { c: "d" }, body: "y", redirect: "manual" }); return [show(r), q.bodyUsed, await r.text()]; });
  await note("copy to GET", () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); return show(new Request(q, { method: "GET" })); });
  await note("copy null body", () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); return [show(new Request(q, { body: null })), q.bodyUsed]; });
  await note("copy GET null body", () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); return [show(new Request(q, { body: null, method: "GET" })), q.bodyUsed]; });
  await note("copy used", async () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); await q.text(); return show(new Request(q)); });
  await note("copy used with body", async () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); await q.text(); return show(new Request(q, { body: "y" })); });
  await note("copy used null body", async () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); await q.text(); return show(new Request(q, { body: null })); });
  await note("copy headers keep type", () => { const q = () => new Request("http://a/", { method: "PUT", body: "x" }); return [[...new Request(q()).headers], [...new Request(q(), { headers: { a: "b" } }).headers], [...new Request("http://b", { method: "POST", headers: { "content-type": "x/y" }, body: "z" }).headers]]; });
  await note("clone", async () => { const q = new Request("http://a/", { method: "PUT", headers: { a: "b" }, body: "x", redirect: "manual", cf: { a: 1 } }); const r = q.clone(); r.headers.set("a", "c"); return [show(q), show(r), await q.text(), await r.text()]; });
  await note("clone used", async () => { const q = new Request("http://a/", { method: "PUT", body: "x" }); await q.text(); return q.clone().method; });
  await note("cf", () => [new Request("http://a", { cf: { a: 1 } }).cf, new Request("http://a", { cf: null }).cf, new Request("http://a").cf === undefined]);
  await note("cf bad", () => new Request("http://a", { cf: 5 }).cf);
  await note("cf same", () => { const cf = { a: { b: 1 } }; const q = new Request("http://a", { cf }); return [q.cf === cf, q.cf === q.cf, new Request(q).cf === q.cf, new Request(q, { cf: { z: 1 } }).cf]; });
  for (const [name, integrity] of Object.entries({ undefined: undefined, empty: "", x: "x", null: null })) await note(`integrity ${name}`, () => new Request("http://a", { integrity }).integrity);
  for (const [name, fetcher] of Object.entries({ undefined: undefined, null: null, object: {} })) await note(`fetcher ${name}`, () => new Request("http://a", { fetcher }).fetcher);
  await note("ignored", () => show(new Request("http://a", { mode: "no-cors", credentials: "include", referrer: "x", referrerPolicy: "x", keepalive: true, duplex: "half", priority: "high", window: 5, eo: 1, encodeResponseBody: "manual" })));
  await note("encodeResponseBody", () => new Request("http://a", { encodeResponseBody: "x" }).method);
  await note("null body reads", async () => { const q = new Request("http://a"); const t = await q.text(); const b = await q.arrayBuffer(); return [t, b.byteLength, q.bodyUsed, q.body]; });
  await note("set", () => { "use strict"; const q = new Request("http://a"); try { q.method = "PUT"; return "set"; } catch (e) { return e.constructor.name; } });
  await note("incoming", () => { const s = show(incoming); s[3] = s[9] = null; s[10] = incoming.headers.get("host"); return s; });
  await note("incoming copy", () => { const r = new Request(incoming); return [r.redirect, r.method, r.url, r.headers.get("host")]; });
  await note("incoming copy url", () => { const r = new Request("http://other/x", incoming); return [r.redirect, r.method, r.url, r.headers.get("host")]; });
  await note("incoming clone", () => { const r = incoming.clone(); return [r.redirect, r.method, r.url]; });
  await note("incoming signal", () => [Object.prototype.toString.call(incoming.signal), incoming.signal?.aborted]);
  await note("incoming text", () => incoming.text());
}
export default { async fetch(request) { await work(request); return Response.json(facts); } };
