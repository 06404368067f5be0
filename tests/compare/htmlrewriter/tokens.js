// HTMLRewriter: every property and method of every token.
// differs: the engine's own message for assigning to what is read-only; own properties cannot be deleted.
const own = (o) => { const r = {}; for (const k of Reflect.ownKeys(o)) { const d = Object.getOwnPropertyDescriptor(o, k); r[String(k)] = [typeof d.value, d.writable, d.enumerable, d.configurable, d.get && [d.get.name, d.get.length], d.set && [d.set.name, d.set.length]]; } return r; };
export default { async fetch() {
  const f = {};
  const run = async (name, html, reg) => {
    const log = [];
    const say = (n, fn) => { try { const v = fn(); log.push([n, v === undefined ? "undefined" : v]); } catch (e) { log.push([n, `${e.name}: ${e.message}`]); } };
    let out; try { const r = new HTMLRewriter(); reg(r, say, log); out = await r.transform(new Response(html)).text(); } catch (e) { out = `${e?.name}: ${e?.message ?? e}`; }
    f[name] = [out, log];
  };
  await run("props", `<Div id=x CLASS="a b" Data-Q='&amp;"'>hi</Div>`, (r, say) => r.on("div", { element(e) {
    say("own", () => own(e)); say("tag", () => e.tagName); say("ns", () => e.namespaceURI); say("removed", () => e.removed);
    say("attrs", () => [...e.attributes]); say("attrsId", () => e.attributes === e.attributes);
    say("it", () => { const i = e.attributes; return [i.next(), i.next(), i.next(), i.next(), i[Symbol.iterator]() === i]; });
    say("get", () => [e.getAttribute("id"), e.getAttribute("ID"), e.getAttribute("class"), e.getAttribute("data-q"), e.getAttribute("no"), e.getAttribute("")]);
    say("has", () => [e.hasAttribute("id"), e.hasAttribute("CLASS"), e.hasAttribute("no")]);
    say("get0", () => e.getAttribute()); say("has0", () => e.hasAttribute()); say("set0", () => e.setAttribute()); say("set1", () => e.setAttribute("a")); say("rm0", () => e.removeAttribute());
    say("setRet", () => e.setAttribute("n", "<\"'>&") === e); say("rmRet", () => e.removeAttribute("class") === e);
    say("setNum", () => e.setAttribute("num", 5) === e); say("setNull", () => e.setAttribute("nul", null) === e);
    say("setEmpty", () => e.setAttribute("", "x")); say("setSp", () => e.setAttribute("a b", "x")); say("setEq", () => e.setAttribute("a=b", "x")); say("setSl", () => e.setAttribute("a/b", "x")); say("setGt", () => e.setAttribute("a>b", "x")); say("setNl", () => e.setAttribute("a\nb", "x")); say("setUp", () => e.setAttribute("UP", "x") === e); say("setUni", () => e.setAttribute("ü", "é") === e);
    say("attrs2", () => [...e.attributes]);
    say("tagSet", () => { e.tagName = "span"; return e.tagName; }); say("tagEmpty", () => { e.tagName = ""; }); say("tagDigit", () => { e.tagName = "1a"; }); say("tagSp", () => { e.tagName = "a b"; }); say("tagGt", () => { e.tagName = "a>"; }); say("tagSl", () => { e.tagName = "a/"; }); say("tagUp", () => { e.tagName = "FooBar"; return e.tagName; }); say("tagNum", () => { e.tagName = 5; }); say("tagNull", () => { e.tagName = null; return e.tagName; });
   
    say("keys", () => Object.keys(e)); say("json", () => JSON.stringify(e)); say("expando", () => { e.foo = 1; return e.foo; });
  } }));
  await run("attrsMutate", `<a x=1 y=2 z=3>`, (r, say) => r.on("a", { element(e) { say("it", () => { const seen = []; for (const [k, v] of e.attributes) { seen.push(k); e.removeAttribute(k); } return seen; }); say("left", () => [...e.attributes]); } }));
  await run("attrsMutate2", `<a x=1 y=2 z=3>`, (r, say) => r.on("a", { element(e) { say("it", () => { const i = e.attributes; const s = [i.next()]; e.setAttribute("w", "4"); s.push(i.next()); return s; }); say("it2", () => { const i = e.attributes; e.setAttribute("x", "9"); return i.next(); });} }));
  await run("illegal", `<a>`, (r, say) => r.on("a", { element(e) { say("get", () => e.getAttribute.call({}, "x")); say("before", () => e.before.call(1, "x")); say("next", () => e.attributes.next.call({})); } }));
  for (const m of ["before", "after", "prepend", "append", "replace", "setInnerContent"]) {
    await run("m " + m, `<p>1<a>in</a>2</p>`, (r, say) => r.on("a", { element(e) { say("ret", () => e[m]("<i>&amp;</i>") === e); say("removed", () => e.removed); } }));
    await run("mh " + m, `<p>1<a>in</a>2</p>`, (r, say) => r.on("a", { element(e) { say("ret", () => e[m]("<i>&amp;</i>", { html: true }) === e); } }));
    await run("twice " + m, `<p>1<a>in</a>2</p>`, (r, say) => r.on("a", { element(e) { e[m]("A"); e[m]("B"); } }));
    await run("args " + m, `<p>1<a>in</a>2</p>`, (r, say) => r.on("a", { element(e) { say("0", () => e[m]()); say("num", () => e[m](1) === e); say("null", () => e[m](null) === e); say("undef", () => e[m](undefined) === e); say("obj", () => e[m]({}) === e); say("opt", () => e[m]("x", 1) === e); say("optS", () => e[m]("x", "y") === e); say("optN", () => e[m]("x", null) === e); say("optH", () => e[m]("<b>", { html: 1 }) === e); say("optH2", () => e[m]("<b>", { html: "" }) === e); say("optHn", () => e[m]("<b>", { html: null }) === e); say("optHu", () => e[m]("<b>", { html: undefined }) === e); say("sym", () => e[m](Symbol("x"))); say("lone", () => e[m]("\ud800|\u0000") === e); say("arr", () => e[m]([1,2]) === e); say("buf", () => e[m](new Uint8Array([65])) === e); say("opts", () => e[m]("<b>", []) === e); say("bool", () => e[m](true) === e); } }));
  }
  for (const m of ["remove", "removeAndKeepContent"]) await run("r " + m, `<p>1<a>in<b>x</b></a>2</p>`, (r, say) => r.on("a", { element(e) { say("ret", () => e[m]() === e); say("removed", () => e.removed); e.before("B"); e.after("A"); e.prepend("P"); e.append("Q"); } }).on("b", { element(e) { say("b", () => e.removed); }, text(t) { say("t", () => [t.text, t.removed]); } }));
  for (const m of ["before", "after", "prepend", "append", "replace", "setInnerContent", "remove", "removeAndKeepContent"]) await run("void " + m, `<p>1<br>2<img src=x />3</p>`, (r, say) => r.on("br,img", { element(e) { say(e.tagName, () => (m.startsWith("remove") ? e[m]() : e[m]("X")) === e); say("onEnd", () => e.onEndTag(() => say("end", () => 1))); } }));
  await run("text", `<a>one</a>two<b>th<!--c-->ree</b>`, (r, say) => r.on("a", { text(t) { say("own", () => own(t)); say("keys", () => Object.keys(t)); say("t", () => [t.text, t.lastInTextNode, t.removed]); say("ret", () => [t.before("B") === t, t.after("A") === t]); } }).on("b", { text(t) { say("b", () => [t.text, t.lastInTextNode, t.removed]); if (t.text === "th") say("rep", () => [t.replace("<R>", { html: true }) === t, t.removed]); if (t.text === "ree") say("rm", () => [t.remove() === t, t.removed]); } }));
  await run("textargs", `<a>one</a>`, (r, say) => r.on("a", { text(t) { for (const m of ["before", "after", "replace"]) { say(m, () => t[m]()); say(m + "2", () => t[m](null) === t); } } }));
  await run("comment", `<a><!-- hi --></a><!--2--><!-->`, (r, say) => r.on("a", { comments(c) { say("own", () => own(c)); say("keys", () => Object.keys(c)); say("t", () => [c.text, c.removed]); say("bad", () => { c.text = "a-->b"; }); say("bad2", () => { c.text = "a--!>"; return c.text; }); say("bad3", () => { c.text = ">a"; return c.text; }); say("set", () => { c.text = "new & <x>"; return c.text; }); say("num", () => { c.text = 5; return c.text; }); say("ret", () => [c.before("<B>") === c, c.after("A", { html: true }) === c]); } }).onDocument({ comments(c) { say("doc", () => [c.text, c.removed]); if (c.text === "2") say("rep", () => [c.replace("R") === c, c.removed, c.remove() === c]); } }));
  await run("doctype", `<!DOCTYPE html PUBLIC "-//W3C//DTD" "http://x">x`, (r, say) => r.onDocument({ doctype(d) { say("own", () => own(d)); say("keys", () => Object.keys(d)); say("v", () => [d.name, d.publicId, d.systemId]); } }));
  await run("doctype2", `<!doctype><!doctype HTML SYSTEM 'y'>`, (r, say) => r.onDocument({ doctype(d) { say("v", () => [d.name, d.publicId, d.systemId]); } }));
  await run("end", `x`, (r, say) => r.onDocument({ end(d) { say("own", () => own(d)); say("ret", () => d.append("<E>") === d); say("ret2", () => d.append("<F>", { html: true }) === d); say("0", () => d.append()); say("null", () => d.append(null) === d); } }));
  await run("endtag", `<a>1</a><b>2</b>`, (r, say) => r.on("a", { element(e) { say("ret", () => e.onEndTag((t) => { say("own", () => own(t)); say("keys", () => Object.keys(t)); say("name", () => t.name); say("set", () => { t.name = "zz"; return t.name; }); say("setE", () => { t.name = ""; return t.name; }); say("setSp", () => { t.name = "a b>"; return t.name; }); say("ret", () => [t.before("<B>") === t, t.after("<A>", { html: true }) === t]); say("0", () => t.before()); }) ); say("onEnd0", () => e.onEndTag()); say("onEndN", () => e.onEndTag(null)); say("onEnd1", () => e.onEndTag(1)); } }).on("b", { element(e) { e.onEndTag((t) => { say("rm", () => t.remove() === t); }); e.onEndTag(() => say("second", () => 2)); } }));
  return Response.json(f);
} };
