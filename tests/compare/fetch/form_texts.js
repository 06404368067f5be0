// Forms as they are read and written, blobs and files, and the types that bodies give to blobs.
// head: ../streams/heads/facts.js
export default {
  async fetch() {
    const form = async (text, type) => { const f = await new Response(text, type === undefined ? undefined : { headers: { "content-type": type } }).formData(); const l = []; for (const [k, v] of f) l.push(typeof v === "string" ? [k, v] : [k, v.name, v.type, v.size, await v.text(), v.constructor.name]); return l; };
    const M = "multipart/form-data; boundary=X";
    const part = (h, b) => `--X\r\n${h}\r\n\r\n${b}\r\n`;
    const cases = {
      simple: [part('Content-Disposition: form-data; name="a"', "1") + "--X--"],
      crlfEnd: [part('Content-Disposition: form-data; name="a"', "1") + "--X--\r\n"],
      preamble: ["pre\r\n" + part('Content-Disposition: form-data; name="a"', "1") + "--X--epilogue"],
      lf: ['--X\nContent-Disposition: form-data; name="a"\n\n1\n--X--'],
      noEnd: [part('Content-Disposition: form-data; name="a"', "1")],
      noEnd2: ['--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'],
      empty: [""],
      onlyEnd: ["--X--"], onlyEndCrlf: ["--X--\r\n"], onlyStart: ["--X\r\n"],
      file: [part('Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain', "body") + "--X--"],
      fileNoType: [part('Content-Disposition: form-data; name="f"; filename="x.txt"', "body") + "--X--"],
      fileEmptyName: [part('Content-Disposition: form-data; name="f"; filename=""\r\nContent-Type: application/octet-stream', "") + "--X--"],
      fileUtf8: [part('Content-Disposition: form-data; name="f\u00e9"; filename="\u00e9.txt"', "body") + "--X--"],
      fileStar: [part("Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''x%20y.txt", "body") + "--X--"],
      escQuote: [part('Content-Disposition: form-data; name="a\\"b"', "1") + "--X--"],
      pctQuote: [part('Content-Disposition: form-data; name="a%22b%0D%0Ac%41"', "1") + "--X--"],
      unquoted: [part("Content-Disposition: form-data; name=a; filename=b.txt", "1") + "--X--"],
      single: [part("Content-Disposition: form-data; name='a'", "1") + "--X--"],
      upper: [part('CONTENT-DISPOSITION: FORM-DATA; NAME="a"', "1") + "--X--"],
      noName: [part("Content-Disposition: form-data", "1") + "--X--"],
      noDisp: [part("X-Y: z", "1") + "--X--"],
      noHead: ["--X\r\n\r\n1\r\n--X--"],
      attach: [part('Content-Disposition: attachment; name="a"', "1") + "--X--"],
      extra: [part('X-Y: z\r\nContent-Disposition: form-data; name="a"; foo=bar\r\nContent-Transfer-Encoding: base64', "MQ==") + "--X--"],
      charset: [part('Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=iso-8859-1', "\u00e9") + "--X--"],
      spaces: [part('Content-Disposition:form-data;name="a" ; filename="q"', "1") + "--X--"],
      two: [part('Content-Disposition: form-data; name="a"', "1") + part('Content-Disposition: form-data; name="a"', "2") + "--X--"],
      inner: [part('Content-Disposition: form-data; name="a"', "x--Xy\r\n--Xz") + "--X--"],
      innerLine: [part('Content-Disposition: form-data; name="a"', "x\r\n\r\ny\r\n") + "--X--"],
      trailWs: ['--X  \r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X  --'],
      dash: ["--X--\r\n" + part('Content-Disposition: form-data; name="a"', "1") + "--X--"],
      nul: [part('Content-Disposition: form-data; name="a"', "1\0\u00012") + "--X--"],
      bom: [part('Content-Disposition: form-data; name="a"', "\ufeff1") + "--X--"],
    };
    for (const [n, [text]] of Object.entries(cases)) await t("mp " + n, () => form(text, M));
    const ok = part('Content-Disposition: form-data; name="a"', "1") + "--X--";
    for (const type of ["multipart/form-data", "multipart/form-data;boundary=X", 'multipart/form-data; boundary="X"', "MULTIPART/FORM-DATA; BOUNDARY=X", "multipart/form-data; boundary=", "multipart/form-data; boundary=Y", "multipart/form-data; boundary=X; charset=utf-8", "multipart/form-data; charset=utf-8; boundary=X", "multipart/mixed; boundary=X", "text/plain", "", "application/json", undefined, "multipart/form-data; boundary=X,", " multipart/form-data ; boundary=X ", "multipart/form-data; boundary='X'", "application/x-www-form-urlencoded", "x; boundary=X"]) await t("type " + type, () => form(ok, type));
    for (const [text, type] of [["a=1&b=2", "application/x-www-form-urlencoded"], ["a=1&a=2&=x&b&&c=%41+%zz%C3%A9%ff", "application/x-www-form-urlencoded; charset=utf-8"], ["a=1", "application/x-www-form-urlencoded;charset=iso-8859-1"], ["?a=1", "Application/X-WWW-Form-Urlencoded"], ["", "application/x-www-form-urlencoded"], ["a=\u00e9", "application/x-www-form-urlencoded; charset=UTF-8"], ["\ufeffa=1", "application/x-www-form-urlencoded"], ["a=1", "application/x-www-form-urlencodedx"], ["a=1", "application/x-www-form-urlencoded, text/plain"]]) await t(`ue ${text} ${type}`, () => form(text, type));
    const serial = async (f) => { const r = new Response(f); const b = /boundary=(.*)$/.exec(r.headers.get("content-type"))[1]; return [r.headers.get("content-type").replace(b, "B"), b.length, (await r.text()).replaceAll(b, "B")]; };
    const fd = (...list) => { const f = new FormData(); for (const l of list) f.append(...l); return f; };
    await t("ser empty", () => serial(fd()));
    await t("ser strings", () => serial(fd(["a", "1"], ["b", "x\ny"], ["c", "x\r\ny\rz"], ["", ""], ["d\"e", "q\"r"], ["n\nl", "v"], ["c\rr", "v"], ["\u00e9", "\u20ac"], ["\ud800", "\udc00"])));
    await t("ser files", () => serial(fd(["a", new Blob(["x"])], ["b", new Blob(["y"], { type: "text/x" })], ["c", new File(["z"], "n\"a\nm\re.txt", { type: "T/Y; a=b" })], ["d", new Blob([]), "given"], ["e", new File(["q"], "")])));
    for (const args of [[], ["a"], ["a", "b"], ["a", new Blob(["x"])], ["a", new Blob(["x"]), "n"], ["a", "b", "c"], ["a", {}], ["a", null], ["a", undefined], ["a", 5, undefined], ["a", new File(["x"], "f.txt", { type: "t/y", lastModified: 5 })], ["a", new File(["x"], "f.txt", { type: "t/y", lastModified: 5 }), "g"], ["a", new Blob(["x"], { type: "p/q" }), undefined], [Symbol("s"), "x"], ["a", new ArrayBuffer(2)], ["a", [1, 2]]]) await t(`append ${args.length} ${args.map((x) => (typeof x === "object" ? Object.prototype.toString.call(x) : String(x)))}`, () => { const f = new FormData(); const r = f.append(...args); const v = f.get("a"); return [r, typeof v === "object" && v !== null ? [v.name, v.type, v.size, v.constructor.name, v.lastModified === 5 ? 5 : v.lastModified === 0 ? 0 : v.lastModified > 1e12 ? "now" : "other", v === args[1]] : v]; });
    for (const arg of [undefined, null, {}, "x", 5, new FormData(), { nodeName: "FORM" }]) await t(`new FormData ${arg === undefined ? "undefined" : JSON.stringify(arg)}`, () => [...new FormData(arg)]);
    await t("new FormData two", () => [...new FormData(undefined, undefined)]);
    await t("fd proto", () => Object.getOwnPropertyNames(FormData.prototype));
    await t("fd iter", () => { const f = fd(["a", "1"], ["b", "2"]); const l = []; for (const [k, v] of f) { l.push([k, v]); if (k === "a") f.append("c", "3"); if (k === "b") f.delete("a"); } return [l, [...f.keys()], [...f.values()], Object.prototype.toString.call(f.entries())]; });
    await t("fd forEach", () => { const f = fd(["a", "1"], ["b", "2"]); const l = []; f.forEach(function (v, k, o) { l.push([v, k, o === f, this === undefined ? "u" : typeof this]); if (k === "a") f.append("z", "9"); }); return l; });
    await t("fd used", async () => { const r = new Response(fd(["a", "1"])); await r.formData(); return [r.bodyUsed, await state(r.text())]; });
    await t("fd clone", async () => { const r = new Response(fd(["a", "1"])); return [[...(await r.clone().formData())], [...(await r.formData())]]; });
    await t("fd override type", async () => state(new Response(fd(["a", "1"]), { headers: { "content-type": "multipart/form-data" } }).formData().then((x) => [...x])));
    // Blob
    await t("blob props", () => { const b = new Blob(["ab", u8(99), new Uint16Array([1]), new Blob(["z"]), 5, null, undefined, { toString: () => "obj" }, "\r\n"], { type: "Text/PLAIN; Charset=UTF-8" }); return [b.size, b.type, Object.prototype.toString.call(b), Object.getOwnPropertyNames(Blob.prototype), Object.getOwnPropertyNames(File.prototype)]; });
    for (const type of ["", "text/plain", "TEXT/html", "a", "a/b;c=D", "\u00e9", "a\nb", " a/b ", null, undefined, 5, {}, "a/b\t", "\x7f"]) await t(`blob type ${type === undefined ? "undefined" : JSON.stringify(type)}`, () => new Blob([], { type }).type);
    for (const [n, a] of Object.entries({ none: [], undef: [undefined], null: [null], str: ["x"], num: [5], obj: [{}], iter: [new Set(["a", "b"])], view: [u8(1, 2)], arr: [["a"], null], opt: [["a"], 5], optS: [["a"], "x"], end: [["a\nb"], { endings: "native" }], end2: [["a"], { endings: "transparent" }], end3: [["a"], { endings: "x" }], nested: [[["a", "b"]]] })) await t("new Blob " + n, async () => { const b = new Blob(...a); return [b.size, b.type, await b.text()]; });
    for (const a of [[], [1], [-2], [0, 2], [1, -1], [5], [2, 1], [NaN, "3"], [undefined, 2], [null, null], [0, 3, "x/Y"], [1.9, 2.9], [-Infinity, Infinity], [0, 3, "\u00e9"]]) await t(`slice ${a.map(String)}`, async () => { const s = new Blob(["abcd"], { type: "p/q" }).slice(...a); return [s.size, s.type, await s.text(), s.constructor.name]; });
    await t("blob methods", async () => { const b = new Blob(["h\u00e9\ud800"], { type: "a/b" }); return [await b.text(), await b.arrayBuffer(), await b.bytes(), (await new Response(b.stream()).text()), b.stream() === b.stream()]; });
    for (const [n, a] of Object.entries({ none: [], one: [["a"]], two: [["a"], "n"], num: [["a"], 5], sl: [["a"], "a/b:c"], emp: [[], ""], opt: [["a"], "n", { type: "X/Y", lastModified: 7 }], lmD: [["a"], "n", { lastModified: new Date(9) }], lmN: [["a"], "n", { lastModified: NaN }], lmU: [["a"], "n", { lastModified: undefined }], lmS: [["a"], "n", { lastModified: "12" }], lmNeg: [["a"], "n", { lastModified: -1 }], lmF: [["a"], "n", { lastModified: 1.9 }], undef: [undefined, "n"], surr: [["a"], "\ud800"] })) await t("new File " + n, async () => { const f = new File(...a); return [f.size, f.type, f.name, f.lastModified > 1e12 ? "now" : f.lastModified, f instanceof Blob, Object.prototype.toString.call(f)]; });
    await t("response of blob", async () => { const r = new Response(new Blob(["x"], { type: "a/b" })); const s = new Response(new Blob(["x"])); const u = new Response(new File(["x"], "n", { type: "q/r" })); return [[...r.headers], [...s.headers], [...u.headers]]; });
    for (const ct of ["text/plain", "TEXT/PLAIN;CHARSET=UTF-8", "a/b; c=\"d e\"", "a/b; c=", "nonsense", "", "a/b;;c=d", "text/html, text/plain", "a/b; c=d; c=e", "a/b; C=D", " x/y ", "x/y;a=b;", "text/plain;charset=gbk, text/html", "\u00e9/b"]) await t("blob() type " + ct, async () => (await new Response("x", { headers: { "content-type": ct } }).blob()).type);
    await t("blob() no type", async () => [(await new Response("x").blob()).type, (await new Response(u8(1)).blob()).type, (await new Response(null).blob()).type, (await new Response(null).blob()).size]);
    return Response.json(facts);
  },
};
