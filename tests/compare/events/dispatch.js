// How events are dispatched, handlers set as on…, what events hold.
// differs: CE desc: fields are writable here
// differs: FetchEvent: order of a prototype's own keys
// differs: ME desc: fields are writable here
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
    fact("pd", () => { const e=new Event("c"); e.preventDefault(); return [e.defaultPrevented,e.returnValue,e.cancelable]; });
    fact("pd in", () => { const u=new EventTarget(); const e=new Event("c"); let r; u.addEventListener("c",ev=>{ev.preventDefault(); r=[ev.defaultPrevented]}); return [u.dispatchEvent(e),r,e.defaultPrevented]; });
    fact("rv set", () => { const e=new Event("c",{cancelable:true}); try { e.returnValue=false } catch(x) { return "throws" } return [e.defaultPrevented,e.returnValue]; });
    fact("on this", () => { const u=new EventTarget(); let r; u.onfoo=function(e){ r=[this===u,this===undefined,this===globalThis] }; u.dispatchEvent(new Event("foo")); return r; });
    fact("on order", () => { const u=new EventTarget(); let r=[]; u.addEventListener("foo",()=>r.push("l")); u.onfoo=()=>r.push("on"); u.dispatchEvent(new Event("foo")); return r; });
    fact("on proto", () => { class X extends EventTarget { onfoo(){ this.r=1; r.push("m") } } let r=[]; try { new X().dispatchEvent(new Event("foo")); } catch(e) { r.push(e.constructor.name) } return r; });
    fact("dom proto", () => [shape(DOMException).filter((it) => !it.startsWith("prototype:")), shape(DOMException.prototype)]);
    fact("global on", () => { let r=[]; globalThis.onfoo=()=>r.push("on"); dispatchEvent(new Event("foo")); delete globalThis.onfoo; return r; });
    fact("phase", () => { const u=new EventTarget(); const e=new Event("c"); const r=[]; u.addEventListener("c",ev=>r.push(ev.eventPhase)); u.dispatchEvent(e); return [r,e.eventPhase]; });
    fact("stopImm reuse", () => { const u=new EventTarget(); const e=new Event("c"); const r=[]; u.addEventListener("c",ev=>{r.push(1);ev.stopImmediatePropagation()}); u.addEventListener("c",ev=>r.push(2)); u.dispatchEvent(e); u.dispatchEvent(e); return [r, e.cancelBubble]; });
    fact("stop", () => { const u=new EventTarget(); const e=new Event("c"); const r=[]; u.addEventListener("c",ev=>{r.push(1);ev.stopPropagation()}); u.addEventListener("c",ev=>r.push(2)); u.dispatchEvent(e); return [r, e.cancelBubble]; });
    fact("remove opts", () => { const u=new EventTarget(); const f=()=>{}; u.removeEventListener("c",f,true) });
    fact("remove opts2", () => { const u=new EventTarget(); const f=()=>{}; u.removeEventListener("c",f,{capture:true}) });
    fact("remove undefined", () => new EventTarget().removeEventListener("c"));
    fact("remove num", () => new EventTarget().removeEventListener("c", 5));
    fact("type conv", () => { const u=new EventTarget(); let r=0; u.addEventListener(5,()=>r++); u.dispatchEvent(new Event("5")); return r; });
    fact("type null", () => { const u=new EventTarget(); let r=0; u.addEventListener(null,()=>r++); u.dispatchEvent(new Event("null")); return r; });
    fact("type undef", () => { const u=new EventTarget(); let r=0; u.addEventListener(undefined,()=>r++); u.dispatchEvent(new Event("undefined")); return r; });
    fact("type sym", () => new EventTarget().addEventListener(Symbol("x"),()=>{}));
    fact("handleEvent late", () => { const u=new EventTarget(); const o={handleEvent(){r.push(1)}}; const r=[]; u.addEventListener("c",o); o.handleEvent=()=>r.push(2); u.dispatchEvent(new Event("c")); return r; });
    fact("handleEvent this", () => { const u=new EventTarget(); let r; const o={handleEvent(){r=[this===o,this===u]}}; u.addEventListener("c",o); u.dispatchEvent(new Event("c")); return r; });
    fact("dup once", () => { const u=new EventTarget(); const r=[]; const f=()=>r.push(1); u.addEventListener("c",f,{once:true}); u.addEventListener("c",f); u.dispatchEvent(new Event("c")); u.dispatchEvent(new Event("c")); return r; });
    fact("CustomEvent init", () => new CustomEvent("x", 5));
    fact("MessageEvent init", () => new MessageEvent("x", 5));
    fact("CloseEvent init", () => new CloseEvent("x", 5));
    fact("ErrorEvent init", () => new ErrorEvent("x", 5));
    fact("CloseEvent code", () => [new CloseEvent("x",{code:70000}).code, new CloseEvent("x",{code:-1}).code, new CloseEvent("x",{code:1.7}).code]);
    fact("init getter order", () => { const l=[]; new Event("x",{get bubbles(){l.push("b")},get cancelable(){l.push("c")},get composed(){l.push("co")}}); return l; });
    fact("ctrl signal set", () => { const c=new AbortController(); try { c.signal=5 } catch(e) { return "throws" } });
    fact("unlisted", ()=> [typeof onmessage, "onfetch" in globalThis, "onerror" in globalThis]);
    fact("DOMException sets", () => { const e=new DOMException("a","b"); try { e.message="z" } catch(x) { return "throws "+e.message } return e.message });
    fact("DOMException extends", () => { class D extends DOMException { constructor(){super("m","AbortError")} } const e=new D; return [e.name,e.code,e instanceof D, e.constructor.name, String(e)] });
    fact("DOMException inst", () => [Object.getPrototypeOf(DOMException.prototype)===Error.prototype, Object.getPrototypeOf(DOMException)===Function.prototype, DOMException.length, JSON.stringify(new DOMException("q","AbortError")).slice(0,50)]);
    return Response.json(facts);
  },
};
