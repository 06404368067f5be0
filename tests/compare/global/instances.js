// flags: nodejs_compat
// A Worker that says of the platform's classes what is an object of theirs: the platform asks its own objects.
// head: heads/platform_uses.js
const facts = {};
const groups =
  "Response Request Headers FormData Blob File ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamDefaultController ReadableByteStreamController ReadableStreamBYOBRequest WritableStream WritableStreamDefaultWriter WritableStreamDefaultController TransformStream TransformStreamDefaultController URL URLSearchParams URLPattern AbortController AbortSignal Event EventTarget TextEncoder TextDecoder TextEncoderStream TextDecoderStream CompressionStream DecompressionStream IdentityTransformStream FixedLengthStream HTMLRewriter WebSocket WebSocketPair MessageChannel MessagePort MessageEvent Crypto SubtleCrypto CryptoKey Cache CacheStorage DOMException ByteLengthQueuingStrategy CountQueuingStrategy EventSource CloseEvent CustomEvent ErrorEvent".split(" ");
const answers = {
  no: () => false,
  yes: () => true,
  throws() {
    throw new Error("asked");
  },
};
delete checks.instances;
export default {
  async fetch() {
    const base = {};
    for (const [name, check] of entries(checks)) base[name] = await run(check);
    for (const group of groups) {
      for (const [what, value] of entries(answers)) {
        const seen = {};
        for (const [name, check] of entries(checks)) {
          defineProperty(globalThis[group], Symbol.hasInstance, { value, configurable: true });
          let result;
          try {
            result = await run(check);
          } finally {
            delete globalThis[group][Symbol.hasInstance];
          }
          if (result !== base[name]) seen[name] = result;
        }
        facts[`${group} ${what}`] = seen;
      }
    }
    return new R(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
