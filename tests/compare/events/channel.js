// MessageChannel and MessagePort.
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await f());
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const shape = (object) =>
  Reflect.ownKeys(object).filter((key) => !/cloudflare:|kResource/.test(String(key))).map((key) => {
    const d = Reflect.getOwnPropertyDescriptor(object, key);
    const kind = d.get || d.set ? `${d.get ? "g" : ""}${d.set ? "s" : ""}` : typeof d.value === "function" ? `f${d.value.length}` : typeof d.value;
    return `${String(key)}:${kind}:${d.writable ? "w" : ""}${d.enumerable ? "e" : ""}${d.configurable ? "c" : ""}`;
  }).sort();

export default {
  async fetch(request, env, ctx) {
    fact("channel", () => { const c=new MessageChannel(); return [Object.getOwnPropertyNames(c), c.port1 instanceof MessagePort, String(c.port1), c.port1===c.port1, c.port1.onmessage, "onmessageerror" in c.port1, Object.getOwnPropertyNames(c.port1)]; });
    await later("onmessage", async () => { const {port1,port2}=new MessageChannel(); const p=new Promise(r=>port2.onmessage=e=>r([e.type,e.data,e.origin,e.source,e.ports,e.target===port2,e.constructor.name,e.lastEventId])); port1.postMessage({a:[1]}); return p; });
    await later("listener", async () => { const {port1,port2}=new MessageChannel(); const l=[]; port2.addEventListener("message",e=>l.push(e.data)); port1.postMessage(1); await scheduler.wait(5); l.push("start"); port2.start(); await scheduler.wait(5); port1.postMessage(2); await scheduler.wait(5); return l; });
    await later("order", async () => { const {port1,port2}=new MessageChannel(); const l=[]; port2.onmessage=e=>l.push(e.data); port1.postMessage(1); port1.postMessage(2); l.push("sync"); queueMicrotask(()=>l.push("micro")); Promise.resolve().then(()=>l.push("p")).then(()=>l.push("p2")).then(()=>l.push("p3")); setTimeout(()=>l.push("timer"),0); await scheduler.wait(10); return l; });
    await later("close", async () => { const {port1,port2}=new MessageChannel(); const l=[]; port2.onmessage=e=>l.push(e.data); port2.addEventListener("close",e=>l.push(e.type)); port1.addEventListener("close",e=>l.push("1"+e.type)); port1.postMessage(1); port1.close(); port1.postMessage(2); await scheduler.wait(10); return l; });
    fact("post fn", () => new MessageChannel().port1.postMessage(()=>{}));
    fact("post none", () => new MessageChannel().port1.postMessage());
    await later("transfer", async () => { const {port1,port2}=new MessageChannel(); const b=new ArrayBuffer(4); const p=new Promise(r=>port2.onmessage=e=>r([e.data.byteLength,b.byteLength])); port1.postMessage(b,[b]); return p; });
    await later("transfer obj", async () => { const {port1,port2}=new MessageChannel(); const b=new ArrayBuffer(4); const p=new Promise(r=>port2.onmessage=e=>r([e.data.byteLength,b.byteLength])); port1.postMessage(b,{transfer:[b]}); return p; });
    fact("transfer port", () => { const {port1}=new MessageChannel(); const o=new MessageChannel(); port1.postMessage(o.port1,[o.port1]); });
    await later("clone time", async () => { const {port1,port2}=new MessageChannel(); const o={a:1}; const p=new Promise(r=>port2.onmessage=e=>r(e.data.a)); port1.postMessage(o); o.a=2; return p; });
    fact("onmessage set", () => { const {port1}=new MessageChannel(); port1.onmessage=5; return port1.onmessage; });
    return Response.json(facts);
  },
};
