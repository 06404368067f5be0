// A Worker that replaces what is on the language's prototypes: the platform goes on with the language's own.
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
  byob: async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([1, 2])); c.close(); } }); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(4)); return x.value.length; },
  identity: async () => { const { readable, writable } = new IdentityTransformStream(); const w = writable.getWriter(); w.write(encoder.encode("id")); w.close(); return await new Response(readable).text(); },
  textstreams: async () => { const r = new ReadableStream({ start(c) { c.enqueue("tx"); c.close(); } }).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream()).getReader(); return (await r.read()).value; },
  log: () => { console.log("x", { a: [1, new Map([[1, 2]])] }, [1], /x/, new Error("e")); return "logged"; },
  intl: () => new Intl.NumberFormat("en").format(1234.5) + new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format(0) + (1234.5).toLocaleString(),
  is_promise: () => new Response("x").text() instanceof OwnPromise,
};
const names = [];
for (const name in checks) names.push(name);
const plain = (it) => (typeof it !== "object" ? `${it}` : it[0] + "," + it[1]);
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

const METHODS = {
  Array: "push pop shift unshift slice splice concat map filter forEach find findIndex some every reduce includes indexOf join sort reverse at fill flat keys entries",
  String: "slice substring indexOf includes startsWith endsWith toLowerCase toUpperCase trim split replace replaceAll charCodeAt codePointAt concat padStart padEnd match",
  Promise: "catch finally",
  Map: "get has delete entries forEach keys values size",
  Set: "has delete forEach values size",
  WeakMap: "get set has delete",
  WeakSet: "add has delete",
  WeakRef: "deref",
  Function: "call apply bind toString",
  RegExp: "test toString flags global sticky unicode",
  Object: "hasOwnProperty isPrototypeOf propertyIsEnumerable toString valueOf toLocaleString",
  ArrayBuffer: "slice transfer resize detached",
  DataView: "getUint8 setUint8 buffer byteLength",
  Date: "getTime valueOf toISOString toUTCString",
  Number: "toString toFixed valueOf",
  Error: "toString",
};
const holders = [];
for (const name in METHODS) holders.push([name, globalThis[name].prototype, METHODS[name].split(" ")]);
holders.push(["TypedArray", getPrototypeOf(Uint8Array.prototype), "set subarray slice fill buffer byteOffset values".split(" ")]);
holders.push(["MapIterator", getPrototypeOf(new Map().keys()), ["next"]]);
holders.push(["SetIterator", getPrototypeOf(new Set().keys()), ["next"]]);
holders.push(["Iterator", getPrototypeOf(getPrototypeOf([].keys())), [Symbol.iterator]]);
holders.push(["RegExp", RegExp.prototype, [Symbol.replace, Symbol.split, Symbol.match]]);
holders.push(["Map", Map.prototype, [Symbol.iterator]], ["Set", Set.prototype, [Symbol.iterator]]);

const never = (what) =>
  function () {
    throw new Error(`called ${what}`);
  };

export default {
  async fetch() {
    const facts = { untouched: {} };
    for (let i = 0; i < names.length; i++) facts.untouched[names[i]] = plain(await checks[names[i]]());
    for (let h = 0; h < holders.length; h++) {
      const [name, holder, keys] = holders[h];
      for (let k = 0; k < keys.length; k++) {
        const own = getOwnPropertyDescriptor(holder, keys[k]);
        const what = name + "." + (typeof keys[k] === "string" ? keys[k] : keys[k].description);
        const changed = { __proto__: null, configurable: true };
        if (own.get) changed.get = never(what);
        else changed.value = never(what);
        const seen = {};
        for (let i = 0; i < names.length; i++) {
          let got;
          defineProperty(holder, keys[k], changed);
          try {
            got = plain(await checks[names[i]]());
          } catch (error) {
            got = error.message;
          } finally {
            defineProperty(holder, keys[k], own);
          }
          if (got !== facts.untouched[names[i]]) seen[names[i]] = got;
        }
        facts[what] = seen;
      }
    }
    return new Response(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
