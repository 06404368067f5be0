const facts = {};
const say = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}` + (v.cause !== undefined ? ` cause ${say(v.cause)}` : "");
  if (v instanceof ArrayBuffer) return `ArrayBuffer ${[...new Uint8Array(v)]}`;
  if (ArrayBuffer.isView(v) && !(v instanceof DataView)) return `${v.constructor.name} ${[...v].map(String)}`;
  if (v instanceof Map || v instanceof Set) return [v.constructor.name, ...[...v].map((x) => say(x, d + 1))];
  if (Array.isArray(v)) return v.map((x) => say(x, d + 1));
  if (v !== null && typeof v === "object" && Object.getPrototypeOf(v) !== Object.prototype && Object.getPrototypeOf(v) !== null) return Object.prototype.toString.call(v);
  if (v !== null && typeof v === "object" && d < 6) return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, say(x, d + 1)]));
  return v;
};
const t = async (name, f) => {
  let r; try { r = f(); } catch (e) { facts[name] = `throws ${say(e)}`; return; }
  if (r && typeof r.then === "function") { try { r = await Promise.race([r, new Promise((_, no) => setTimeout(no, 1500, new Error("hangs")))]); } catch (e) { facts[name] = `rejects ${say(e)}`; return; } }
  facts[name] = say(r);
};
const run = (f, more = {}) => ({ async fetch(request, env, ctx) { await f(request, env, ctx); return Response.json(facts); }, ...more });
