// HTMLRewriter: the class, its argument checks, selectors, and the classes of tokens.
// differs: workerd's internal symbols on prototypes; whether `HTMLRewriter.prototype` is writable.
export default { async fetch() {
  const f = {};
  const t = async (name, fn) => { try { const v = await fn(); f[name] = v === undefined ? "undefined" : v; } catch (e) { f[name] = `${e.name}: ${e.message}`; } };
  const describe = (o) => { const r = {}; for (const k of Reflect.ownKeys(o)) { if (String(k).includes("cloudflare:internal") || String(k).includes("kResource") || k === "prototype") continue; const d = Object.getOwnPropertyDescriptor(o, k); const n = String(k); r[n] = [typeof d.value, d.writable, d.enumerable, d.configurable, d.get && [d.get.name, d.get.length], d.set && [d.set.name, d.set.length], typeof d.value === "function" ? [d.value.name, d.value.length] : typeof d.value === "string" ? d.value : null]; } return r; };
  f.ctor = describe(HTMLRewriter); f.proto = describe(HTMLRewriter.prototype);
  f.globalDesc = (() => { const d = Object.getOwnPropertyDescriptor(globalThis, "HTMLRewriter"); return d && [d.writable, d.enumerable, d.configurable]; })();
  f.globals = ["Element","EndTag","Text","Comment","Doctype","DocumentEnd"].map((n) => typeof globalThis[n]);
  f.str = String(new HTMLRewriter());
  await t("call", () => HTMLRewriter());
  await t("ctorArgs", () => String(new HTMLRewriter(1,2)));
  await t("on0", () => new HTMLRewriter().on());
  await t("on1", () => String(new HTMLRewriter().on("a")));
  await t("onNull", () => String(new HTMLRewriter().on("a", null)));
  await t("onNum", () => String(new HTMLRewriter().on("a", 1)));
  await t("onStr", () => String(new HTMLRewriter().on("a", "x")));
  await t("onFn", () => String(new HTMLRewriter().on("a", () => {})));
  await t("onEmpty", () => String(new HTMLRewriter().on("a", {})));
  await t("onArr", () => String(new HTMLRewriter().on("a", [])));
  await t("onBad", () => String(new HTMLRewriter().on("a", {element: 1})));
  await t("onBadT", () => String(new HTMLRewriter().on("a", {text: "x"})));
  await t("onBadC", () => String(new HTMLRewriter().on("a", {comments: {}})));
  await t("onNullEl", () => String(new HTMLRewriter().on("a", {element: null})));
  await t("onUndefEl", () => String(new HTMLRewriter().on("a", {element: undefined})));
  await t("selNum", () => String(new HTMLRewriter().on(1, {})));
  await t("selObj", () => String(new HTMLRewriter().on({toString(){return "a"}}, {})));
  await t("selSym", () => String(new HTMLRewriter().on(Symbol("x"), {})));
  await t("selNull", () => String(new HTMLRewriter().on(null, {})));
  for (const s of ["", " ", "a >", "> a", "a + b", "a ~ b", "a:hover", "a::before", "[", "[=]", "[a", "[a=", "a:not(", "a:not(:not(b))", "a:not()", "svg|a", "*|a", ".", ".1", "#", "#1", "a,b", "a,,b", "a:nth-child(2n+1)", "a:nth-child()", "a:nth-last-child(1)", "a:last-child", "a:first-of-type", "a:nth-of-type(odd)", "a:is(b)", "a:has(b)", "a:empty", "a:root", "!", "a!", "a[b=c d]", "a[b='c' x]", "a[b=\"c\" i]", "a || b", "日本", "a\u0000", "a /* c */ b", "a:only-child","a:where(b)", ":scope", "[a|b=c]", "a:not(b c)", "a:not(b, c)", "a b > c d"])
    await t("sel " + s, () => String(new HTMLRewriter().on(s, {})));
  await t("onChain", () => { const r = new HTMLRewriter(); return r.on("a", {}) === r; });
  await t("doc0", () => String(new HTMLRewriter().onDocument()));
  await t("docNull", () => String(new HTMLRewriter().onDocument(null)));
  await t("docBad", () => String(new HTMLRewriter().onDocument({end: 1})));
  await t("docBad2", () => String(new HTMLRewriter().onDocument({doctype: 1})));
  await t("docChain", () => { const r = new HTMLRewriter(); return r.onDocument({}) === r; });
  await t("tr0", () => new HTMLRewriter().transform());
  await t("trStr", () => new HTMLRewriter().transform("x"));
  await t("trObj", () => new HTMLRewriter().transform({}));
  await t("trNull", () => new HTMLRewriter().transform(new Response(null)).body);
  await t("trNullSame", () => { const r = new Response(null, {headers:{"content-length":"5"}}); const n = new HTMLRewriter().transform(r); return [n === r, [...n.headers]]; });
  await t("trSame", () => { const r = new Response("x", {status: 201, statusText: "Hey", headers:{"content-length":"1", "x-a": "b", "content-type":"text/html"}}); const n = new HTMLRewriter().transform(r); return [n === r, [...n.headers], n.status, n.statusText, r.bodyUsed, r.body.locked, n.bodyUsed, [...r.headers]]; });
  await t("trUsed", async () => { const r = new Response("x"); await r.text(); return new HTMLRewriter().transform(r); });
  await t("trTwice", async () => { const r = new Response("x"); new HTMLRewriter().transform(r); return String(new HTMLRewriter().transform(r)); });
  await t("trLocked", async () => { const r = new Response("x"); r.body.getReader(); return String(new HTMLRewriter().transform(r)); });
  await t("trReadAfter", async () => { const r = new Response("x"); new HTMLRewriter().transform(r); return await r.text(); });
  await t("reuse", async () => { const h = new HTMLRewriter().on("a", { element(e) { e.tagName = "b"; } }); return [await h.transform(new Response("<a>1</a>")).text(), await h.transform(new Response("<a>2</a>")).text()]; });
  await t("onAfter", async () => { const h = new HTMLRewriter().on("a", { element(e) { e.tagName = "b"; } }); const r = h.transform(new Response("<a>1</a>")); h.on("a", {element(e) { e.setInnerContent("late"); }}); return await r.text(); });
  await t("illegal", () => HTMLRewriter.prototype.on.call({}, "a", {}));
  await t("illegal2", () => HTMLRewriter.prototype.transform.call({}, new Response("a")));
  await t("redirect", async () => { const n = new HTMLRewriter().transform(Response.redirect("http://a.b/")); return [n.status, [...n.headers]]; });
  await t("ctype", async () => { const n = new HTMLRewriter().transform(new Response("a")); return [[...n.headers], n.url, n.redirected, n.ok, n.type]; });
  const shapes = {};
  await t("run", () => new HTMLRewriter().on("a", { element(e) { shapes.element = [describe(Object.getPrototypeOf(e)), String(e), Object.keys(e), e.constructor.name, Object.prototype.toString.call(e)]; shapes.ctorLen = [e.constructor.length, String(e.attributes), e.attributes[Symbol.toStringTag], describe(Object.getPrototypeOf(e.attributes)), Object.getPrototypeOf(Object.getPrototypeOf(e.attributes)) === Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))]; try { new e.constructor() } catch (x) { shapes.newEl = x.message } e.onEndTag((x) => { shapes.endTag = [describe(Object.getPrototypeOf(x)), String(x)]; }); },
    text(x) { shapes.text ??= [describe(Object.getPrototypeOf(x)), String(x)]; }, comments(x) { shapes.comment = [describe(Object.getPrototypeOf(x)), String(x)]; } })
    .onDocument({ doctype(x) { shapes.doctype = [describe(Object.getPrototypeOf(x)), String(x)]; }, end(x) { shapes.end = [describe(Object.getPrototypeOf(x)), String(x)]; } }).transform(new Response("<!doctype html><a b=c>x<!--y--></a>")).text());
  f.shapes = shapes;
  return Response.json(f);
} };
