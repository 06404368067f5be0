// HTMLRewriter: handlers that wait, selectors, content, and what is refused.
// head: heads/say.js
const rw = (html, f) => f(new HTMLRewriter()).transform(new Response(html, { headers: { "content-type": "text/html" } })).text();
export default run(async () => {
  await t("async", () => rw("<a href=/x>l</a><p>t</p>", (r) => r.on("a", { async element(e) { await scheduler.wait(1); const x = await new Response("z").text(); e.setAttribute("href", x); e.append("<b>", { html: true }); } }).on("p", { async text(c) { await scheduler.wait(0); if (!c.lastInTextNode) c.replace(c.text.toUpperCase()); } })));
  await t("all", () => rw("<div id=a class='b c'><!--c--><br/>x</div>", (r) => r.on("div", { element(e) { e.before("B"); e.after("A"); e.prepend("P"); e.append("<i>", {}); e.tagName = "section"; facts.attrs = [...e.attributes]; e.removeAttribute("id"); e.onEndTag((t2) => { t2.before("<!>", { html: true }); t2.name = "sec"; }); }, comments(c) { c.text = "new"; c.after("x"); } })));
  await t("remove", () => rw("<p>a<b>c</b></p><i>k</i>", (r) => r.on("b", { element(e) { e.remove(); } }).on("i", { element(e) { e.removeAndKeepContent(); } })));
  await t("inner", () => rw("<p>a<b>c</b></p>", (r) => r.on("p", { element(e) { e.setInnerContent("<x>"); } })));
  await t("inner html stream", () => rw("<p>a</p>", (r) => r.on("p", { element(e) { e.setInnerContent(new Response("<x>"), { html: true }); e.after(new Response("str").body); } })));
  await t("doc", () => rw("<!DOCTYPE html><p>t</p><!-- c -->", (r) => r.onDocument({ doctype(d) { facts.dt = [d.name, d.publicId, d.systemId]; }, comments(c) { c.remove(); }, text(x) { facts.tx = (facts.tx ?? "") + x.text + (x.lastInTextNode ? "|" : ""); }, end(e) { e.append("<end>", { html: true }); } })));
  for (const s of ["*", "p", "p:nth-child(2)", "p:first-child", "p:nth-of-type(2)", "p:first-of-type", "p:not(.x)", ".x", "#i", "[a]", "[a=b]", "[a='B' i]", "[a=B s]", "[a~=c]", "[a^=b]", "[a$=c]", "[a*=b]", "[a|=b]", "div p", "div > p", "div, p", "p + p", "p ~ p", "", "p:hover", "p::before", ":has(p)", "svg|p", "P", "p:last-child", "p:nth-child(2n+1)", "p:is(.x)", "p[a][b]", "#1", "[", "p:not(.a, .b)"]) await t("sel " + s, async () => { const hits = []; await rw("<div><p id=i a='b c' b>1</p><p class=x a=b>2</p><span a=bc><p a=b-c>3</p></span></div>", (r) => r.on(s, { element(e) { hits.push(e.tagName + (e.getAttribute("a") ?? "")); } })); return hits; });
  await t("throw", () => rw("<p>", (r) => r.on("p", { element() { throw new RangeError("boom"); } })));
  await t("async throw", () => rw("<p>", (r) => r.on("p", { async element() { await 1; throw new RangeError("boom2"); } })));
  await t("no handler", () => rw("<p>x", (r) => r.on("p", {})));
  await t("bad handler", () => rw("<p>x", (r) => r.on("p", null)));
  await t("class handler", () => rw("<p>x", (r) => r.on("p", new (class { n = 1; element(e) { e.append("n" + this.n); } })())));
  await t("keep element", async () => { let el; await rw("<p>x</p>", (r) => r.on("p", { element(e) { el = e; } })); return el.tagName; });
  await t("entities", () => rw("<p title='a&amp;b'>&lt;x&nbsp;</p>", (r) => r.on("p", { element(e) { facts.ti = e.getAttribute("title"); e.setAttribute("title", "\"q\" & <r>"); }, text(c) { facts.ent = (facts.ent ?? "") + c.text; } })));
  await t("headers", async () => { const r = new HTMLRewriter().transform(new Response("<p>", { status: 201, headers: { "content-length": "3", etag: "x" } })); return [r.status, [...r.headers]]; });
  await t("null body", async () => { const r = new HTMLRewriter().on("p", {}).transform(new Response(null, { status: 204 })); return [r.status, r.body]; });
  await t("attr bad", () => rw("<p>", (r) => r.on("p", { element(e) { e.setAttribute("a b", "x"); } })));
  await t("tag bad", () => rw("<p>", (r) => r.on("p", { element(e) { e.tagName = "1 x"; } })));
  await t("comment bad", () => rw("<!--x-->", (r) => r.onDocument({ comments(c) { c.text = "-->"; } })));
  await t("ns", () => rw("<svg><a/></svg>", (r) => r.on("a", { element(e) { facts.ns = [e.namespaceURI, e.removed, e.selfClosing, e.canHaveContent]; } })));
  await t("void end", () => rw("<br>", (r) => r.on("br", { element(e) { e.onEndTag(() => {}); } })));
  await t("script text", () => rw("<script>var a='<p>';</script><p>x</p><textarea><p></textarea>", (r) => r.on("p", { element(e) { e.setAttribute("hit", ""); } })));
  await t("chunks", async () => { const s = ReadableStream.from(["<d", "iv>he", "llo</di", "v>"].map((x) => new TextEncoder().encode(x))); const seen = []; const out = await new HTMLRewriter().on("div", { text(c) { seen.push([c.text, c.lastInTextNode]); } }).transform(new Response(s)).text(); return [out, seen]; });
  await t("charset", async () => new HTMLRewriter().on("p", { text(c) { facts.cs = (facts.cs ?? "") + c.text; } }).transform(new Response(new Uint8Array([60, 112, 62, 0xe9, 60, 47, 112, 62]), { headers: { "content-type": "text/html; charset=iso-8859-1" } })).bytes());
  await t("used", async () => { const r = new Response("x"); await r.text(); return new HTMLRewriter().transform(r); });
  await t("not resp", () => new HTMLRewriter().transform("x"));
  await t("order", () => rw("<p>x</p>", (r) => r.on("p", { element(e) { e.append("1"); } }).on("*", { element(e) { e.append("2"); } }).on("p", { element(e) { e.append("3"); } })));
  await t("has attr", () => rw("<p A=1 disabled>", (r) => r.on("p", { element(e) { facts.ha = [e.hasAttribute("a"), e.getAttribute("DISABLED"), e.getAttribute("none")]; } })));
  await t("iter attrs", () => rw("<p a=1 b=2>", (r) => r.on("p", { element(e) { const it = e.attributes; facts.it = [it.next(), typeof it[Symbol.iterator], it.next(), it.next()]; } })));
  await t("replace text html", () => rw("<p>x</p>", (r) => r.on("p", { text(c) { if (c.text) { c.before("<b>", { html: true }); c.after("</b>", { html: true }); c.replace("<y>"); } } })));
});
