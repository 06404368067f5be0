// flags: nodejs_compat
// A Worker that replaces what is on the platform's own classes, one member after the other: the platform goes on without it.
// head: heads/platform_uses.js
const facts = {};
const groups =
  "Response Request Headers FormData Blob File ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamDefaultController ReadableByteStreamController ReadableStreamBYOBRequest WritableStream WritableStreamDefaultWriter WritableStreamDefaultController TransformStream TransformStreamDefaultController URL URLSearchParams URLPattern AbortController AbortSignal Event EventTarget TextEncoder TextDecoder TextEncoderStream TextDecoderStream CompressionStream DecompressionStream IdentityTransformStream FixedLengthStream HTMLRewriter WebSocket WebSocketPair MessageChannel MessagePort MessageEvent Crypto SubtleCrypto CryptoKey Cache CacheStorage DOMException ByteLengthQueuingStrategy CountQueuingStrategy EventSource CloseEvent CustomEvent ErrorEvent".split(" ");
export default {
  async fetch() {
    const base = (facts.base = {});
    for (const [name, check] of entries(checks)) base[name] = await run(check);
    for (const group of groups) {
      const Class = globalThis[group];
      for (const [where, holder] of [["static", Class], ["proto", Class.prototype]]) {
        for (const key of Reflect.ownKeys(holder)) {
          const own = getOwnPropertyDescriptor(holder, key);
          const isName = typeof key === "string" || key === Symbol.iterator || key === Symbol.asyncIterator;
          if (!isName || !own.configurable || ["prototype", "constructor", "length", "name"].includes(key)) continue;
          const never = () => {
            throw new Error("was called");
          };
          const other = "value" in own ? { ...own, value: never } : { ...own, get: never, set: own.set && never };
          const seen = {};
          for (const [name, check] of entries(checks)) {
            defineProperty(holder, key, other);
            let result;
            try {
              result = await run(check);
            } finally {
              defineProperty(holder, key, own);
            }
            if (result !== base[name]) seen[name] = result;
          }
          if (Object.keys(seen).length > 0) facts[`${group} ${where} ${String(key)}`] = seen;
        }
      }
    }
    return new R(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
