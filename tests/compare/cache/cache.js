// The Cache API: its looks, what it refuses, and what comes back.
// What is kept is some JavaScript's business beside workerd, so nothing here depends on how long.
const told = async (f) => {
  try {
    const value = await f();
    return value === undefined ? "undefined" : value;
  } catch (error) {
    return `${error.constructor.name} ${error.name}: ${error.message}`;
  }
};
const atStart = {};
caches.open("c").then((cache) => {
  atStart.open = typeof cache;
  return cache.match("http://example.com/").catch((error) => (atStart.match = error.message));
});

const looks = (holder, name) => {
  const property = Object.getOwnPropertyDescriptor(holder, name);
  if (property === undefined) return "none";
  const { value, get, set, writable, enumerable, configurable } = property;
  return `${typeof value} ${typeof get} ${typeof set} ${writable} ${enumerable} ${configurable} ${value?.length}`;
};
const shape = (c) => Object.fromEntries(Object.getOwnPropertyNames(c.prototype).map((name) => [name, looks(c.prototype, name)]));
const show = async (response) =>
  response === undefined
    ? "undefined"
    : {
        status: response.status,
        url: response.url,
        redirected: response.redirected,
        headers: [...response.headers].filter(([name]) => name !== "transfer-encoding"),
        hasBody: response.body !== null,
        body: await response.text(),
        type: response.type,
      };

const KEY = "http://example.com/a";
const post = (url) => new Request(url, { method: "POST", body: "x" });

export default {
  async fetch() {
    const cache = await caches.open("c");
    const put = (key, response) => told(() => cache.put(key, response));
    const match = (key, options) => told(async () => show(await cache.match(key, options)));
    const again = async (path, response) => {
      const key = `http://example.com/${path}`;
      return [await put(key, response), await match(key)];
    };
    const out = { atStart, cache: shape(Cache), storage: shape(CacheStorage) };
    out.global = ["caches", "Cache", "CacheStorage"].map((name) => [looks(globalThis, name), looks(Object.getPrototypeOf(globalThis), name)]);
    out.tags = [`${cache}`, `${caches}`, cache === (await caches.open("c")), cache instanceof Cache, caches instanceof CacheStorage];
    out.made = [await told(() => new Cache()), await told(() => new CacheStorage())];
    for (const method of ["add", "addAll", "matchAll", "keys", "match", "put", "delete"]) {
      out[method] = [await told(() => cache[method]()), await told(() => cache[method].call({}, KEY))];
    }
    for (const method of ["add", "addAll", "matchAll", "keys"]) out[method].push(await told(() => cache[method](KEY)));
    for (const method of ["has", "delete", "keys", "match", "open"]) out[`storage ${method}`] = await told(() => caches[method]());
    out.names = [
      await told(async () => typeof (await caches.open("x".repeat(1023)))),
      await told(async () => typeof (await caches.open("x".repeat(1024)))),
      await told(async () => typeof (await caches.open("é".repeat(600)))),
      await told(async () => typeof (await caches.open(""))),
      await told(async () => typeof (await caches.open(5))),
    ];

    out.put = await put(KEY, new Response("x", { headers: { "cache-control": "max-age=60" } }));
    out.match = await match(KEY);
    out.immutable = await told(async () => (await cache.match(KEY)).headers.set("a", "b"));
    out.missing = await match("http://example.com/missing");
    out.refused = [
      await put(post(KEY), new Response("x")),
      await put(new Request(KEY, { method: "HEAD" }), new Response("x")),
      await put(KEY, new Response("x", { status: 206 })),
      await put(KEY, new Response("x", { headers: { vary: "*" } })),
      await put(KEY, new Response("x", { headers: { vary: "accept, *" } })),
      await put(post(KEY), new Response("x", { status: 206, headers: { vary: "*" } })),
      await put("nope", new Response("x")),
      await put("/x", new Response("x")),
      await put(KEY),
      await put(KEY, "x"),
      await put(KEY, {}),
      await put(KEY, null),
      await put(KEY, Response.error()),
      await put(KEY, new Response(null, { status: 101, webSocket: new WebSocketPair()[0] })),
    ];
    const used = new Response("x");
    await used.text();
    const locked = new Response("x");
    locked.body.getReader();
    out.bodies = [await put(KEY, used), await put(KEY, locked)];
    const taken = new Response("x");
    await put(KEY, taken);
    const spared = new Response("x", { status: 206 });
    await put(KEY, spared);
    out.taken = [taken.bodyUsed, spared.bodyUsed];
    out.keys = [
      await match(post(KEY)),
      await match(new Request(KEY, { method: "HEAD" })),
      await match(post(KEY), { ignoreMethod: true }),
      await match(new URL(KEY)),
      await match(new Request(KEY, { headers: { "cache-control": "no-cache", x: "y" } })),
      await match("nope"),
      await match(5),
    ];
    out.options = [
      await match("http://example.com/missing", 5),
      await match("http://example.com/missing", "x"),
      await match("http://example.com/missing", null),
      await match("http://example.com/missing", { ignoreSearch: true }),
      await match("http://example.com/missing", { ignoreVary: true }),
      await told(() => cache.delete(KEY, 5)),
    ];
    out.deleted = [
      await told(() => cache.delete(post(KEY))),
      await told(() => cache.delete(post(KEY), { ignoreMethod: true })),
      await told(() => cache.delete(KEY)),
      await match(KEY),
      await told(() => cache.delete("nope")),
    ];
    out.nothing = await again("nothing", new Response(null));
    out.sized = await again("sized", new Response(new Response("abc").body, { headers: { x: "1" } }));
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    writer.write(new TextEncoder().encode("abc"));
    writer.close();
    out.streamed = await again("streamed", new Response(readable));
    const broken = new ReadableStream({ pull: (controller) => controller.error(new RangeError("why")) });
    out.broken = await again("broken", new Response(broken));
    const large = new Uint8Array(300_000).fill(97);
    await cache.put("http://example.com/large", new Response(new Response(large).body));
    out.large = (await (await cache.match("http://example.com/large")).arrayBuffer()).byteLength;
    out.status = await again("gone", new Response("gone", { status: 404, headers: { "cache-control": "max-age=9" } }));
    const twice = await cache.match("http://example.com/gone");
    out.clone = await again("clone", twice.clone());
    return Response.json(out);
  },
};
