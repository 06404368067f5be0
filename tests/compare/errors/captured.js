// flags: nodejs_compat
// Error.captureStackTrace, prepareStackTrace and stackTraceLimit: when and what a stack is.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const st = (e) => e.stack?.split("\n").slice(0, 2).map((x) => x.replace(/:\d+:\d+/g, ":L").trim());
note("name then capture", () => { class A extends Error { constructor(m) { super(m); this.name = "Named"; Error.captureStackTrace(this, A); } } return st(new A("m")); });
note("name then capture2", () => { class A extends Error { constructor(m) { super(m); this.name = "Named"; Error.captureStackTrace(this); } } return st(new A("m")); });
note("capture then name", () => { class A extends Error { constructor(m) { super(m); Error.captureStackTrace(this, A); this.name = "Named"; } } return st(new A("m")); });
note("fn style", () => { function A(m) { this.message = m; this.name = "A"; Error.captureStackTrace(this, A); } A.prototype = Object.create(Error.prototype); return st(new A("m")); });
note("fn style call", () => { function A(m) { Error.call(this, m); this.message = m; Error.captureStackTrace(this, this.constructor); } A.prototype = Object.create(Error.prototype, { name: { value: "AErr" }, constructor: { value: A } }); return st(new A("m")); });
note("http-errors", () => { function E(message) { var err = new Error(message); Error.captureStackTrace(err, E); Object.setPrototypeOf(err, E.prototype); Object.defineProperty(err, "name", { value: "E", configurable: true, writable: true }); return err; } E.prototype = Object.create(Error.prototype); return st(new E("m")); });
note("plain then", () => { const e = new Error("x"); e.name = "Q"; Error.captureStackTrace(e); return st(e)[0]; });
note("desc after capture", () => { const e = new Error("x"); Error.captureStackTrace(e); const d = Object.getOwnPropertyDescriptor(e, "stack"); return [Object.keys(d).join(), d.enumerable, d.writable]; });
note("desc obj capture", () => { const e = {}; Error.captureStackTrace(e); const d = Object.getOwnPropertyDescriptor(e, "stack"); return [Object.keys(d).join(), d.enumerable, d.writable, d.configurable]; });
note("capture twice", () => { const o = { name: "A" }; Error.captureStackTrace(o); o.name = "B"; Error.captureStackTrace(o); return st(o)[0]; });
note("capture lazy header", () => { const o = { name: "A" }; Error.captureStackTrace(o); o.name = "B"; return st(o)[0]; });
note("capture existing stack", () => { const o = { stack: "mine" }; Error.captureStackTrace(o); return st(o)[0]; });
note("capture sealed stack", () => { const o = Object.defineProperty({}, "stack", { value: 1 }); Error.captureStackTrace(o); return String(o.stack); });
note("capture fn", () => { const o = () => {}; Error.captureStackTrace(o); return st(o)[0]; });
note("capture array", () => { const o = [1, 2]; Error.captureStackTrace(o); return st(o)[0]; });
note("capture subclass plain", () => { class P { constructor() { Error.captureStackTrace(this); } } return st(new P())[0]; });
note("limit capture", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = 0; const o = {}; Error.captureStackTrace(o); Error.stackTraceLimit = l; return o.stack; });
note("limit str capture", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = "5"; const o = {}; Error.captureStackTrace(o); Error.stackTraceLimit = l; return String(o.stack); });
note("limit Infinity", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = Infinity; const s = new Error("x").stack.split("\n").length > 1; Error.stackTraceLimit = l; return s; });
note("limit NaN", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = NaN; const s = new Error("x").stack; Error.stackTraceLimit = l; return s; });
note("limit 1.9", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = 1.9; const s = new Error("x").stack.split("\n").length; Error.stackTraceLimit = l; return s; });
note("limit throwing in engine", () => { const l = Error.stackTraceLimit; Error.stackTraceLimit = "x"; let s; try { null.x; } catch (e) { s = String(e.stack); } Error.stackTraceLimit = l; return s; });
note("prepare throw type", () => { const p = Error.prepareStackTrace; Error.prepareStackTrace = () => { throw 5; }; try { const e = new Error("q"); return "made " + String(e.stack); } catch (e) { return "threw " + e; } finally { Error.prepareStackTrace = p; } });
note("prepare when", () => { const p = Error.prepareStackTrace; let n = 0; Error.prepareStackTrace = () => { n++; return "s" + n; }; try { const e = new Error("q"); const a = n; const s = e.stack; const b = e.stack; return [a, n, s, b]; } finally { Error.prepareStackTrace = p; } });
note("prepare when capture", () => { const p = Error.prepareStackTrace; let n = 0; Error.prepareStackTrace = () => { n++; return "s" + n; }; try { const e = {}; Error.captureStackTrace(e); const a = n; const s = e.stack; const b = e.stack; return [a, n, s, b]; } finally { Error.prepareStackTrace = p; } });
note("callsites pattern", () => { const p = Error.prepareStackTrace; Error.prepareStackTrace = (_, s) => s; const s = new Error().stack.slice(1); Error.prepareStackTrace = p; return [Array.isArray(s), typeof s[0]?.getFileName]; });
note("depd pattern", () => { const l = Error.stackTraceLimit, o = {}, p = Error.prepareStackTrace; Error.prepareStackTrace = (_, s) => s; Error.stackTraceLimit = Math.max(10, l); Error.captureStackTrace(o); const s = o.stack.slice(1); Error.prepareStackTrace = p; Error.stackTraceLimit = l; return Array.isArray(s); });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
