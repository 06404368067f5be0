// What `cf` and `cache` of a request may be, and which of them go together; nobody answers.
const told = async (f) => {
  try {
    const said = await f();
    return typeof said === "object" ? JSON.stringify(said) : `${said}`;
  } catch (error) {
    if (/no such operation|connection lost|^internal error/.test(error?.message)) return "sent";
    return `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
};
const circular = {};
circular.a = circular;

export default {
  async fetch() {
    const nobody = "http://127.0.0.1:1/";
    const ask = (init) => told(() => fetch(nobody, init));
    const facts = {};
    for (const mode of ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached", "", "NO-STORE", null, 5, {}, undefined]) {
      facts[`mode ${mode}`] = await told(() => {
        const request = new Request("http://x/", { cache: mode });
        return [request.cache, ...request.headers].join();
      });
    }
    for (const cacheTtl of [0, -1, -2, 5, 1.5, "5", "x", null, undefined, true, NaN, Infinity, {}]) {
      facts[`no-store ${cacheTtl}`] = await ask({ cache: "no-store", cf: { cacheTtl } });
      facts[`no-cache ${cacheTtl}`] = await ask({ cache: "no-cache", cf: { cacheTtl } });
      facts[`ttl ${cacheTtl}`] = await ask({ cf: { cacheTtl } });
    }
    const values = {
      key: { cacheKey: 5 },
      tags: { cacheTags: "a" },
      numbers: { cacheTags: [1, 2] },
      status: { cacheTtlByStatus: { x: 1 } },
      number: { cacheTtlByStatus: 5 },
      everything: { cacheEverything: "yes" },
      circular,
      method: { cacheKey() {} },
      five: 5,
      text: "x",
      null: null,
      array: [1],
      big: { x: 1n },
      symbol: Symbol("x"),
    };
    for (const [name, cf] of Object.entries(values)) {
      facts[`asked ${name}`] = await ask({ cf });
      facts[`request ${name}`] = await told(() => new Request("http://x/", { cf }).cf);
    }
    facts.ofRequest = await told(() => fetch(new Request(nobody, { cache: "no-store" }), { cf: { cacheTtl: 3 } }));
    facts.ofInit = await told(() => fetch(new Request(nobody, { cf: { cacheTtl: 3 } }), { cache: "no-store" }));
    facts.ownHeader = await ask({ cache: "no-store", headers: { "cache-control": "max-age=3" } });
    const request = new Request("http://x/", { cache: "no-store" });
    facts.clone = request.clone().cache;
    facts.copy = new Request(request).cache;
    facts.copyUndefined = new Request(request, { cache: undefined }).cache;
    facts.copyNull = await told(() => new Request(request, { cache: null }).cache);
    return Response.json(facts);
  },
};
