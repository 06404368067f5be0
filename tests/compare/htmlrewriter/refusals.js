// Selectors, handlers and changes that are refused, and those that are not.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
// HTMLRewriter
const rw = (h, html = "<p>x</p>", sel = "p") => new HTMLRewriter().on(sel, h).transform(new Response(html)).text();
for (const s of ["", " ", "p,", "p >", "p::before", "p:hover", "p:has(a)", "[", "[a=", "[a=b", "[a='b']", "[a=b i]", "p:not(.a)", ":is(p)", "*", "p p", "p>p", "p+p", "p~p", "p:nth-child(1)", "p:nth-child(n)", "p:first-child", "p:last-child", "p:nth-of-type(2n+1)", "p:empty", ":root", "#a", ".a", "#1", ".", "#", "p|a", "*|*", "p\\", "é", "p:nth-child(x)", "[a|=b]", "[a~=b]", "[a^=b]", "[a$=b]", "[a*=b]", "[a!=b]", "p:where(a)", "p /* c */", "p{", "@a", "p;", "p:not()", "p:not(p p)", "&"]) note("sel " + s, () => { new HTMLRewriter().on(s, {}); return "ok"; });
for (const h of [undefined, null, 5, "x", {}, () => {}, [], { element: 5 }, { element: null }, { element: "x" }, { text: {} }, { comments: 1 }, { element: async () => {} }]) note("handlers " + JSON.stringify(h) + typeof h, () => { new HTMLRewriter().on("p", h); return "ok"; });
for (const h of [undefined, null, 5, {}, { doctype: 5 }, { end: 5 }, { text: 5 }, { comments: 5 }]) note("doc handlers " + JSON.stringify(h), () => { new HTMLRewriter().onDocument(h); return "ok"; });
for (const r of [undefined, null, "x", {}, new Request("http://x")]) note("transform " + Object.prototype.toString.call(r), () => new HTMLRewriter().transform(r));
note("transform none", () => new HTMLRewriter().transform()); note("on none", () => new HTMLRewriter().on()); note("on one", () => new HTMLRewriter().on("p"));
for (const [n, h] of Object.entries({ setbad: (e) => e.setAttribute("a b", "c"), setempty: (e) => e.setAttribute("", "c"), seteq: (e) => e.setAttribute("a=b", "c"), setnone: (e) => e.setAttribute("a"), set0: (e) => e.setAttribute(), tagbad: (e) => { e.tagName = "a b"; }, tagempty: (e) => { e.tagName = ""; }, tag1: (e) => { e.tagName = "1a"; }, tagunicode: (e) => { e.tagName = "é"; }, beforenone: (e) => e.before(), beforenull: (e) => e.before(null), beforenum: (e) => e.before(5), beforeopt: (e) => e.before("<b>", { html: true }), beforebadopt: (e) => e.before("x", 5), beforehtmlstr: (e) => e.before("<b>", { html: "no" }), beforeobj: (e) => e.before({ toString: () => "o" }), beforesym: (e) => e.before(Symbol()), getattr0: (e) => e.getAttribute(), getnull: (e) => facts.getnull = e.getAttribute("zz"), has0: (e) => e.hasAttribute(), remove0: (e) => e.removeAttribute(), endtag: (e) => e.onEndTag(5), endtag0: (e) => e.onEndTag(), endtagthrow: (e) => e.onEndTag(() => { throw new TypeError("et"); }), throws: () => { throw new RangeError("h"); }, throwsprim: () => { throw 5; }, rejects: async () => { throw new RangeError("h"); }, attrs: (e) => facts.attrs = [...e.attributes].join("|"), ns: (e) => facts.ns = e.namespaceURI, removed: (e) => { e.remove(); facts.removed = e.removed; }, twice: (e) => { e.remove(); e.before("b"); e.after("a"); }, replace: (e) => { e.replace("r"); e.replace("s"); }, inner: (e) => { e.setInnerContent("<i>", { html: true }); e.prepend("P"); e.append("A"); }, keep: (e) => e.removeAndKeepContent(), self: (e) => facts.self = [e.selfClosing, e.canHaveContent], stream: (e) => e.before(new Response("st").body), streamresp: (e) => e.before(new Response("sr")), streamreq: (e) => e.before(new Request("http://x", { method: "POST", body: "b" })), streamused: (e) => { const r = new Response("x"); r.text(); e.before(r); }, chained: (e) => { facts.chained = e.before("a") === e && e.setAttribute("a", "b") === e; } })) {
  await later("el " + n, () => rw({ element: h }));
}
await later("el after", async () => { let kept; await rw({ element(e) { kept = e; } }); return kept.tagName; });
await later("el after set", async () => { let kept; await rw({ element(e) { kept = e; } }); kept.setAttribute("a", "b"); });
await later("text after", async () => { let kept; await rw({ text(e) { kept = e; } }); return kept.text; });
await later("attr iter after", async () => { let it; await rw({ element(e) { it = e.attributes; } }, "<p a=b>"); return it.next(); });
await later("iter while set", () => rw({ element(e) { for (const [k] of e.attributes) { e.removeAttribute(k); } } }, "<p a=1 b=2 c=3>"));
await later("comment", () => new HTMLRewriter().on("p", { comments(c) { facts.ctext = c.text; c.text = "n"; c.before("B"); c.after("A"); } }).transform(new Response("<p><!--o--></p>")).text());
await later("comment bad", () => new HTMLRewriter().on("p", { comments(c) { c.text = "a-->b"; } }).transform(new Response("<p><!--o--></p>")).text());
await later("doctype", () => new HTMLRewriter().onDocument({ doctype(d) { facts.dt = [d.name, d.publicId, d.systemId]; } }).transform(new Response("<!DOCTYPE html PUBLIC \"a\" \"b\"><p>")).text());
await later("end", () => new HTMLRewriter().onDocument({ end(e) { e.append("<x>", { html: true }); e.append("<y>"); } }).transform(new Response("<p>")).text());
await later("null body", async () => new HTMLRewriter().transform(new Response(null)).body);
await later("used body", async () => { const r = new Response("x"); await r.text(); return new HTMLRewriter().on("p", {}).transform(r); });
await later("locked body", async () => { const r = new Response("x"); r.body.getReader(); return new HTMLRewriter().on("p", {}).transform(r); });
await later("transform status", async () => { const r = new HTMLRewriter().transform(new Response("x", { status: 201, statusText: "S", headers: { "content-length": "1", a: "b" } })); return [r.status, r.statusText, [...r.headers]]; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
