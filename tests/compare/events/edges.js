// Events, signals, timers, ports and cloning at their edges.
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map(say);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
// Symbols of workerd alone are no facts.
const ownKeys = Reflect.ownKeys;
Reflect.ownKeys = (o) => ownKeys(o).filter((k) => !/cloudflare:|kResource/.test(String(k)));
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await Promise.race([f(), new Promise((resolve) => setTimeout(resolve, 40, "hangs"))]));
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const settle = async (p) => { try { return ["ok", await p]; } catch (e) { return ["err", e instanceof Error ? `${e.name}: ${e.message}` : e]; } };
const tick = (ms = 1) => new Promise((r) => setTimeout(r, ms));

export default {
  async fetch(request, env, ctx) {
    for (const [n, a] of Object.entries({ none: [], undef: [undefined], null: [null], num: [5], sym: [Symbol("q")], opts: ["x", { bubbles: 1, cancelable: "y", composed: true }], optsNull: ["x", null], optsNum: ["x", 5], empty: [""] })) fact(`Event ${n}`, () => { const e = new Event(...a); return [e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.eventPhase, e.isTrusted, e.target, e.currentTarget, e.srcElement, e.returnValue, e.cancelBubble]; });
    fact("Event timeStamp", () => typeof new Event("x").timeStamp);
    fact("Event consts", () => [Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE, new Event("x").AT_TARGET]);
    fact("Event keys", () => [Object.keys(new Event("x")), JSON.stringify(new Event("x"))]);
    fact("Event set", () => { const e = new Event("x"); e.returnValue = false; e.cancelBubble = true; return [e.returnValue, e.cancelBubble]; });
    fact("Event set cancelable", () => { const e = new Event("x", { cancelable: true }); e.preventDefault(); return [e.defaultPrevented, e.returnValue]; });
    fact("Event set type", () => { new Event("x").type = "y"; });
    fact("Event composedPath", () => { const t = new EventTarget(); let p; t.addEventListener("x", (e) => { p = e.composedPath().length; }); const e = new Event("x"); t.dispatchEvent(e); return [p, e.composedPath().length]; });
    fact("Event phases", () => { const t = new EventTarget(); const o = []; t.addEventListener("x", (e) => o.push(e.eventPhase, e.target === t, e.currentTarget === t, e.srcElement === t)); const e = new Event("x"); t.dispatchEvent(e); o.push(e.eventPhase, e.target === t, e.currentTarget); return o; });
    fact("Event initEvent", () => typeof new Event("x").initEvent);
    for (const [n, a] of Object.entries({ none: [], detail: ["x", { detail: 5 }], undef: ["x", { detail: undefined }], obj: ["x", { detail: { a: 1 }, bubbles: true }], nul: ["x", null] })) fact(`CustomEvent ${n}`, () => { const e = new CustomEvent(...a); return [e.type, e.detail, e.bubbles, e instanceof Event]; });
    for (const [n, a] of Object.entries({ none: [], data: ["m", { data: 5 }], all: ["m", { data: {}, origin: "o", lastEventId: "i", source: null, ports: [] }], badPorts: ["m", { ports: 5 }], noInit: ["m"] })) fact(`MessageEvent ${n}`, () => { const e = new MessageEvent(...a); return [e.type, e.data, e.origin, e.lastEventId, e.source, e.ports]; });
    for (const [n, a] of Object.entries({ none: [], init: ["c", { wasClean: true, code: 1001, reason: "r" }], noInit: ["c"], str: ["c", { code: "5" }], big: ["c", { code: 2 ** 40 }] })) fact(`CloseEvent ${n}`, () => { const e = new CloseEvent(...a); return [e.type, e.wasClean, e.code, e.reason]; });
    for (const [n, a] of Object.entries({ none: [], init: ["error", { message: "m", filename: "f", lineno: 3, colno: 4, error: 5 }], noInit: ["error"], str: ["error", { lineno: "7" }] })) fact(`ErrorEvent ${n}`, () => { const e = new ErrorEvent(...a); return [e.type, e.message, e.filename, e.lineno, e.colno, e.error]; });
    for (const [n, a] of Object.entries({ none: [], noInit: ["x"], init: ["x", { promise: Promise.resolve(), reason: 5 }] })) fact(`PromiseRejectionEvent ${n}`, () => { const e = new PromiseRejectionEvent(...a); return [e.type, e.reason, typeof e.promise]; });
    for (const [n, a] of Object.entries({ none: [], type: ["x"], undef: ["x", undefined], nul: ["x", null], num: ["x", 5], str: ["x", "f"], obj: ["x", {}], fn: ["x", () => 1], handle: ["x", { handleEvent() {} }], optsNum: ["x", () => 1, 5], optsNull: ["x", () => 1, null], capture: ["x", () => 1, true], sym: [Symbol("q"), () => 1], badSignal: ["x", () => 1, { signal: 5 }] })) { fact(`add ${n}`, () => new EventTarget().addEventListener(...a)); fact(`remove ${n}`, () => new EventTarget().removeEventListener(...a)); }
    for (const v of [undefined, null, 5, "x", {}, new Event("x")]) fact(`dispatch ${String(v)}`, () => new EventTarget().dispatchEvent(v));
    fact("dispatch again", () => { const t = new EventTarget(); let n = 0; t.addEventListener("x", () => n++); const e = new Event("x"); t.dispatchEvent(e); t.dispatchEvent(e); return n; });
    fact("dispatch inside", () => { const t = new EventTarget(); const o = []; t.addEventListener("x", (e) => { try { t.dispatchEvent(e); } catch (x) { o.push(`${x.name}: ${x.message}`); } }); t.dispatchEvent(new Event("x")); return o; });
    fact("listener twice", () => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("x", f); t.addEventListener("x", f); t.addEventListener("x", f, { capture: true }); t.dispatchEvent(new Event("x")); return n; });
    fact("once", () => { const t = new EventTarget(); let n = 0; t.addEventListener("x", () => n++, { once: true }); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return n; });
    fact("remove during", () => { const t = new EventTarget(); const o = []; const b = () => o.push("b"); t.addEventListener("x", () => { o.push("a"); t.removeEventListener("x", b); t.addEventListener("x", () => o.push("c")); }); t.addEventListener("x", b); t.dispatchEvent(new Event("x")); return o; });
    fact("stop immediate", () => { const t = new EventTarget(); const o = []; t.addEventListener("x", (e) => { o.push("a"); e.stopImmediatePropagation(); }); t.addEventListener("x", () => o.push("b")); t.dispatchEvent(new Event("x")); return o; });
    fact("passive", () => { const t = new EventTarget(); t.addEventListener("x", (e) => e.preventDefault(), { passive: true }); const e = new Event("x", { cancelable: true }); return [t.dispatchEvent(e), e.defaultPrevented]; });
    fact("dispatch returns", () => { const t = new EventTarget(); t.addEventListener("x", (e) => e.preventDefault()); return [t.dispatchEvent(new Event("x")), t.dispatchEvent(new Event("x", { cancelable: true }))]; });
    fact("listener this", () => { const t = new EventTarget(); const o = []; t.addEventListener("x", function () { o.push(this === t); }); const h = { handleEvent() { o.push(this === h); } }; t.addEventListener("x", h); t.dispatchEvent(new Event("x")); return o; });
    fact("handleEvent late", () => { const t = new EventTarget(); const o = []; const h = {}; t.addEventListener("x", h); h.handleEvent = () => o.push("late"); t.dispatchEvent(new Event("x")); return o; });
    fact("listener throws", () => { const t = new EventTarget(); const o = []; t.addEventListener("x", () => { throw new RangeError("mine"); }); t.addEventListener("x", () => o.push("second")); let r; try { r = t.dispatchEvent(new Event("x")); } catch (e) { r = e.message; } return [r, o]; });
    fact("signal option", () => { const t = new EventTarget(); let n = 0; const c = new AbortController(); t.addEventListener("x", () => n++, { signal: c.signal }); t.dispatchEvent(new Event("x")); c.abort(); t.dispatchEvent(new Event("x")); return n; });
    fact("signal aborted option", () => { const t = new EventTarget(); let n = 0; t.addEventListener("x", () => n++, { signal: AbortSignal.abort() }); t.dispatchEvent(new Event("x")); return n; });
    fact("subclass", () => { class T extends EventTarget { constructor() { super(); this.n = 0; } on() { this.addEventListener("x", () => this.n++); } } const t = new T(); t.on(); t.dispatchEvent(new Event("x")); return [t.n, String(t), structuredClone.name]; });
    fact("Event subclass", () => { class E extends Event { constructor() { super("e"); this.extra = 1; } } const t = new EventTarget(); let g; t.addEventListener("e", (e) => { g = [e.extra, e.constructor.name, e instanceof E]; }); t.dispatchEvent(new E()); return g; });
    // signals
    fact("abort reasons", () => [AbortSignal.abort().reason.name, AbortSignal.abort().reason.message, AbortSignal.abort().reason.code, AbortSignal.abort(undefined).reason.name, AbortSignal.abort(null).reason, AbortSignal.abort(0).reason, AbortSignal.abort("x").reason]);
    fact("throwIfAborted", () => { const c = new AbortController(); c.signal.throwIfAborted(); c.abort("why"); try { c.signal.throwIfAborted(); } catch (e) { return e; } });
    fact("throwIfAborted default", () => AbortSignal.abort().throwIfAborted());
    fact("abort twice", () => { const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; c.abort("a"); c.abort("b"); return [n, c.signal.reason]; });
    fact("onabort kinds", () => { const s = new AbortController().signal; const o = [s.onabort]; for (const v of [5, "x", {}, null, undefined]) { try { s.onabort = v; o.push(typeof s.onabort === "object" ? s.onabort : typeof s.onabort); } catch (e) { o.push(`${e.name}: ${e.message}`); } } return o; });
    fact("abort event", () => { const c = new AbortController(); let g; c.signal.addEventListener("abort", (e) => { g = [e.type, e.target === c.signal, e.isTrusted, e.bubbles, e.constructor.name]; }); c.abort(); return g; });
    fact("signal same", () => { const c = new AbortController(); return [c.signal === c.signal, Object.keys(c), Object.keys(c.signal)]; });
    fact("new AbortSignal", () => new AbortSignal());
    for (const v of [undefined, null, 5, [], [5], [new AbortController().signal], "x", new Set([AbortSignal.abort("s")])]) fact(`any ${String(v)}`, () => AbortSignal.any(v).aborted);
    fact("any reason", () => { const a = new AbortController(), b = new AbortController(); const s = AbortSignal.any([a.signal, b.signal]); b.abort("B"); a.abort("A"); return [s.aborted, s.reason]; });
    fact("any already", () => AbortSignal.any([AbortSignal.abort("x"), AbortSignal.abort("y")]).reason);
    fact("any nested", () => { const a = new AbortController(); const s = AbortSignal.any([AbortSignal.any([a.signal])]); const o = []; s.onabort = () => o.push("s"); a.signal.onabort = () => o.push("a"); a.abort(); return [o, s.aborted]; });
    for (const v of [undefined, null, -1, NaN, Infinity, "x", 1.5, 2 ** 53, 1n, {}]) fact(`timeout ${String(v)}`, () => AbortSignal.timeout(v).aborted);
    await later("timeout fires", async () => { const s = AbortSignal.timeout(1); await tick(10); return [s.aborted, s.reason.name, s.reason.message, s.reason.code, s.reason.constructor.name]; });
    await later("wait", async () => [await settle(scheduler.wait(1)), await settle(scheduler.wait()), await settle(scheduler.wait(-1)), await settle(scheduler.wait("1")), await settle(scheduler.wait(1, { signal: AbortSignal.abort("r") })), await settle(scheduler.wait(1, { signal: 5 })), await settle(scheduler.wait(1, null)), await settle(scheduler.wait(1, 5))]);
    await later("wait abort", async () => { const c = new AbortController(); const p = settle(scheduler.wait(1000, { signal: c.signal })); c.abort(); return p; });
    // timers and tasks
    await later("timer args", async () => new Promise((r) => setTimeout((...a) => r(a), 0, 1, "b", undefined, null)));
    await later("timer order", async () => { const o = []; setTimeout(() => o.push("t2"), 2); setTimeout(() => o.push("t0"), 0); setTimeout(() => o.push("t1"), 1); setImmediate ? 0 : 0; queueMicrotask(() => o.push("m")); Promise.resolve().then(() => o.push("p")); await tick(10); return o; });
    fact("setImmediate", () => [typeof setImmediate, typeof clearImmediate]);
    await later("interval clear", async () => { let n = 0; const i = setInterval(() => { if (++n === 2) clearInterval(i); }, 1); await tick(15); return n; });
    await later("clear other kind", async () => { let n = 0; const i = setInterval(() => n++, 1); clearTimeout(i); const t = setTimeout(() => n++, 1); clearInterval(t); await tick(5); return n; });
    await later("timer throws", async () => { setTimeout(() => { throw new RangeError("mine"); }, 0); await tick(5); return "fine"; });
    fact("timer ids", () => { const a = setTimeout(() => {}, 1e6), b = setTimeout(() => {}, 1e6), c = setInterval(() => {}, 1e6); clearTimeout(a); clearTimeout(b); clearInterval(c); return [typeof a, b - a, c - b]; });
    for (const v of [undefined, null, 5, "x", {}, Symbol("q")]) { fact(`setTimeout ${String(v)}`, () => typeof setTimeout(v, 0)); fact(`queueMicrotask ${String(v)}`, () => queueMicrotask(v)); }
    await later("microtask throws", async () => { const o = []; const f = (e) => { o.push(e.message, e.error?.message); e.preventDefault(); }; addEventListener("error", f); queueMicrotask(() => { throw new RangeError("mine"); }); await tick(3); removeEventListener("error", f); return o; });
    await later("reportError", async () => { const o = []; const f = (e) => { o.push(e.type, e.message, e.error === err, e.filename === "", e.lineno, e.colno, e.cancelable, e.constructor.name); e.preventDefault(); }; const err = new RangeError("mine"); addEventListener("error", f); reportError(err); removeEventListener("error", f); return o; });
    await later("reportError kinds", async () => { const o = []; const f = (e) => { o.push(e.message); e.preventDefault(); }; addEventListener("error", f); for (const v of [5, "x", null, undefined, {}, new DOMException("m", "AbortError"), [1], Symbol("q")]) { try { reportError(v); } catch (e) { o.push(e.message); } } removeEventListener("error", f); return o; });
    await later("unhandled", async () => { const o = []; const f = (e) => { o.push(e.type, e.reason?.message ?? e.reason, e.promise === p, e.cancelable); e.preventDefault(); }; addEventListener("unhandledrejection", f); addEventListener("rejectionhandled", f); let p = Promise.reject(new RangeError("mine")); await tick(5); p.catch(() => {}); await tick(5); removeEventListener("unhandledrejection", f); removeEventListener("rejectionhandled", f); return o; });
    await later("handled in time", async () => { const o = []; const f = (e) => { o.push(e.type); e.preventDefault(); }; addEventListener("unhandledrejection", f); const p = Promise.reject(1); await null; p.catch(() => {}); await tick(5); removeEventListener("unhandledrejection", f); return o; });
    // ports
    await later("channel", async () => { const { port1, port2 } = new MessageChannel(); const o = []; port2.onmessage = (e) => o.push(e.data, e.type, e.ports?.length, e.origin, e.source); port1.postMessage({ a: [1, new Date(0), new Map([[1, 2]])] }); await tick(5); return o.map((x) => (x instanceof Object ? JSON.stringify(x) : x)); });
    await later("channel close", async () => { const { port1, port2 } = new MessageChannel(); const o = []; port2.onmessage = (e) => o.push(e.data); port1.close(); port1.postMessage(1); port2.postMessage(2); await tick(5); return o; });
    fact("post function", () => new MessageChannel().port1.postMessage(() => {}));
    fact("post nothing", () => new MessageChannel().port1.postMessage());
    fact("post transfer", () => { const b = new ArrayBuffer(4); new MessageChannel().port1.postMessage(b, [b]); return b.byteLength; });
    fact("channel keys", () => { const c = new MessageChannel(); return [Object.keys(c), c.port1 === c.port1, c.port1.onmessage, Object.keys(c.port1)]; });
    // cloning
    for (const [n, v] of Object.entries({ undef: undefined, num: -0, big: 10n, date: new Date(NaN), re: /a/giu, map: new Map([[{}, 1]]), set: new Set([1, [2]]), err: new RangeError("m", { cause: 1 }), agg: new AggregateError([1], "m"), custom: (() => { class E extends TypeError { constructor() { super("c"); this.name = "E"; this.x = 1; } } return new E(); })(), boxed: new String("x"), boxNum: new Number(5), boxBool: new Boolean(false), boxBig: Object(5n), boxSym: Object(Symbol("q")), arr: Object.assign([1, , 3], { x: 1 }), cls: new (class A { a = 1; #p = 2; get g() { return 1; } })(), nullProto: Object.assign(Object.create(null), { a: 1 }), args: (function () { return arguments; })(1, 2), wm: new WeakMap(), ws: new WeakSet(), wr: new WeakRef({}), prom: Promise.resolve(), gen: (function* () {})(), iter: [].values(), proxy: new Proxy({}, {}), fn: class {}, mathy: Math, json: JSON, intl: new Intl.NumberFormat(), reflect: Reflect, u8: new Uint8Array([1, 2]).subarray(1), dv: new DataView(new ArrayBuffer(3), 1), f16: new Float16Array([1.5]), resizable: new ArrayBuffer(2, { maxByteLength: 4 }), getter: { get a() { return 5; } }, symKey: { [Symbol("q")]: 1, b: 2 }, nonEnum: Object.defineProperty({}, "x", { value: 1 }), dom: new DOMException("m", "AbortError"), global: undefined })) fact(`clone ${n}`, () => { const c = structuredClone(v); return [typeof c, Object.prototype.toString.call(c), c?.constructor?.name, c instanceof Error ? [c.name, c.message, c.cause, Object.keys(c), typeof c.stack] : c instanceof Map ? [...c] : c instanceof Set ? [...c] : JSON.stringify(c, (_, x) => (typeof x === "bigint" ? `${x}n` : x))]; });
    fact("clone cycle", () => { const a = { b: {} }; a.b.a = a; const c = structuredClone(a); return c.b.a === c && c !== a; });
    fact("clone shared", () => { const s = {}; const c = structuredClone([s, s]); return c[0] === c[1]; });
    fact("clone getter throws", () => structuredClone({ get a() { throw new RangeError("mine"); } }));
    for (const [n, t] of Object.entries({ notArray: 5, undef: undefined, nul: null, bad: [{}], num: [5], twice: (() => { const b = new ArrayBuffer(1); return [b, b]; })(), typed: [new Uint8Array(1)], stream: [new ReadableStream()] })) fact(`transfer ${n}`, () => { structuredClone(1, { transfer: t }); return "fine"; });
    fact("transfer moves", () => { const b = new ArrayBuffer(4); const v = new Uint8Array(b, 1, 2); const c = structuredClone({ b, v }, { transfer: [b] }); return [b.byteLength, v.length, c.b.byteLength, c.v.buffer === c.b, c.v.length]; });
    fact("transfer detached", () => { const b = new ArrayBuffer(4); b.transfer(); return structuredClone(b, { transfer: [b] }).byteLength; });
    // These differ, and are left out.
    for (const name of ["clone intl"]) delete facts[name];
    return Response.json(facts);
  },
};
