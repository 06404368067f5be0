// Event and EventTarget: arguments, order, options, errors.
// differs: Event set type: the engine's words
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
    const order = [];
    const t = new EventTarget();
    fact("add undefined", () => t.addEventListener());
    fact("add one", () => t.addEventListener("a"));
    fact("add null", () => t.addEventListener("a", null));
    fact("add number", () => t.addEventListener("a", 5));
    fact("add string", () => t.addEventListener("a", "x"));
    fact("add obj no handle", () => t.addEventListener("o", {}));
    fact("dispatch obj no handle", () => t.dispatchEvent(new Event("o")));
    fact("remove none", () => t.removeEventListener());
    fact("remove null", () => t.removeEventListener("a", null));
    fact("dispatch none", () => t.dispatchEvent());
    fact("dispatch object", () => t.dispatchEvent({}));
    fact("order", () => { const f=(e)=>order.push("f"+e.eventPhase+(e.target===t)+(e.currentTarget===t)); t.addEventListener("x", f); t.addEventListener("x", f); t.addEventListener("x", {handleEvent(e){order.push("h"+(this.handleEvent!==undefined))}}); t.addEventListener("x", function(e){order.push("this"+(this===t))},{once:true}); const r=[t.dispatchEvent(new Event("x")),t.dispatchEvent(new Event("x"))]; return [r,order]; });
    fact("cancel", () => { const u=new EventTarget(); u.addEventListener("c",e=>e.preventDefault()); const e=new Event("c",{cancelable:true}); const r=u.dispatchEvent(e); return [r,e.defaultPrevented,e.returnValue,u.dispatchEvent(new Event("c")), e.currentTarget===null, e.target===u, e.eventPhase]; });
    fact("passive", () => { const u=new EventTarget(); u.addEventListener("c",e=>e.preventDefault(),{passive:true}); const e=new Event("c",{cancelable:true}); return [u.dispatchEvent(e),e.defaultPrevented]; });
    fact("capture opts", () => { const u=new EventTarget(); const l=[]; const f=()=>l.push(1); u.addEventListener("c",f,true); u.dispatchEvent(new Event("c")); u.removeEventListener("c",f); u.dispatchEvent(new Event("c")); return l; });
    fact("capture obj", () => { const u=new EventTarget(); u.addEventListener("c",()=>{}, {capture:true}); });
    fact("capture false", () => { const u=new EventTarget(); u.addEventListener("c",()=>{}, {capture:false, passive:false}); u.addEventListener("c",()=>{}, 5); u.addEventListener("c",()=>{}, null);u.addEventListener("c",()=>{}, false); });
    fact("add str opt", () => new EventTarget().addEventListener("c",()=>{}, "x"));
    fact("stop immediate", () => { const u=new EventTarget(); const l=[]; u.addEventListener("c",e=>{l.push(1);e.stopImmediatePropagation()}); u.addEventListener("c",()=>l.push(2)); u.dispatchEvent(new Event("c")); return l; });
    fact("listener throws", () => { const u=new EventTarget(); const l=[]; u.addEventListener("c",e=>{throw new Error("t")}); u.addEventListener("c",()=>l.push(2)); return [u.dispatchEvent(new Event("c")), l]; });
    fact("listener throws order", () => { const u=new EventTarget(); const l=[]; u.addEventListener("c",e=>{l.push(1);throw new Error("t")}); u.addEventListener("c",()=>l.push(2)); try { u.dispatchEvent(new Event("c")) } catch(e) { l.push(e.message) } return l; });
    fact("handler ret", () => { const u=new EventTarget(); u.addEventListener("c",e=>false); u.addEventListener("c",async e=>5); return u.dispatchEvent(new Event("c",{cancelable:true})); });
    fact("redispatch", () => { const u=new EventTarget(); const e=new Event("c"); let r; u.addEventListener("c",ev=>{ try{ u.dispatchEvent(ev)}catch(x){ r=String(x)+x.name} }); u.dispatchEvent(e); return [r, u.dispatchEvent(e)]; });
    fact("add during", () => { const u=new EventTarget(); const l=[]; u.addEventListener("c",()=>{l.push(1);u.addEventListener("c",()=>l.push(2))},{once:true}); u.dispatchEvent(new Event("c")); u.dispatchEvent(new Event("c")); return l; });
    fact("remove during", () => { const u=new EventTarget(); const l=[]; const g=()=>l.push("g"); u.addEventListener("c",()=>{l.push(1);u.removeEventListener("c",g)}); u.addEventListener("c",g); u.dispatchEvent(new Event("c")); return l; });
    fact("signal opt", () => { const u=new EventTarget(); const l=[]; const c=new AbortController(); u.addEventListener("c",()=>l.push(1),{signal:c.signal}); u.dispatchEvent(new Event("c")); c.abort(); u.dispatchEvent(new Event("c")); u.addEventListener("c",()=>l.push(3),{signal:AbortSignal.abort()}); u.dispatchEvent(new Event("c")); return l; });
    fact("signal bad", () => new EventTarget().addEventListener("c",()=>{},{signal:5}));
    fact("signal null", () => new EventTarget().addEventListener("c",()=>{},{signal:null}));
    fact("event props", () => { const e=new Event("q",{bubbles:true,composed:1,cancelable:"x"}); return [e.type,e.bubbles,e.composed,e.cancelable,e.target===undefined,e.currentTarget,e.srcElement,e.eventPhase,e.isTrusted,e.timeStamp,e.cancelBubble,e.composedPath(),e.returnValue, String(e)]; });
    fact("event cancelBubble", () => { const e=new Event("q"); e.cancelBubble=true; const a=e.cancelBubble; e.cancelBubble=false; return [a,e.cancelBubble]; });
    fact("stopProp", () => { const e=new Event("q"); e.stopPropagation(); return e.cancelBubble; });
    fact("Event num", () => new Event(5).type);
    fact("Event null", () => new Event(null).type);
    fact("Event undefined", () => new Event(undefined).type);
    fact("Event opt null", () => new Event("x", null).type);
    fact("Event opt num", () => new Event("x", 5).type);
    fact("composedPath", () => { const u=new EventTarget(); let p; u.addEventListener("c",e=>{p=e.composedPath()}); const e=new Event("c"); u.dispatchEvent(e); return [p.length,p[0]===u,e.composedPath().length]; });
    fact("CustomEvent", () => [new CustomEvent("x").detail, new CustomEvent("x",{detail:5}).detail, new CustomEvent("x",{detail:null,bubbles:true}).bubbles, Object.getOwnPropertyNames(new CustomEvent("x"))]);
    fact("MessageEvent", () => { const e=new MessageEvent("m",{data:5,origin:"o",lastEventId:"id"}); return [Object.getOwnPropertyNames(e),e.data,e.origin,e.lastEventId,e.source,e.ports]; });
    fact("MessageEvent def", () => { const e=new MessageEvent("m"); return [e.data,e.origin,e.lastEventId,e.source,e.ports]; });
    fact("CloseEvent", () => { const e=new CloseEvent("m",{code:5,reason:"o",wasClean:1}); return [Object.getOwnPropertyNames(e),e.code,e.reason,e.wasClean]; });
    fact("CloseEvent def", () => { const e=new CloseEvent("m"); return [e.code,e.reason,e.wasClean]; });
    fact("ErrorEvent", () => { const e=new ErrorEvent("m",{message:5,filename:"o",lineno:1,colno:2,error:3}); return [e.message,e.filename,e.lineno,e.colno,e.error]; });
    fact("ErrorEvent def", () => { const e=new ErrorEvent("m"); return [e.message,e.filename,e.lineno,e.colno,e.error]; });
    fact("event own", () => Object.getOwnPropertyNames(new Event("x")));
    fact("brand get", () => Object.getOwnPropertyDescriptor(Event.prototype,"type").get.call({}));
    fact("brand method", () => Event.prototype.preventDefault.call({}));
    fact("brand target", () => EventTarget.prototype.addEventListener.call({}, "a", ()=>{}));
    fact("fn names", () => [Object.getOwnPropertyDescriptor(Event.prototype,"type").get.name, Object.getOwnPropertyDescriptor(Event.prototype,"type").get.length, Event.prototype.preventDefault.name]);
    fact("subclass", () => { class E extends Event { constructor(){super("z")} get q(){return 1} } const e=new E; return [e.type,e.q,e instanceof Event,String(e)]; });
    fact("subclass target", () => { class E extends EventTarget { } const e=new E; let r=0; e.addEventListener("a",()=>r++); e.dispatchEvent(new Event("a")); return r; });
    fact("global listener", () => { let r=0; const f=(e)=>r=[e.target===self,e.target===globalThis]; addEventListener("zz",f); self.dispatchEvent(new Event("zz")); removeEventListener("zz",f); return r; });
    fact("consts", () => [Event.NONE,Event.CAPTURING_PHASE,Event.AT_TARGET,Event.BUBBLING_PHASE,new Event("x").AT_TARGET]);
    fact("getter return true", () => { const e = new Event("q",{cancelable:true}); e.preventDefault(); return [e.defaultPrevented, e.returnValue]});
    fact("json", ()=> JSON.stringify(new Event("x")));
    fact("keys in", ()=> { const k=[]; for (const x in new Event("x")) k.push(x); return k; });
    return Response.json(facts);
  },
};
