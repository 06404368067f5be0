// Requests and responses made of others, their refusals, and which bodies are used by it.
// head: ../streams/heads/facts.js
export default {
  async fetch(request) {
    const U = "http://a.test/";
    const show = (r) => [r.constructor.name, r.method, r.url, [...r.headers], r.redirect, r.cache, r.signal?.aborted, r.body === null, r.bodyUsed, r.integrity, r.keepalive, r.cf === undefined ? "undefined" : r.cf, r.fetcher];
    const h = () => new Headers([["b", "1"], ["Set-Cookie", "x=1"], ["a", "2"], ["set-cookie", "y=2"], ["B", "3"], ["c", ""]]);
    await t("headers order of access", () => { const l = []; new Headers(new Proxy({ b: "1", a: "2" }, { get(o, k) { l.push("get " + String(k)); return o[k]; }, ownKeys(o) { l.push("ownKeys"); return Reflect.ownKeys(o); }, getOwnPropertyDescriptor(o, k) { l.push("gopd " + String(k)); return Reflect.getOwnPropertyDescriptor(o, k); } })); return l; });
    await t("headers all", () => { const x = h(); return [[...x], [...x.keys()], [...x.values()], x.get("set-cookie"), x.getSetCookie(), x.get("b"), x.get("C"), x.get("no"), x.has("B"), x.getAll("Set-Cookie")]; });
    await t("headers mutate in iteration", () => { const x = h(), l = []; for (const [k, v] of x) { l.push([k, v]); if (k === "a") x.delete("b"); if (k === "b") x.append("zz", "1"); } return [l, [...x]]; });
    await t("headers forEach", () => { const x = h(), l = []; x.forEach(function (v, k, o) { l.push([k, v, o === x, this]); if (k === "a") x.set("d", "9"); }, "this"); return l; });
    await t("headers set many", () => { const x = h(); x.set("B", "9"); x.set("set-cookie", "only"); x.append("a", " 3 "); x.delete("C"); return [...x]; });
    await t("headers iter proto", () => { const i = new Headers({ a: "1" })[Symbol.iterator](); const p = Object.getPrototypeOf(i); return [Object.prototype.toString.call(i), Object.getOwnPropertyNames(p), Object.getPrototypeOf(p) === Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), typeof i.return, i.next(), i.next(), raw(() => p.next.call({}))]; });
    await t("request from request", async () => { const a = new Request(U, { method: "POST", body: "x", headers: { a: "b" }, redirect: "manual", cf: { z: 1 } }); const b = new Request(a); return [show(a), show(b), a.bodyUsed, await b.text(), b.bodyUsed, await state(a.text())]; });
    await t("request from used", async () => { const a = new Request(U, { method: "POST", body: "x" }); await a.text(); return show(new Request(a)); });
    await t("request from used with body", async () => { const a = new Request(U, { method: "POST", body: "x" }); await a.text(); return (await new Request(a, { body: "y" }).text()); });
    await t("request from used GET", async () => { const a = new Request(U, { method: "POST", body: "x" }); await a.text(); return show(new Request(a, { method: "GET" })); });
    await t("request override", async () => { const a = new Request(U, { method: "POST", body: "x", headers: { "content-type": "q/r", a: "1" } }); const b = new Request(a, { headers: { z: "1" } }); return [show(b), a.bodyUsed]; });
    await t("request override body", async () => { const a = new Request(U, { method: "POST", body: "x", headers: { a: "1" } }); const b = new Request(a, { body: new URLSearchParams("q=1") }); return [show(b), a.bodyUsed, await b.text()]; });
    await t("request override method", async () => { const a = new Request(U, { method: "POST", body: "x" }); return raw(() => show(new Request(a, { method: "GET" }))); });
    await t("request override null body", async () => { const a = new Request(U, { method: "POST", body: "x" }); const b = new Request(a, { method: "GET", body: null }); return [show(b), a.bodyUsed]; });
    await t("request url override", async () => { const a = new Request(U, { method: "POST", body: "x", headers: { a: "1" } }); const b = new Request("http://other/", a); return [show(b), a.bodyUsed, await b.text()]; });
    await t("request stream", async () => { const s = new ReadableStream({ start(c) { c.enqueue(enc("ab")); c.close(); } }); const r = new Request(U, { method: "POST", body: s }); return [show(r), r.body === s, await r.text(), s.locked]; });
    await t("request clone", async () => { const a = new Request(U, { method: "POST", body: "x", headers: { a: "b" } }); const b = a.clone(); b.headers.set("c", "d"); return [show(a), show(b), await a.text(), await b.text(), raw(() => a.clone())]; });
    await t("request clone init", () => show(new Request(U).clone({ method: "PUT" })));
    await t("request getters", () => { const d = Object.getOwnPropertyDescriptors(Request.prototype); return Object.entries(d).map(([k, v]) => [k, v.enumerable, typeof v.get, typeof v.set, typeof v.value, v.value?.length ?? v.get?.length]); });
    await t("response getters", () => { const d = Object.getOwnPropertyDescriptors(Response.prototype); return Object.entries(d).map(([k, v]) => [k, v.enumerable, typeof v.get, typeof v.set, typeof v.value, v.value?.length ?? v.get?.length]); });
    await t("assign readonly", () => { "use strict"; const r = new Request(U); const l = []; for (const k of ["method", "url", "headers", "body", "redirect"]) l.push(raw(() => { r[k] = "x"; return r[k]; })); const p = new Response("x"); for (const k of ["status", "ok", "headers", "body"]) l.push(raw(() => { p[k] = "x"; return p[k]; })); return l; });
    await t("immutable headers of event", () => [raw(() => request.headers.set("a", "b")), raw(() => request.headers.append("a", "b")), raw(() => request.headers.delete("a")), raw(() => new Request(request).headers.set("a", "b")), raw(() => request.clone().headers.set("a", "b"))]);
    await t("redirect immutable", () => { const r = Response.redirect("http://a/"); return [raw(() => r.headers.set("a", "b")), raw(() => r.headers.delete("location"))]; });
    await t("error response", () => { const r = Response.error(); return [r.type, r.status, r.ok, r.body, [...r.headers], raw(() => r.headers.set("a", "b")), raw(() => r.clone().type)]; });
    await t("response json errors", () => [raw(() => Response.json(undefined)), raw(() => Response.json(Symbol("x"))), raw(() => Response.json(() => 1)), raw(() => { const a = {}; a.a = a; return Response.json(a); }), raw(() => Response.json(1n)), raw(() => Response.json())]);
    await t("response clone", async () => { const a = new Response("x", { status: 201, statusText: "T", headers: { a: "b" } }); const b = a.clone(); return [b.status, b.statusText, [...b.headers], a.body === b.body, await a.text(), await b.text(), raw(() => a.clone())]; });
    await t("response body locked", async () => { const r = new Response("x"); const rd = r.body.getReader(); const l = [r.bodyUsed, await state(r.text()), raw(() => r.clone())]; rd.releaseLock(); l.push(await state(r.text())); return l; });
    await t("response partially read", async () => { const r = new Response(new ReadableStream({ start(c) { c.enqueue(enc("ab")); c.enqueue(enc("cd")); c.close(); } })); const rd = r.body.getReader(); await rd.read(); rd.releaseLock(); return [r.bodyUsed, await state(r.text())]; });
    await t("response cancelled", async () => { const r = new Response("x"); await r.body.cancel(); return [r.bodyUsed, await state(r.text())]; });
    await t("response stream of strings", async () => state(new Response(new ReadableStream({ start(c) { c.enqueue("x"); c.close(); } })).text()));
    await t("response stream errors", async () => state(new Response(new ReadableStream({ start(c) { c.error(new RangeError("E")); } })).text()));
    await t("response iterable", async () => [await state(new Response([enc("a"), enc("b")]).text()), await state(new Response((async function* () { yield enc("q"); })()).text()), await state(new Response(new Set(["a"])).text()), await state(new Response(new Map([["a", 1]])).text()), await state(new Response({ [Symbol.iterator]: () => ["z"][Symbol.iterator]() }).text())]);
    return Response.json(facts);
  },
};
