// AbortController, AbortSignal and scheduler.wait().
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
    const c = new AbortController();
    fact("initial", () => [c.signal.aborted, c.signal.reason, c.signal.onabort, c.signal === c.signal, c.signal instanceof EventTarget]);
    fact("abort", () => { const l=[]; c.signal.onabort=function(e){l.push("on",e.type,this===c.signal,e.target===c.signal,e.isTrusted,String(e))}; c.signal.addEventListener("abort",e=>l.push("l",e instanceof Event,e.bubbles,e.cancelable)); const r=c.abort(); c.abort("again"); return [r,l,c.signal.aborted, String(c.signal.reason), c.signal.reason.name, c.signal.reason.code, c.signal.reason.message, c.signal.reason instanceof DOMException]; });
    fact("throwIf", () => c.signal.throwIfAborted());
    fact("throwIf not", () => new AbortController().signal.throwIfAborted());
    fact("reason", () => { const d=new AbortController(); d.abort(5); return d.signal.reason; });
    fact("reason undefined", () => { const d=new AbortController(); d.abort(undefined); return d.signal.reason.name; });
    fact("reason null", () => { const d=new AbortController(); d.abort(null); return d.signal.reason; });
    fact("static abort", () => [AbortSignal.abort().aborted, AbortSignal.abort().reason.message, AbortSignal.abort("x").reason, AbortSignal.abort() instanceof AbortSignal]);
    fact("timeout none", () => AbortSignal.timeout());
    fact("timeout neg", () => AbortSignal.timeout(-1));
    fact("timeout str", () => AbortSignal.timeout("abc").aborted);
    fact("timeout inf", () => AbortSignal.timeout(Infinity).aborted);
    await later("timeout", async () => { const s=AbortSignal.timeout(10); const a=s.aborted; await new Promise(r=>s.addEventListener("abort",r)); return [a,s.aborted,s.reason.name,s.reason.message,s.reason.code]; });
    await later("timeout0", async () => { const s=AbortSignal.timeout(0); await scheduler.wait(5); return [s.aborted]; });
    fact("any empty", () => AbortSignal.any([]).aborted);
    fact("any none", () => AbortSignal.any());
    fact("any bad", () => AbortSignal.any([5]));
    fact("any notiter", () => AbortSignal.any(5));
    fact("any set", () => AbortSignal.any(new Set([AbortSignal.abort(1)])).reason);
    fact("any", () => { const a=new AbortController(), b=new AbortController(); const s=AbortSignal.any([a.signal,b.signal]); const l=[]; s.onabort=()=>l.push(1); b.abort("bb"); a.abort("aa"); return [s.aborted,s.reason,l]; });
    fact("any already", () => { const s=AbortSignal.any([new AbortController().signal, AbortSignal.abort("z"), AbortSignal.abort("y")]); return [s.aborted,s.reason]; });
    fact("any chain", () => { const a=new AbortController(); const s=AbortSignal.any([AbortSignal.any([a.signal])]); a.abort(3); return [s.aborted,s.reason]; });
    fact("any order", () => { const a=new AbortController(); const l=[]; const s=AbortSignal.any([a.signal]); s.addEventListener("abort",()=>l.push("dep")); a.signal.addEventListener("abort",()=>l.push("src")); a.abort(); return l; });
    fact("onabort null", () => { const d=new AbortController(); d.signal.onabort=5; const x=d.signal.onabort; d.signal.onabort=()=>{}; const y=typeof d.signal.onabort; d.signal.onabort=null; return [x,y,d.signal.onabort]; });
    fact("onabort str", () => { const d=new AbortController(); d.signal.onabort="x"; return d.signal.onabort });
    fact("onabort obj", () => { const d=new AbortController(); let r=0; d.signal.onabort={handleEvent(){r++}}; d.abort(); return [typeof d.signal.onabort, r] });
    fact("dispatch abort", () => { const d=new AbortController(); let r=0; d.signal.addEventListener("abort",()=>r++); d.signal.dispatchEvent(new Event("abort")); return [r,d.signal.aborted]; });
    fact("brand", () => AbortController.prototype.abort.call({}));
    fact("own", () => [Object.getOwnPropertyNames(c), Object.getOwnPropertyNames(c.signal)]);
    fact("listener throws", () => { const d=new AbortController(); const l=[]; d.signal.addEventListener("abort",()=>{throw new Error("x")}); d.signal.addEventListener("abort",()=>l.push(1)); try { d.abort() } catch(e) {l.push(e.message)} return [l,d.signal.aborted]; });
    await later("wait", async () => [await scheduler.wait(1), await scheduler.wait(-5), await scheduler.wait("2")]);
    await later("wait none", () => scheduler.wait());
    await later("wait aborted", () => scheduler.wait(10,{signal:AbortSignal.abort()}));
    await later("wait abort", () => { const d=new AbortController(); const p=scheduler.wait(1000,{signal:d.signal}); d.abort(); return p; });
    await later("wait abort reason", () => { const d=new AbortController(); const p=scheduler.wait(1000,{signal:d.signal}); d.abort("why"); return p; });
    await later("wait abort bad", () => scheduler.wait(1,{signal:5}));
    await later("wait opt null", () => scheduler.wait(1,null));
    await later("wait NaN", () => scheduler.wait("abc"));
    return Response.json(facts);
  },
};
