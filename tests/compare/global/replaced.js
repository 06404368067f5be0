// A Worker that replaces globals, and what is on them: the platform goes on with the language's own.
const { stringify } = JSON;
const OwnPromise = Promise;
const encoder = new TextEncoder();
const facts = {};
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
  iterated: async () => {
    let all = "";
    for await (const part of ReadableStream.from(["p", "q"])) all += part;
    return all;
  },
  teed: async () => {
    const [a, b] = new Response("tee").body.tee();
    return (await new Response(a).text()) + (await new Response(b).text());
  },
  piped: async () => {
    let all = "";
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue("1");
        controller.close();
      },
    });
    const twice = new TransformStream({ transform: (part, controller) => controller.enqueue(part + part) });
    await source.pipeThrough(twice).pipeTo(new WritableStream({ write: (part) => void (all += part) }));
    return all;
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
  is_promise: () => new Response("x").text() instanceof OwnPromise,
};

const never = (name) =>
  function () {
    throw new Error(`${name} was called`);
  };
const replacements = {
  Promise: () => void (globalThis.Promise = never("Promise")),
  "what is on Promise": () => {
    for (const name of ["resolve", "reject", "all", "race", "withResolvers"]) Promise[name] = never(name);
  },
  Object: () => void (globalThis.Object = never("Object")),
  "what is on Object": () => {
    for (const name of ["keys", "entries", "assign", "defineProperty", "getPrototypeOf", "hasOwn"]) Object[name] = never(name);
  },
  "what is on Reflect": () => {
    for (const name of ["apply", "construct", "ownKeys", "get"]) Reflect[name] = never(name);
  },
  "what is on JSON": () => void (JSON.parse = JSON.stringify = never("JSON")),
  "Array, ArrayBuffer and what is on them": () => {
    Array.isArray = ArrayBuffer.isView = never("is");
    globalThis.Array = globalThis.ArrayBuffer = never("Array");
  },
  "Map, Set, WeakMap": () => void (globalThis.Map = globalThis.Set = globalThis.WeakMap = never("Map")),
  errors: () => void (globalThis.TypeError = globalThis.RangeError = never("TypeError")),
  "Symbol, String, Date": () => void (globalThis.Symbol = globalThis.String = globalThis.Date = never("Symbol")),
};

// What has to be put back for the facts of the others, name by name.
const { getOwnPropertyDescriptors, defineProperties, entries } = Object;
const kept = [Promise, Object, Reflect, JSON, Array, ArrayBuffer].map((it) => [it, getOwnPropertyDescriptors(it)]);
const restore = () => {
  for (const [holder, members] of kept) defineProperties(holder, members);
  for (const name of NAMES) globalThis[name] = OWN[name];
};
const NAMES = ["Promise", "Object", "Array", "ArrayBuffer", "Map", "Set", "WeakMap", "TypeError", "RangeError", "Symbol", "String", "Date"];
const OWN = {};
for (const name of NAMES) OWN[name] = globalThis[name];

export default {
  async fetch() {
    for (const [what, replace] of entries(replacements)) {
      const seen = {};
      for (const [name, check] of entries(checks)) {
        replace();
        try {
          seen[name] = await check();
        } catch (error) {
          seen[name] = `throws ${error.message}`;
        } finally {
          restore();
        }
      }
      facts[what] = seen;
    }
    return new Response(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
