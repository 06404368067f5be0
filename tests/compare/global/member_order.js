// In which order prototypes and classes of the platform name their members.
const facts = {};
const LANGUAGE = /^(Object|Function|Array|String|Number|Boolean|Symbol|Date|RegExp|Error|\w+Error|Map|Set|Weak|Promise|Proxy|BigInt|\w*Array|ArrayBuffer|DataView|Intl|Iterator|Atomics|FinalizationRegistry|DisposableStack|AsyncDisposableStack|SharedArrayBuffer|ServiceWorkerGlobalScope)/;
export default {
  fetch() {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      const type = globalThis[name];
      if (typeof type !== "function" || !type.prototype || LANGUAGE.test(name)) continue;
      facts[name] = [Object.getOwnPropertyNames(type.prototype).join(" "), Object.getOwnPropertyNames(type).join(" ")];
    }
    for (const it of [new Headers().keys(), new Headers().entries(), new URLSearchParams().values(), new FormData().entries(), new ReadableStream().values()]) {
      const proto = Object.getPrototypeOf(it);
      facts[proto.constructor.name] = Object.getOwnPropertyNames(proto).join(" ");
    }
    return Response.json(facts);
  },
};
