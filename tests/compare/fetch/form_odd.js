// Odd forms, read and written, and the Blobs and Files in them.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const form = (b, ct) => new Response(b, { headers: { "content-type": ct } }).formData();
const dump = async (f) => { const out = []; for (const [k, v] of f) out.push([k, typeof v === "string" ? v : [v.name, v.type, await v.text()]]); return out; };
const mp = (b) => b.replace(/\n/g, "\r\n");
const M = {
  basic: "--b\nContent-Disposition: form-data; name=\"a\"\n\nv\n--b--\n", nofinal: "--b\nContent-Disposition: form-data; name=\"a\"\n\nv\n--b--", notrail: "--b\nContent-Disposition: form-data; name=\"a\"\n\nv", preamble: "pre\n--b\nContent-Disposition: form-data; name=\"a\"\n\nv\n--b--", epilogue: "--b\nContent-Disposition: form-data; name=\"a\"\n\nv\n--b--\nepi", noname: "--b\nContent-Disposition: form-data\n\nv\n--b--", nocd: "--b\nX: y\n\nv\n--b--", noheaders: "--b\n\nv\n--b--", empty: "--b--", emptystr: "", onlyb: "--b\n", token: "--b\nContent-Disposition: form-data; name=a\n\nv\n--b--", single: "--b\nContent-Disposition: form-data; name='a'\n\nv\n--b--", esc: "--b\nContent-Disposition: form-data; name=\"a\\\"b\"\n\nv\n--b--", pct: "--b\nContent-Disposition: form-data; name=\"a%22b%0D%0A\"\n\nv\n--b--", utf8: "--b\nContent-Disposition: form-data; name=\"é\"\n\nü\n--b--", star: "--b\nContent-Disposition: form-data; name=\"a\"; filename*=UTF-8''x%20y\n\nv\n--b--", both: "--b\nContent-Disposition: form-data; name=\"a\"; filename=\"q\"; filename*=UTF-8''x\n\nv\n--b--", emptyfile: "--b\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\n\nv\n--b--", file: "--b\nContent-Disposition: form-data; name=\"a\"; filename=\"f.t\"\nContent-Type: x/Y; z=Q\n\nv\n--b--", filenotype: "--b\nContent-Disposition: form-data; name=\"a\"; filename=\"f.t\"\n\nv\n--b--", caps: "--b\nCONTENT-DISPOSITION: FORM-DATA; NAME=\"a\"\n\nv\n--b--", attach: "--b\nContent-Disposition: attachment; name=\"a\"\n\nv\n--b--", order: "--b\nContent-Disposition: form-data; filename=\"f\"; name=\"a\"\n\nv\n--b--", spaces: "--b\nContent-Disposition:   form-data ;  name = \"a\"\n\nv\n--b--", nospace: "--b\nContent-Disposition:form-data;name=\"a\"\n\nv\n--b--", lf: null, crlfin: "--b\nContent-Disposition: form-data; name=\"a\"\n\nv\n\nw\n\n--b--", two: "--b\nContent-Disposition: form-data; name=\"a\"\n\n1\n--b\nContent-Disposition: form-data; name=\"a\"\n\n2\n--b--", like: "--b\nContent-Disposition: form-data; name=\"a\"\n\n--bb\n--b x\n--b--", ws: "--b \nContent-Disposition: form-data; name=\"a\"\n\nv\n--b--", typed: "--b\nContent-Disposition: form-data; name=\"a\"\nContent-Type: text/plain\n\nv\n--b--", cte: "--b\nContent-Disposition: form-data; name=\"a\"\nContent-Transfer-Encoding: base64\n\ndg==\n--b--", dupname: "--b\nContent-Disposition: form-data; name=\"a\"; name=\"c\"\n\nv\n--b--", dupcd: "--b\nContent-Disposition: form-data; name=\"a\"\nContent-Disposition: form-data; name=\"c\"\n\nv\n--b--", fold: "--b\nContent-Disposition: form-data;\n name=\"a\"\n\nv\n--b--", emptyname: "--b\nContent-Disposition: form-data; name=\"\"\n\nv\n--b--", unterminated: "--b\nContent-Disposition: form-data; name=\"a\n\nv\n--b--", semis: "--b\nContent-Disposition: form-data;; name=\"a\";\n\nv\n--b--", semiin: "--b\nContent-Disposition: form-data; name=\"a;b\"\n\nv\n--b--", nocolon: "--b\nContent-Disposition form-data; name=\"a\"\n\nv\n--b--", path: "--b\nContent-Disposition: form-data; name=\"a\"; filename=\"C:\\\\x\\\\y.t\"\n\nv\n--b--", bom: "--b\nContent-Disposition: form-data; name=\"a\"\n\n\ufeffv\n--b--",
};
for (const [k, v] of Object.entries(M)) { await later("mp " + k, async () => dump(await form(v === null ? M.basic : mp(v), "multipart/form-data; boundary=b"))); await later("mplf " + k, async () => dump(await form(v === null ? M.basic : v, "multipart/form-data; boundary=b"))); }
for (const ct of ["multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"b\"", "multipart/form-data; boundary=b; charset=x", "multipart/form-data; charset=utf-8; boundary=b", "multipart/form-data;boundary=b", "Multipart/Form-Data; BOUNDARY=b", "multipart/form-data; boundary='b'", "multipart/form-data; boundary=B", "multipart/form-data ; boundary=b", "multipart/mixed; boundary=b", "multipart/form-dataX; boundary=b", "multipart/form-data, boundary=b", "multipart/form-data; boundary=b, text/plain", "text/plain", "", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "application/x-www-form-urlencoded; charset=latin1", "APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencodedX", "multipart/form-data; boundary=b;boundary=c", "multipart/form-data; boundary =b", "multipart/form-data; boundary= b"])
  await later("ct " + ct, async () => dump(await form(mp(M.basic), ct)));
