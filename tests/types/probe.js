// Asked for a list of types (`TYPES`, put before this text), answers with the names of all that exists here:
// `Blob`, `Blob.size`, `Response::json` (a static), `cloudflare:workers.env`.
// flags: nodejs_compat
import { connect } from "cloudflare:sockets";
const MODULES = {
  "cloudflare:durable-objects": () => import("cloudflare:durable-objects"),
  "cloudflare:email": () => import("cloudflare:email"),
  "cloudflare:node": () => import("cloudflare:node"),
  "cloudflare:pipelines": () => import("cloudflare:pipelines"),
  "cloudflare:sockets": () => import("cloudflare:sockets"),
  "cloudflare:workers": () => import("cloudflare:workers"),
  "cloudflare:workflows": () => import("cloudflare:workflows"),
};
const events = {};
addEventListener("unhandledrejection", (event) => {
  events.rejection = event;
  event.preventDefault();
});
const tokens = {};
async function tokensOf() {
  const take = (name) => (token) => { tokens[name] ??= membersOf(token); };
  const rewriter = new HTMLRewriter()
    .on("p", {
      element(element) {
        take("Element")(element);
        element.onEndTag(take("EndTag"));
      },
      text: take("Text"),
      comments: take("Comment"),
    })
    .onDocument({ doctype: take("Doctype"), end: take("DocumentEnd") });
  await rewriter.transform(new Response("<!doctype html><p>a<!-- b --></p>")).text();
}
// Tokens are dead after their handler: what they have is noted in it.
function membersOf(object) {
  const names = new Set();
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) for (const key of Reflect.ownKeys(at)) names.add(key);
  return names;
}
// Objects of types that are no globals, or that have properties of their own.
const samples = (request, env, context) => ({
  KVNamespace: () => env.KV,
  Socket: () => connect("127.0.0.1:0"),
  RateLimit: () => env.RATE,
  Request: () => request,
  Response: () => new Response(""),
  Body: () => new Response(""),
  ExecutionContext: () => context,
  Console: () => console,
  ServiceWorkerGlobalScope: () => globalThis,
  WorkerGlobalScope: () => globalThis,
  Scheduler: () => scheduler,
  Navigator: () => navigator,
  Performance: () => performance,
  Immediate: () => setImmediate(() => {}),
  MessageChannel: () => new MessageChannel(),
  MessagePort: () => new MessageChannel().port1,
  Event: () => new Event("x"),
  CustomEvent: () => new CustomEvent("x"),
  ErrorEvent: () => new ErrorEvent("x"),
  AbortController: () => new AbortController(),
  AbortSignal: () => new AbortController().signal,
  DigestStream: () => new crypto.DigestStream("SHA-256"),
  FixedLengthStream: () => new FixedLengthStream(1),
  IdentityTransformStream: () => new IdentityTransformStream(),
  CompressionStream: () => new CompressionStream("gzip"),
  DecompressionStream: () => new DecompressionStream("gzip"),
  TextEncoderStream: () => new TextEncoderStream(),
  TextDecoderStream: () => new TextDecoderStream(),
  WebSocketPair: () => new WebSocketPair(),
  WebSocket: () => new WebSocketPair()[0],
  Cache: () => caches.default,
  CacheStorage: () => caches,
  Crypto: () => crypto,
  SubtleCrypto: () => crypto.subtle,
  Cloudflare: () => Cloudflare,
  CloseEvent: () => new CloseEvent("x"),
  CryptoKey: () => crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt"]),
  DOMException: () => new DOMException("x"),
  MessageEvent: () => new MessageEvent("x"),
  PromiseRejectionEvent: () => events.rejection,
  FetchEvent: () => undefined,
  Tracing: () => import("cloudflare:workers").then((it) => it.tracing),
  URL: () => new URL("http://x/"),
});
const symbol = (name) => (name.startsWith("[Symbol.") ? Symbol[name.slice(8, -1)] : name);
const attempt = (work) => {
  try {
    return work();
  } catch {
    return undefined;
  }
};
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
const has = (object, name) => isObject(object) && attempt(() => symbol(name) in object) === true;
export default {
  async fetch(request, env, context) {
    await attempt(tokensOf);
    Promise.reject(1);
    await scheduler.wait(1);
    const made = samples(request, env, context);
    const found = [];
    for (const { name, kind, members, statics } of TYPES) {
      if (kind === "module") {
        const module = await MODULES[name]?.().catch(() => undefined);
        if (module === undefined) continue;
        found.push(name);
        for (const member of members) if (member in module) found.push(`${name}.${member}`);
        continue;
      }
      const value = kind === "interface" ? undefined : attempt(() => (name === "DigestStream" ? crypto.DigestStream : globalThis[name]));
      const sample = await attempt(() => made[name]?.());
      const token = tokens[name];
      if (!isObject(value) && value === undefined && sample === undefined && token === undefined) continue;
      found.push(name);
      if (kind === "namespace") {
        for (const member of members) if (has(value, member)) found.push(`${name}.${member}`);
        continue;
      }
      for (const member of members) if (has(value?.prototype, member) || has(sample, member) || token?.has(symbol(member))) found.push(`${name}.${member}`);
      for (const member of statics) if (has(value, member)) found.push(`${name}::${member}`);
    }
    return new Response(found.join("\n"));
  },
};
