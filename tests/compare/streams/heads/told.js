const facts = {};
const E = new Error("e1"), E2 = new Error("e2");
const told = (v) => {
  if (v instanceof Error || v instanceof DOMException) return `${v.name}: ${v.message}`;
  if (v instanceof Uint8Array) return `[${v}] of ${v.buffer.byteLength}`;
  if (Array.isArray(v)) return v.map(told);
  if (typeof v === "object" && v !== null && Object.getPrototypeOf(v) === Object.prototype) return JSON.stringify(v);
  return String(v);
};
const tick = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
// What becomes of promises, in which order.
const heard = (log, promises) => {
  for (const [name, promise] of Object.entries(promises)) {
    promise.then((v) => log.push(`${name} + ${told(v)}`), (e) => log.push(`${name} - ${told(e)}`));
  }
};
const spied = (log, o) => new Proxy(o, { get: (target, key) => (log.push(String(key)), target[key]) });
const fact = async (name, f) => {
  const log = [];
  try {
    const value = await f(log);
    await tick();
    facts[name] = told(value === undefined ? log : [value, log]);
  } catch (e) {
    facts[name] = [`throws ${told(e)}`, told(log)];
  }
};
