// FormData
const facts = {};
const wait = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const shown = (v) =>
  v === undefined ? "undefined" : v instanceof Error ? `${v}` : ArrayBuffer.isView(v) ? [v.constructor.name, v.byteLength, String(new Uint8Array(v.buffer, v.byteOffset, v.byteLength))].join(" ")
  : typeof v === "bigint" ? `${v}n` : Array.isArray(v) ? v.map(shown) : typeof v === "object" && v !== null && Object.getPrototypeOf(v) === Object.prototype
  ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, shown(w)])) : typeof v === "object" && v !== null ? Object.prototype.toString.call(v) : typeof v === "function" ? `function ${v.name}` : v;
const state = (promise) => Promise.race([promise.then((v) => ["ok", shown(v)], (e) => ["error", shown(e)]), wait(2).then(() => "pending")]);
const t = async (name, f) => {
  try {
    facts[name] = await Promise.race([Promise.resolve(f()).then(shown), wait(60).then(() => "hangs")]);
  } catch (e) {
    facts[name] = `throws ${shown(e)}`;
  }
};
const raw = (f) => {
  try {
    return shown(f());
  } catch (e) {
    return `throws ${shown(e)}`;
  }
};
const u8 = (...bytes) => new Uint8Array(bytes);
const enc = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

export default {
  async fetch() {
    const mp = (body, type = 'multipart/form-data; boundary=B') => new Response(body, { headers: { "content-type": type } }).formData();
    const list = async (fd) => { const l = []; for (const [k, v] of await fd) l.push([k, typeof v === "string" ? v : ["file", v.name, v.type, await v.text(), String(v)]]); return l; };
    await t("basics", async () => { const f = new FormData(); f.append("a", "1"); f.append("a", "2"); f.set("b", "3"); f.append("c", 4); const l = [f.get("a"), f.getAll("a"), f.has("a"), f.has("z"), f.get("z"), f.getAll("z"), f.get("c")]; f.set("a", "9"); l.push(await list(f)); f.delete("a"); l.push(await list(f), [...f.keys()], [...f.values()]); return l; });
    await t("set order", async () => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); f.set("a", "x"); return list(f); });
    await t("coerced", async () => { const f = new FormData(); f.append(1, null); f.append(null, undefined); f.append("o", {}); f.append("t", true); return list(f); });
    await t("blob values", async () => { const f = new FormData(); f.append("a", new Blob(["x"], { type: "t/u" })); f.append("b", new Blob(["x"]), "name.txt"); f.append("c", new File(["y"], "f.txt", { type: "q/r" })); f.append("d", new File(["y"], "f.txt"), "other"); f.set("e", new Blob(["z"]), ""); const x = new File(["y"], "f"); f.append("g", x); return [await list(f), f.get("g") === x]; });
    for (const [n, g] of Object.entries({ append0: (f) => f.append(), append1: (f) => f.append("a"), appendName: (f) => f.append("a", "b", "c"), get0: (f) => f.get(), has0: (f) => f.has(), del0: (f) => f.delete(), set1: (f) => f.set("a"), getAll0: (f) => f.getAll(), hasVal: (f) => { f.append("a", "1"); return [f.has("a", "1"), f.has("a", "2"), (f.delete("a", "2"), f.has("a"))]; }, each0: (f) => f.forEach(), each1: (f) => f.forEach(5), ctorNum: () => new FormData(5), ctorNull: () => new FormData(null), ctorObj: () => new FormData({}), ctorUndef: () => new FormData(undefined) })) await t(n, () => g(new FormData()));
    await t("forEach", () => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); const l = []; const o = {}; f.forEach(function (v, k, p) { l.push([v, k, p === f, this === o]); }, o); return l; });
    await t("iterators", () => { const f = new FormData(); f.append("a", "1"); const i = f.entries(); return [String(i), i.next(), i.next(), String(f.keys()), String(f.values()), f[Symbol.iterator] === f.entries, i[Symbol.iterator]() === i]; });
    await t("mutate while iterating", () => { const f = new FormData(); f.append("a", "1"); f.append("b", "1"); const l = []; for (const [k] of f) { l.push(k); if (l.length < 5) f.append("n" + l.length, "x"); } return l; });
    await t("serialize", async () => { const f = new FormData(); f.append("a", "line\nbreak"); f.append('q"u\r\no', "v"); f.append("f", new File(["data"], 'n"a\nme.txt', { type: "t/u" })); f.append("g", new Blob(["d2"])); f.append("h", new File(["é"], "é.txt")); const r = new Response(f); const type = r.headers.get("content-type"); const boundary = type.split("boundary=")[1]; const text = await r.text(); return [type.replace(boundary, "B"), boundary.length > 10, text.replaceAll(boundary, "B").replaceAll(boundary.replace(/"/g, ""), "B")]; });
    await t("serialize empty", async () => { const r = new Response(new FormData()); const type = r.headers.get("content-type"); const boundary = type.split("boundary=")[1].replace(/"/g, ""); return [type.replace(boundary, "B"), (await r.text()).replaceAll(boundary, "B")]; });
    await t("boundary shape", async () => { const type = new Response(new FormData()).headers.get("content-type"); return [type.replace(/[0-9a-f]{2,}/g, (m) => `<${m.length} hex>`), new Response(new FormData()).headers.get("content-type") !== type]; });
    await t("round", async () => { const f = new FormData(); f.append("a", "1"); f.append("é", "ü"); f.append("f", new File(["data"], "n.txt", { type: "t/u" })); return list(await new Response(f).formData()); });
    await t("round quotes", async () => { const f = new FormData(); f.append('a"b', "1"); f.append("x", new File(["d"], 'q"r.txt')); return list(await new Response(f).formData()); });
    const P = (head, body) => `--B\r\n${head}\r\n\r\n${body}\r\n`;
    const END = "--B--\r\n";
    const D = "Content-Disposition: form-data; ";
    for (const [n, body] of Object.entries({
      one: P(D + 'name="a"', "1") + END, two: P(D + 'name="a"', "1") + P(D + 'name="a"', "2") + END, unquoted: P(D + "name=a", "1") + END,
      file: P(D + 'name="f"; filename="x.txt"\r\nContent-Type: text/plain', "data") + END, fileNoType: P(D + 'name="f"; filename="x.txt"', "data") + END, fileEmptyName: P(D + 'name="f"; filename=""', "data") + END, fileStar: P(D + "name=f; filename*=UTF-8''%c3%a9.txt", "data") + END, typeNoFile: P(D + 'name="f"\r\nContent-Type: text/plain', "data") + END,
      preamble: "junk\r\n" + P(D + 'name="a"', "1") + END, epilogue: P(D + 'name="a"', "1") + END + "junk", noEnd: P(D + 'name="a"', "1"), noFinalCrlf: P(D + 'name="a"', "1") + "--B--", lf: `--B\n${D}name="a"\n\n1\n--B--\n`, empty: "", onlyEnd: END, noName: P("Content-Disposition: form-data", "1") + END, noDisposition: P("X: y", "1") + END, noHead: "--B\r\n\r\n1\r\n" + END, attachment: P('Content-Disposition: attachment; name="a"', "1") + END, caseHead: P('CONTENT-disposition: FORM-DATA; NAME="a"', "1") + END, emptyValue: P(D + 'name="a"', "") + END, crlfValue: P(D + 'name="a"', "x\r\ny\r\n") + END, boundaryInside: P(D + 'name="a"', "x--B y") + END, escaped: P(D + 'name="a\\"b"', "1") + END, percent: P(D + 'name="a%22b"', "1") + END, utf8: P(D + 'name="é"', "ü") + END, spaces: P('Content-Disposition:form-data;name="a";  filename="f"', "1") + END, garbage: "garbage", trailingSpaceBoundary: `--B  \r\n${D}name="a"\r\n\r\n1\r\n--B--\r\n`, noBlank: `--B\r\n${D}name="a"\r\n` + END,
    })) await t(`multipart ${n}`, () => list(mp(body)));
    await t("binary file", async () => { const head = enc(P(D + 'name="f"; filename="x"', "").slice(0, -2)); const x = new Uint8Array(head.length + 4); x.set(head); x.set([0xff, 0, 13, 10], head.length); const end = enc("\r\n" + END); const all = new Uint8Array(x.length + end.length); all.set(x); all.set(end, x.length); const f = (await mp(all)).get("f"); return await f.bytes(); });
    for (const [n, type] of Object.entries({ quoted: 'multipart/form-data; boundary="B"', upper: "Multipart/Form-Data; Boundary=B", noBoundary: "multipart/form-data", emptyBoundary: "multipart/form-data; boundary=", charset: "multipart/form-data; charset=utf-8; boundary=B", after: "multipart/form-data; boundary=B; charset=utf-8", noSpace: "multipart/form-data;boundary=B", mixed: "multipart/mixed; boundary=B", text: "text/plain", json: "application/json", bad: "x" })) await t(`type ${n}`, () => list(mp(P(D + 'name="a"', "1") + END, type)));
    await t("type none", () => list(new Response(u8(97)).formData()));
    for (const [n, body] of Object.entries({ plain: "a=1&b=2&a=3", plus: "a+b=c+d", percent: "%C3%A9=%zz&%", empty: "", bare: "a&b=&=c&&d=e=f", utf8: "é=ü", bad: "a=%ff" })) await t(`urlencoded ${n}`, () => list(mp(body, "application/x-www-form-urlencoded")));
    await t("urlencoded charset", () => list(mp("a=1", "application/x-www-form-urlencoded; charset=UTF-8")));
    await t("used", async () => { const r = new Response("a=1", { headers: { "content-type": "application/x-www-form-urlencoded" } }); await r.formData(); return state(r.formData()); });
    await t("null body", () => state(new Response(null, { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData()));
    return Response.json(facts);
  },
};
