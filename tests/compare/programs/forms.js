// Forms and files, and halves of surrogate pairs wherever a string goes.
// head: heads/say.js
export default run(async () => {
  await t("iterate", () => { const f = new FormData(); f.append("a", "1"); f.append("b", new Blob(["x"], { type: "text/x" })); f.append("b", new Blob(["y"]), "n.txt"); f.set("c", new File(["z"], "z.bin", { type: "app/z", lastModified: 5 })); return [...f].map(([k, v]) => typeof v === "string" ? [k, v] : [k, v.constructor.name, v.name, v.type, v.size]); });
  await t("multipart round", async () => { const f = new FormData(); f.append("a\"b\r\nc", "l1\nl2\r\nl3\rl4"); f.append("f", new File(["dat"], "fi\"le.txt", { type: "text/plain" })); const r = new Response(f); const ct = r.headers.get("content-type"); const b = ct.split("boundary=")[1]; return [ct.replace(b, "B"), (await r.text()).replaceAll(b, "B")]; });
  await t("parse multipart", async () => { const body = "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nv\r\n--B\r\nContent-Disposition: form-data; name=\"u\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--B--\r\n"; const f = await new Request("http://x", { method: "POST", body, headers: { "content-type": "multipart/form-data; boundary=B" } }).formData(); const u = f.get("u"); return [f.get("x"), u.name, u.type, await u.text(), u.lastModified > 0]; });
  for (const [n, ct, body] of [["no boundary", "multipart/form-data", "x"], ["bad", "multipart/form-data; boundary=B", "garbage"], ["no end", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nv\r\n"], ["no name", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data\r\n\r\nv\r\n--B--"], ["json", "application/json", "{}"], ["url", "application/x-www-form-urlencoded", "a=1&b=%20x+y&a=2&c"], ["url charset", "application/x-www-form-urlencoded; charset=utf-8", "é=%C3%A9"], ["empty", "multipart/form-data; boundary=B", "--B--\r\n"], ["quoted", "multipart/form-data; boundary=\"B\"", "--B\r\ncontent-disposition: form-data; name=x\r\n\r\nv\r\n--B--"], ["preamble", "multipart/form-data; boundary=B", "pre\r\n--B\r\ncontent-disposition: form-data; name=\"x\"\r\n\r\nv\r\n--B--"], ["upper", "MULTIPART/FORM-DATA; Boundary=B", "--B\r\ncontent-disposition: form-data; name=\"x\"\r\n\r\nv\r\n--B--"], ["filename*", "multipart/form-data; boundary=B", "--B\r\ncontent-disposition: form-data; name=\"x\"; filename*=UTF-8''%e2%82%ac.txt\r\n\r\nv\r\n--B--"], ["utf8 name", "multipart/form-data; boundary=B", "--B\r\ncontent-disposition: form-data; name=\"é\"; filename=\"ü.txt\"\r\n\r\nv\r\n--B--"]])
    await t(n, async () => [...await new Response(body, { headers: { "content-type": ct } }).formData()].map(([k, v]) => typeof v === "string" ? [k, v] : [k, v.name, v.type]));
  await t("file fields", () => { const f = new File(["a", new Blob(["b"])], "x/y", { type: "A/B", endings: "native" }); return [f.name, f.type, f.size, typeof f.lastModified, f.webkitRelativePath]; });
  await t("delete", () => { const f = new FormData(); f.append("a", "1"); f.append("a", "2"); f.delete("a"); return [f.has("a"), f.getAll("a"), f.get("a")]; });
  await t("set order", () => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); f.set("a", "4"); return [...f.entries()]; });
  await t("foreach", () => { const f = new FormData(); f.append("a", 5); const o = []; f.forEach(function (v, k, s) { o.push(v, k, s === f, this.q); }, { q: 1 }); return o; });
  await t("append file name", () => { const f = new FormData(); f.append("a", new File(["x"], "old"), "new"); return f.get("a").name; });
  await t("append str name", () => { const f = new FormData(); f.append("a", "x", "new"); return f.get("a"); });
  await t("blob parts", async () => new Blob([1, null, undefined, {}, [1, 2], new Uint16Array([65]).buffer]).text());
  await t("blob no array", () => new Blob("x"));
  await t("blob iter", async () => new Blob(new Set(["a", "b"])).text());
  await t("urlencode body", async () => { const r = new Request("http://x", { method: "POST", body: new URLSearchParams({ a: "b c", d: "é&" }) }); return [r.headers.get("content-type"), await r.text()]; });
  await t("lone surrogates", async () => { const r = new Response("a\ud800b\udc00"); return [...new Uint8Array(await r.arrayBuffer())]; });
  await t("lone in form", async () => { const f = new FormData(); f.append("k\ud800", "v\udc00"); return [...f].flat().map((s) => [...s].map((c) => c.codePointAt(0).toString(16))); });
  await t("lone in blob", async () => new Blob(["\ud800"]).bytes());
  await t("lone in usp", () => new URLSearchParams({ a: "\ud800" }).toString());
  await t("lone in url", () => new URL("http://x/\ud800?\udc00#\ud800").href);
  await t("lone in headers", () => new Headers({ a: "\ud800" }).get("a"));
  await t("lone statusText", () => new Response("", { statusText: "\ud800" }).statusText);
  await t("lone json", () => Response.json("\ud800").text());
  await t("lone encode", () => [new TextEncoder().encode("\ud800x"), new TextEncoder().encodeInto("\ud800", new Uint8Array(5)).written]);
  await t("lone atob", () => btoa("\ud800"));
  await t("lone event", () => new Event("\ud800").type.charCodeAt(0));
  await t("lone blob type", () => [new Blob([], { type: "\ud800" }).type, new File([], "\ud800").name.charCodeAt(0)]);
  await t("lone req body", async () => [...await new Request("http://x", { method: "POST", body: "\udfff" }).bytes()]);
  await t("lone ws", async () => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); const got = new Promise((r) => b.addEventListener("message", (e) => r([...e.data].map((c) => c.codePointAt(0))))); a.send("x\ud800y"); return got; });
  await t("lone ws close", async () => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); const got = new Promise((r) => b.addEventListener("close", (e) => r([e.code, [...e.reason].map((c) => c.codePointAt(0)), e.wasClean]))); a.close(4000, "r\ud800"); return got; });
  await t("lone ws close proto", () => new CloseEvent("close", { reason: "\ud800" }).reason.charCodeAt(0));
});
