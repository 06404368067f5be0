// Timers and queueMicrotask().
// differs: date frozen: the clock stands still here
// differs: date moves: needs the host's clock
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
    fact("none", () => setTimeout());
    fact("null", () => setTimeout(null));
    fact("string", () => setTimeout("alert(1)", 5));
    fact("obj", () => setTimeout({}, 5));
    fact("interval none", () => setInterval());
    fact("interval str", () => setInterval("x"));
    fact("ids", () => { const a=setTimeout(()=>{},0), b=setInterval(()=>{},5); clearTimeout(b); clearInterval(a); return [typeof a, b-a, a>0]; });
    fact("clear", () => [clearTimeout(), clearTimeout(undefined), clearTimeout(null), clearTimeout(12345), clearTimeout(-1), clearTimeout(1.5)]);
    fact("clear str", () => clearTimeout("abc"));
    fact("clear obj", () => clearTimeout({}));
    fact("clear NaN", () => clearTimeout(NaN));
    fact("clear sym", () => clearTimeout(Symbol()));
    fact("clear bigint", () => clearTimeout(1n));
    fact("delay bigint", () => setTimeout(()=>{},1n));
    fact("delay sym", () => setTimeout(()=>{},Symbol()));
    fact("delay obj", () => typeof setTimeout(()=>{},{valueOf(){return 1}}));
    await later("args", () => new Promise(r=>setTimeout((...a)=>r(a),0,1,"b",null)));
    await later("this", () => new Promise(r=>setTimeout(function(){ r([this===undefined, this===globalThis]) },0)));
    await later("order", async () => { const l=[]; setTimeout(()=>l.push("20"),20); setTimeout(()=>l.push("0a"),0); setTimeout(()=>l.push("1"),1); setTimeout(()=>l.push("0b")); setTimeout(()=>l.push("neg"),-5); setTimeout(()=>l.push("nan"),"x"); queueMicrotask(()=>l.push("micro")); Promise.resolve().then(()=>l.push("promise")); l.push("sync"); await new Promise(r=>setTimeout(r,60)); return l; });
    await later("microtasks between", async () => { const l=[]; setTimeout(()=>{l.push("a");Promise.resolve().then(()=>l.push("am"))},0); setTimeout(()=>l.push("b"),0); await new Promise(r=>setTimeout(r,10)); return l; });
    await later("interval", async () => { let n=0; return new Promise(r=>{ const id=setInterval((x)=>{ n++; if(n===3){clearInterval(id); r([n,x])} },1,"q") }); });
    await later("clear in cb", async () => { const l=[]; const b={}; setTimeout(()=>{l.push("a");clearTimeout(b.id)},5); b.id=setTimeout(()=>l.push("b"),5); await scheduler.wait(30); return l; });
    await later("nested", async () => { const l=[]; await new Promise(r=>setTimeout(()=>{ l.push(1); setTimeout(()=>{l.push(2); r()},0) },0)); return l; });
    fact("micro none", () => queueMicrotask());
    fact("micro null", () => queueMicrotask(null));
    fact("micro num", () => queueMicrotask(5));
    await later("micro args", () => new Promise(r=>queueMicrotask(function(...a){ r([a.length,this===undefined,this===globalThis]) })));
    fact("micro ret", () => queueMicrotask(()=>{}));
    fact("reportError none", () => reportError());
    fact("call this", () => setTimeout.call(5, ()=>{}, 0) > 0);
    fact("call undefined", () => { const f=setTimeout; return f(()=>{},0)>0 });
    fact("call obj", () => ({setTimeout}).setTimeout(()=>{},0)>0);
    return Response.json(facts);
  },
};
