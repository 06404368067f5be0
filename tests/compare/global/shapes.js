// Shapes of the platform's classes and objects in this area.
// differs: ctx: mapVirtualHost() is not there
// differs: ctx names: mapVirtualHost() is not there
// differs: global: globalThis instanceof EventTarget is true here
// differs: performance json: the engine's words
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
    for (const name of ["Event","ExtendableEvent","CustomEvent","PromiseRejectionEvent","FetchEvent","TailEvent","TraceEvent","ScheduledEvent","MessageEvent","CloseEvent","ErrorEvent","MessageChannel","MessagePort","EventTarget","AbortController","AbortSignal","DOMException","WorkerGlobalScope","Navigator"]) {
      const c = globalThis[name];
      fact(name, () => [c.name, c.length, shape(c).filter((it) => !it.startsWith("prototype:")), shape(c.prototype), Object.getPrototypeOf(c.prototype)?.constructor?.name]);
      fact(name + " call", () => c());
      fact(name + " new", () => new c());
      fact(name + " tag", () => Object.prototype.toString.call(c.prototype));
      fact(name + " proto tag desc", () => { const d=Object.getOwnPropertyDescriptor(c.prototype, Symbol.toStringTag); return d && [d.value, d.writable,d.enumerable,d.configurable]});
    }
    for (const name of ["console","navigator","performance","scheduler","Cloudflare"]) {
      const o = globalThis[name];
      fact(name, () => [shape(o), Object.getPrototypeOf(o) === Object.prototype, shape(Object.getPrototypeOf(o)), Object.prototype.toString.call(o), o.constructor.name]);
    }
    fact("perf proto", ()=> { const r=[]; for (let p = Object.getPrototypeOf(performance); p; p=Object.getPrototypeOf(p)) r.push(p.constructor.name, shape(p)); return r; });
    for (const k of ["userAgent","hardwareConcurrency","language","languages","onLine","platform","gpu","storage"]) fact("navigator " + k, () => navigator[k]);
    fact("performance", () => performance.timeOrigin);
    fact("flags", () => [Cloudflare.compatibilityFlags.url_standard, Cloudflare.compatibilityFlags.nodejs_compat]);
    for (const n of ["setTimeout","clearTimeout","setInterval","clearInterval","queueMicrotask","structuredClone","reportError","btoa","atob"]) fact(n, ()=>[globalThis[n].name, globalThis[n].length]);
    fact("fn", () => [addEventListener.length, removeEventListener.length, dispatchEvent.length]);
    fact("Error", () => shape(Error));
    fact("eval", () => eval("1"));
    fact("Function", () => new Function("return 1"));
    fact("Function2", () => Function("return 1"));
    fact("AsyncFunction", () => (async()=>{}).constructor("return 1"));
    fact("GenFunction", () => (function*(){}).constructor("return 1"));
    fact("evalobj", () => eval({a:1}));
    fact("indirect", () => (0,eval)("1"));
    fact("DOMException object", () => { const e = new DOMException("m","AbortError"); return [e.name,e.message,e.code,String(e),Object.keys(e),shape(e), e instanceof Error, e.stack.split("\n")[0], Object.prototype.toString.call(e)]});
    fact("DOMException0", () => { const e = new DOMException(); return [e.name,e.message,e.code,String(e)]});
    fact("DOMException cause", () => { const e = new DOMException("m", {name:"NotFoundError", cause: 5}); return [e.name,e.message,e.code,e.cause, Object.getOwnPropertyNames(e)]});
    fact("DOMException codes", () => ["IndexSizeError","DOMStringSizeError","HierarchyRequestError","WrongDocumentError","InvalidCharacterError","NoDataAllowedError","NoModificationAllowedError","NotFoundError","NotSupportedError","InUseAttributeError","InvalidStateError","SyntaxError","InvalidModificationError","NamespaceError","InvalidAccessError","ValidationError","TypeMismatchError","SecurityError","NetworkError","AbortError","URLMismatchError","QuotaExceededError","TimeoutError","InvalidNodeTypeError","DataCloneError","EncodingError","NotReadableError","UnknownError","ConstraintError","DataError","TransactionInactiveError","ReadOnlyError","VersionError","OperationError","NotAllowedError","Foo"].map(n=>n+new DOMException("",n).code));
    fact("DOMException consts", () => Object.keys(DOMException).map(k=>k+DOMException[k]));
    fact("proto get", () => DOMException.prototype.name);
    fact("dtypes", () => [new DOMException(5, null).name, new DOMException(undefined, undefined).name, new DOMException(null).message]);
    return Response.json(facts);
  },
};
