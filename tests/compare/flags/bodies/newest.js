const attempt = async (f) => {
  try {
    const value = await f();
    return value === undefined ? "undefined" : value;
  } catch (e) {
    return `${e?.constructor?.name} ${e?.name}: ${e?.message}`;
  }
};
const chunks = (more) => Object.assign({ *[Symbol.iterator]() { yield new Uint8Array([65]); } }, more);
const keys = (value) => Object.keys(value);
const resizable = () => new ArrayBuffer(8, { maxByteLength: 16 });
const MODULES = ["node:dgram", "node:inspector", "node:inspector/promises", "node:repl", "node:sqlite", "node:_stream_wrap", "node:buffer", "fs", "node:fs/promises", "cluster", "console", "domain", "http2", "os", "punycode", "trace_events", "vm", "wasi", "zlib", "child_process", "tty"];
const later = await attempt(() => [typeof import.meta.url, import.meta.url, import.meta.main, import.meta.filename, import.meta.dirname, typeof import.meta.resolve, keys(import.meta), Object.getPrototypeOf(import.meta) === null]);

export default {
  async fetch(request) {
    const facts = { meta: later };
    facts.resolved = await Promise.all(["./x", "y", "node:fs", "http://a/", "../z"].map((name) => attempt(() => import.meta.resolve?.(name))));
    facts.unresolved = await attempt(() => import.meta.resolve());
    facts.imported = await Promise.all(["nope", "./nope.js", "node:nope", "cloudflare:nope", "worker.js", "./worker.js"].map((name) => attempt(async () => keys(await import(name)))));
    const bodies = {
      array: ["a"], bytes: [new Uint8Array([65])], chunks: chunks(), toString: chunks({ toString: () => "text" }), toPrimitive: chunks({ [Symbol.toPrimitive]: () => "primitive" }),
      valueOf: chunks({ valueOf: () => "value" }), boxed: new String("boxed"), set: new Set([new Uint8Array([66])]), both: { ...chunks(), async *[Symbol.asyncIterator]() { yield new Uint8Array([67]); }, toString: () => "text" },
      nothing: Object.assign(Object.create(null), chunks()), function: Object.assign(() => 1, chunks()), notIterable: { [Symbol.iterator]: 5 }, noText: chunks({ toString: null }),
    };
    facts.bodies = {};
    for (const name in bodies) facts.bodies[name] = await attempt(async () => { const response = new Response(bodies[name]); return [await response.text(), response.headers.get("content-type")]; });
    facts.blob = await Promise.all([() => new Blob([resizable()]).size, () => new Blob([new Uint8Array(resizable())]).size, () => new File([resizable()], "x").size].map(attempt));
    const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
    const secret = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
    facts.jwk = [keys(await crypto.subtle.exportKey("jwk", publicKey)), keys(await crypto.subtle.exportKey("jwk", secret))];
    const ended = async (stream, options) => { const reader = stream.getReader(options); return [keys(await reader.read(new Uint8Array(4))), keys(await reader.read(new Uint8Array(4)))]; };
    facts.read = [await ended(new Response("ab").body), await ended(new Response("ab").body, { mode: "byob" }), await ended(new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }))];
    facts.cancelled = {};
    for (const type of [undefined, "bytes"]) for (const closes of [false, true]) {
      let reason = "not told";
      const stream = new ReadableStream({ type, start(c) { c.enqueue(new Uint8Array([65])); if (closes) c.close(); }, cancel(why) { reason = why; } });
      await stream.cancel("why");
      facts.cancelled[`${type} ${closes}`] = reason;
    }
    facts.signal = [typeof request.signal, "signal" in Request.prototype];
    facts.node = {};
    for (const name of MODULES) facts.node[name] = await attempt(async () => keys(await import(name)).length);
    facts.process = [typeof process, globalThis.process?.version, globalThis.process?.versions?.node, globalThis.process && keys(process).length, await attempt(async () => keys(await import("node:process")))];
    if (typeof facts.node["node:buffer"] === "number" && typeof process.getBuiltinModule === "function") {
      const [util, crypto, tls, module] = ["node:util", "node:crypto", "node:tls", "node:module"].map((name) => process.getBuiltinModule(name));
      facts.eol = [util && typeof util.isBoolean, crypto && typeof crypto.createCipher, tls && typeof tls.createSecurePair, typeof process.assert];
      const identity = (given) => attempt(() => { new tls.TLSSocket(undefined, { checkServerIdentity: given }); return "made"; });
      if (tls) facts.tls = [await identity(() => {}), await identity(5)];
      if (module) { const require = module.createRequire("/"); facts.require = [typeof require("node:events"), keys(require("node:path")).length, typeof require("node:buffer").default, require("node:process") === process]; }
    }
    return Response.json(facts);
  },
};
