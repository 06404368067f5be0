// What is looked at of a listener and its options, whoever listens; functions of the global scope called on something else.
// date: 2026-04-01
const facts = {};
const told = (v) => (v instanceof Error ? `${v.name}: ${v.message}` : Array.isArray(v) ? v.map(told) : String(v));
const fact = (name, f) => { try { facts[name] = told(f()); } catch (e) { facts[name] = `throws ${told(e)}`; } };
const spied = (log, o) => new Proxy(o, { get: (target, key) => (log.push(String(key)), target[key]) });

export default {
  fetch() {
    for (const [who, callback] of [["null", null], ["undefined", undefined], ["a function", () => {}], ["an object", {}], ["5", 5], ["text", "x"]]) {
      for (const method of ["addEventListener", "removeEventListener"]) {
        const call = (...rest) => new EventTarget()[method]("x", callback, ...rest);
        fact(`${method} ${who}, fields`, () => { const log = []; call(spied(log, { once: 1 })); return log; });
        fact(`${method} ${who}, signal null`, () => call({ signal: null }));
        fact(`${method} ${who}, capture and signal null`, () => call({ capture: true, signal: null }));
        for (const options of [{ capture: true }, true, 1, "s", null]) fact(`${method} ${who}, ${JSON.stringify(options)}`, () => call(options));
        fact(`${method} ${who}, a symbol`, () => new EventTarget()[method](Symbol(), callback));
      }
    }
    for (const name of ["setTimeout", "setInterval", "queueMicrotask", "structuredClone", "atob", "btoa", "clearTimeout", "clearInterval", "dispatchEvent"]) {
      for (const [who, receiver] of [["null", null], ["undefined", undefined], ["the scope", globalThis], ["{}", {}], ["1", 1], ["what inherits from it", Object.create(globalThis)]]) {
        fact(`${name} on ${who}`, () => globalThis[name].call(receiver, "aaaa") && "done");
      }
    }
    fact("fetch on null", () => { const p = fetch.call(null, "data:,x"); return p instanceof Promise; });
    for (const url of ["mailto:a@b", "about:blank", "foo:x", "foo://x", "file:///x", "ftp://x", "data:,x", "ws:x", "ws:/x", "javascript:1", "WS://x/#f"]) fact(`new WebSocket ${url}`, () => new WebSocket(url));
    for (const label of ["\0utf-8", "utf-8\0", "a\0b", "é", "x".repeat(300)]) fact(`label ${label}`, () => new TextDecoder(label));
    fact("a pattern's third", () => new URLPattern("/foo", { ignoreCase: true }, "https://x"));
    fact("a pattern's second null", () => new URLPattern("https://x/a", null).pathname);
    return Response.json(facts);
  },
};
