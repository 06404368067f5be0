// What Workers do with the platform, each as a fact.
const { stringify } = JSON;
const OwnPromise = Promise;
const encoder = new TextEncoder();
const checks = {
  text: () => new Request("http://x", { method: "POST", body: "hi" }).text(),
  json: async () => (await new Response('{"a":[1]}').json()).a[0],
  made: () => Response.json({ a: 1 }).text(),
  bytes: async () => (await new Response(encoder.encode("abc")).arrayBuffer()).byteLength,
  blob: async () => await new Blob(["ab", encoder.encode("cd")], { type: "x/y" }).text(),
  form: async () => {
    const form = new FormData();
    form.append("a", "b");
    return (await new Response(form).formData()).get("a");
  },
  stream: async () => {
    const reader = new ReadableStream({
      start(controller) {
        controller.enqueue("a");
        controller.close();
      },
    }).getReader();
    return [(await reader.read()).value, (await reader.read()).done];
  },
  teed: async () => {
    const [a, b] = new Response("tee").body.tee();
    return (await new Response(a).text()) + (await new Response(b).text());
  },
  digest: async () => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode("a")))[0],
  mac: async () => {
    const key = await crypto.subtle.importKey("raw", encoder.encode("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return (await crypto.subtle.sign("HMAC", key, encoder.encode("a"))).byteLength;
  },
  zipped: () =>
    new Response(
      new Response("zip").body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip")),
    ).text(),
  rewritten: () => new HTMLRewriter().on("p", { element: (it) => void it.setAttribute("a", "b") }).transform(new Response("<p>t</p>")).text(),
  fetched: async () => (await fetch("data:,hi")).text(),
  aborted: () => {
    const controller = new AbortController();
    let heard = "";
    controller.signal.onabort = () => (heard = "heard");
    controller.abort();
    return heard;
  },
  headers: () => { const h = new Headers({ a: "1", b: "2" }); h.append("set-cookie", "x"); let all = ""; h.forEach((v, k) => { all += k + v; }); return all + h.get("a") + h.getSetCookie()[0]; },
  url: () => { const u = new URL("../x?y=1#z", "http://a/b/c/d"); u.searchParams.set("y", "2"); return u.href; },
  request: () => { const r = new Request("http://x/", { method: "PUT", headers: { a: "b" }, body: "t", redirect: "manual" }); return r.clone().method + r.headers.get("a") + r.redirect; },
  redirect: () => Response.redirect("http://x/", 301).headers.get("location"),
  event: () => { const t = new EventTarget(); let n = 0; t.addEventListener("x", () => { n++; }, { once: true }); t.addEventListener("x", { handleEvent() { n += 10; } }); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return n; },
  timeout: () => new OwnPromise((ok) => { setTimeout(ok, 1, "late"); }),
  micro: () => new OwnPromise((ok) => { queueMicrotask(() => ok("m")); }),
  clone: () => { const c = structuredClone({ a: [1, { b: 2 }], d: new Date(5), m: new Map([[1, 2]]), s: new Set([3]), e: new RangeError("x"), u: new Uint8Array(2), r: /a/g }); return c.a[1].b + c.u.length + c.e.message + c.r.source; },
  signals: () => AbortSignal.any([AbortSignal.abort("why"), AbortSignal.timeout(100)]).reason,
  base64: () => atob(btoa("hello")),
  decode: () => new TextDecoder().decode(encoder.encode("é")) + new TextDecoder("utf-16le").decode(new Uint8Array([65, 0])),
  uuid: () => crypto.randomUUID().length,
  random: () => crypto.getRandomValues(new Uint8Array(4)).length,
  bodyform: async () => { const f = await new Response("a=b&c=d", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData(); return f.get("c"); },
  multipart: async () => { const f = new FormData(); f.append("f", new File(["hi"], "n.txt", { type: "text/plain" })); const g = await new Response(f).formData(); return g.get("f").name + await g.get("f").text(); },
  identity: async () => { const { readable, writable } = new IdentityTransformStream(); const w = writable.getWriter(); w.write(encoder.encode("id")); w.close(); return await new Response(readable).text(); },
  log: () => { console.log("x", { a: [1, new Map([[1, 2]])] }, [1], /x/, new Error("e")); return "logged"; },
  intl: () => new Intl.NumberFormat("en").format(1234.5) + new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format(0) + (1234.5).toLocaleString(),
  is_promise: () => new Response("x").text() instanceof OwnPromise,
};