for (const b of ["a=b", "a=b&a=c", "a", "=b", "&&", "a=b&", "a=%zz", "a=%C3%A9", "a=é", "a=+b+", "a%20=b", "%ff=%fe", "a=b=c", "a;b", "\ufeffa=b", ""]) await later("ue " + b, async () => dump(await form(b, "application/x-www-form-urlencoded")));
await later("no ct", () => new Response(new Uint8Array([1])).formData());
await later("null body", () => new Response(null, { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData().then(dump));
await later("null mp", () => new Response(null, { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData().then(dump));
const text = async (f) => { const r = new Response(f); const ct = r.headers.get("content-type"); const b = ct.split("boundary=")[1]; return (await r.text()).replaceAll(b, "B"); };
for (const [k, v] of Object.entries({ quote: "a\"b", nl: "a\nb", cr: "a\rb", crlf: "a\r\nb", uni: "é😀", lone: "\ud800", back: "a\\b", backend: "a\\", empty: "", nul: "a\0b", pct: "a%22", tab: "a\tb", semi: "a;b" })) {
  await later("ser name " + k, () => { const f = new FormData(); f.append(v, "v"); return text(f); });
  await later("ser value " + k, () => { const f = new FormData(); f.append("n", v); return text(f); });
  await later("ser file " + k, () => { const f = new FormData(); f.append("n", new Blob(["x"]), v); return text(f); });
  await later("ser filetype " + k, () => { const f = new FormData(); f.append("n", new File(["x"], "q", { type: v })); return text(f); });
  await later("round " + k, async () => { const f = new FormData(); f.append(v, v); f.append("f", new File(["x"], v)); return dump(await new Response(f).formData()); });
}
note("fd delete while iter", () => { const f = new FormData(); for (const n of "abcd") f.append(n, n); const out = []; for (const [k] of f) { out.push(k); f.delete(k); } return out; });
note("fd append while iter", () => { const f = new FormData(); f.append("a", "1"); const out = []; for (const [k] of f) { out.push(k); if (out.length < 4) f.append("x" + out.length, ""); } return out; });
note("fd set order", () => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); f.set("a", "4"); return [...f].join(); });
note("fd ctor form", () => new FormData({}));
note("fd ctor null", () => [...new FormData(null)].length);
note("fd append blob name", () => { const f = new FormData(); f.append("a", new Blob(["x"])); return [f.get("a").name, f.get("a") instanceof File, f.get("a").lastModified === 0]; });
note("fd append file same", () => { const f = new FormData(); const x = new File([], "n"); f.append("a", x); return f.get("a") === x; });
note("fd string filename", () => { const f = new FormData(); f.append("a", "b", "c"); return f.get("a"); });
note("fd obj", () => { const f = new FormData(); f.append("a", { toString: () => "o" }); return f.get("a"); });
note("fd sym", () => { const f = new FormData(); f.append("a", Symbol()); });
for (const [s, e] of [[0], [1, 3], [-3], [-3, -1], [3, 1], [10], [0, 100], [-100, 2], [NaN, 2], [1.9, 2.9], ["1", "3"], [null, 2], [undefined, 2], [1, null], [Infinity], [-Infinity, 3], [2 ** 32, 5], [-(2 ** 31), 5], [2 ** 31, 5], [2 ** 53, 5], [1n], [{}], [true], [""]]) { await later(`slice ${String(s)} ${String(e)} ${typeof s}`, async () => { const b = new Blob(["hello"]).slice(s, e); return [b.size, await b.text()]; }); }
for (const t of ["", "a/b", "A/B", "a/b; c=D", "\u0000", "\u0080", "é", " x ", null, undefined, 5, {}, "a\tb", "text/plain\r\n"]) { note("blob type " + String(t), () => [new Blob([], { type: t }).type, new Blob([]).slice(0, 0, t).type, new File([], "n", { type: t }).type]); }
for (const p of [undefined, null, [], [1], ["a", 5, null, undefined], "str", 5, {}, new Set(["a"]), [[1, 2]], [{}], new Uint8Array([65]), [new Uint8Array([65]), new DataView(new ArrayBuffer(2)), new ArrayBuffer(1)], { length: 1, 0: "a" }, [Symbol.iterator], [new Blob(["q"])], function* () {}, ["\ud800"], ["a\r\nb\n"]]) await later("blob parts " + (() => { try { return JSON.stringify(p) + typeof p; } catch { return "x"; } })(), async () => { const b = new Blob(p); return [b.size, await b.text()]; });
note("blob endings", () => new Blob(["a"], { endings: "native" }).size);
note("blob opts", () => [new Blob([], null).type, new Blob([], {}).type, new Blob([], () => {}).type]);
note("blob opts bad", () => new Blob([], 5));
note("blob order", () => { const log = []; new Blob([], { get type() { log.push("type"); return ""; }, get endings() { log.push("endings"); } }); new File([], "n", { get type() { log.push("t"); return ""; }, get endings() { log.push("e"); }, get lastModified() { log.push("l"); return 1; } }); return log; });
for (const lm of [0, 1, -1, 1.5, NaN, Infinity, "5", null, undefined, new Date(7), 2 ** 53, {}, 1n]) note("lastModified " + String(lm) + typeof lm, () => { const x = new File([], "n", { lastModified: lm }).lastModified; return lm === undefined ? typeof x : x; });
for (const n of ["a/b", "", 5, null, undefined, "é", "\ud800", {}]) note("file name " + String(n), () => new File([], n).name);
note("file noargs", () => new File()); note("file onearg", () => new File([]));
await later("blob text bom", () => new Blob(["\ufeffx"]).text().then((t) => [...t].map((c) => c.charCodeAt(0))));
await later("blob bad utf8", () => new Blob([new Uint8Array([0xff, 0x41])]).text());
await later("blob stream byob", async () => { const r = new Blob(["abc"]).stream().getReader({ mode: "byob" }); return (await r.read(new Uint8Array(2))).value.length; });
await later("blob bytes", async () => [...await new Blob(["ab"]).bytes()]);
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
