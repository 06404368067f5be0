// structuredClone().
// differs: blob: waits for Blob
// differs: deep: the engine's stack is smaller in the module: a clone of 1000 levels is a RangeError
// differs: stream: waits for streams
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
    const sc = structuredClone;
    fact("prims", () => [sc(1),sc("a"),sc(null),sc(true),Object.is(sc(-0),-0),sc(undefined)===undefined,Number.isNaN(sc(NaN)),String(sc(5n))]);
    fact("none", () => sc());
    fact("symbol", () => sc(Symbol("x")));
    fact("function", () => sc(()=>{}));
    fact("named", () => sc(function foo() {}));
    fact("class", () => sc(class A {}));
    fact("nested fn", () => sc({a:{f(){}}}));
    fact("array", () => { const a=[1,,3]; a.x=5; const b=sc(a); return [b.length,1 in b,b.x,b]; });
    fact("date", () => [sc(new Date(5)).getTime(), sc(new Date(5)) instanceof Date, Number.isNaN(sc(new Date(NaN)).getTime())]);
    fact("regexp", () => { const r=/a/gi; r.lastIndex=3; const s=sc(r); return [String(s), s.lastIndex, s instanceof RegExp]; });
    fact("map", () => { const m=sc(new Map([[{a:1},new Set([1])]])); return [m.size,[...m.keys()][0].a,[...m.values()][0].has(1)]; });
    fact("boxed", () => [sc(Object(1)) instanceof Number, sc(new String("x")) instanceof String, sc(new Boolean(false)).valueOf(), String(sc(Object(5n)))]);
    fact("boxed sym", () => sc(Object(Symbol("b"))));
    fact("buffers", () => { const b=new Uint8Array([1,2,3,4]); const v=new Uint8Array(b.buffer,1,2); const c=sc(v); return [c.length,c.byteOffset,c.buffer.byteLength,[...c],c.buffer!==b.buffer]; });
    fact("shared buffer", () => { const b=new ArrayBuffer(8); const o=sc({a:new Uint8Array(b),b:new Uint16Array(b,2,1)}); return [o.a.buffer===o.b.buffer,o.b.byteOffset]; });
    fact("dataview", () => { const d=sc(new DataView(new ArrayBuffer(8),2,3)); return [d.byteLength,d.byteOffset,d instanceof DataView]; });
    fact("kinds", () => [Int8Array,Uint8ClampedArray,Float16Array,Float32Array,Float64Array,BigInt64Array,BigUint64Array,Int32Array,Uint32Array,Int16Array,Uint16Array].map(T=>sc(new T(2)) instanceof T));
    fact("circular", () => { const o={a:1}; o.self=o; const c=sc(o); return c.self===c && c!==o; });
    fact("identity", () => { const x={}; const c=sc([x,x]); return c[0]===c[1]; });
    fact("class inst", () => { class P { constructor(){this.x=1} get y(){return 2} } const c=sc(new P); return [c,Object.getPrototypeOf(c)===Object.prototype]; });
    fact("getter", () => sc({get a(){return 5}}));
    fact("getter throws", () => sc({get a(){throw new RangeError("g")}}));
    fact("symbols", () => Reflect.ownKeys(sc({[Symbol("x")]:1,b:2})));
    fact("nonenum", () => Reflect.ownKeys(sc(Object.defineProperty({},"z",{value:1}))));
    fact("null proto", () => Object.getPrototypeOf(sc(Object.create(null)))===Object.prototype);
    for (const E of [Error,EvalError,RangeError,ReferenceError,SyntaxError,TypeError,URIError]) fact("error "+E.name, () => { const e=new E("m",{cause:{a:1}}); e.extra=1; const c=sc(e); return [c instanceof E,c.name,c.message,c.cause,c.extra,typeof c.stack,c.stack===e.stack,Object.getOwnPropertyNames(c).sort()]; });
    fact("error custom", () => { class My extends Error { constructor(m){super(m);this.name="My"} } const c=sc(new My("x")); return [c.name,c.message,c.constructor.name,c instanceof Error]; });
    fact("error name", () => { const e=new Error("x"); e.name="TypeError"; const c=sc(e); return [c instanceof TypeError, c.name]; });
    fact("aggregate", () => { const c=sc(new AggregateError([1],"m")); return [c.constructor.name,c.name,c.message,c.errors]; });
    fact("domexception", () => { const c=sc(new DOMException("m","AbortError")); return [c instanceof DOMException,c.name,c.message,c.code]; });
    fact("weakmap", () => sc(new WeakMap));
    fact("weakset", () => sc(new WeakSet));
    fact("weakref", () => sc(new WeakRef({})));
    fact("promise", () => sc(Promise.resolve()));
    fact("generator", () => sc((function*(){})()));
    fact("proxy", () => sc(new Proxy({},{})));
    fact("arguments", () => sc((function(){return arguments})(1,2)));
    fact("iter", () => sc([1][Symbol.iterator]()));
    fact("headers", () => sc(new Headers));
    fact("request", () => sc(new Request("http://a/")));
    fact("response", () => sc(new Response("x")));
    fact("url", () => sc(new URL("http://a/")));
    fact("event", () => sc(new Event("x")));
    fact("signal", () => sc(new AbortController().signal));
    fact("global", () => sc(globalThis));
    fact("env", () => sc(env));
    fact("math", () => sc(Math));
    fact("transfer", () => { const b=new ArrayBuffer(8); const c=sc({b},{transfer:[b]}); return [c.b.byteLength,b.byteLength,b.detached]; });
    fact("transfer view", () => { const u=new Uint8Array([1,2]); const c=sc(u,{transfer:[u.buffer]}); return [[...c],u.length]; });
    fact("transfer only", () => { const b=new ArrayBuffer(8); sc(1,{transfer:[b]}); return b.byteLength; });
    fact("transfer dup", () => { const b=new ArrayBuffer(8); sc(b,{transfer:[b,b]}); });
    fact("transfer detached", () => { const b=new ArrayBuffer(8); sc(b,{transfer:[b]}); sc(b,{transfer:[b]}); });
    fact("clone detached", () => { const b=new ArrayBuffer(8); sc(b,{transfer:[b]}); return sc(b).byteLength; });
    fact("clone detached view", () => { const b=new Uint8Array(8); sc(b,{transfer:[b.buffer]}); return sc(b).byteLength; });
    fact("transfer obj", () => sc({},{transfer:[{}]}));
    fact("transfer num", () => sc({},{transfer:[5]}));
    fact("transfer notarr", () => sc({},{transfer:5}));
    fact("transfer port", () => { const {port1}=new MessageChannel(); return sc({port1},{transfer:[port1]}); });
    fact("port", () => { const {port1}=new MessageChannel(); return sc(port1); });
    fact("opts null", () => sc({a:1},null));
    fact("opts num", () => sc({a:1},5));
    fact("opts undef transfer", () => sc({a:1},{transfer:undefined}));
    fact("resizable", () => { const b=new ArrayBuffer(4,{maxByteLength:8}); const c=sc(b); return [c.resizable,c.maxByteLength,c.byteLength]; });
    fact("sab", () => { const b=new SharedArrayBuffer(4); return sc(b); });
    fact("error class", () => { try { sc(()=>{}) } catch(e) { return [e.constructor.name,e.code,e instanceof DOMException,e instanceof Error,e.name]; } });
    fact("array proto", () => { class A extends Array{}; const c=sc(A.from([1,2])); return [Array.isArray(c),c.constructor.name,c]; });
    fact("map sub", () => { class M extends Map{}; const c=sc(new M([[1,2]])); return [c.constructor.name, c.size]; });
    fact("map props", () => { const m=new Map; m.foo=1; return sc(m).foo; });
    fact("lone surrogate", () => sc("\ud800")==="\ud800");
    fact("order", () => Object.keys(sc({b:1,a:2,1:3})));
    return Response.json(facts);
  },
};
