const facts = {};
const wait = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const shown = (v) =>
  v === undefined ? "undefined" : v instanceof Error ? `${v.constructor?.name} ${v.name}: ${v.message}` : ArrayBuffer.isView(v) ? [v.constructor.name, v.byteOffset, v.buffer.byteLength, String([...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)].slice(0, 40))].join(" ")
  : typeof v === "bigint" ? `${v}n` : v instanceof ArrayBuffer ? `AB ${String(new Uint8Array(v))}` : Array.isArray(v) ? v.map(shown) : typeof v === "object" && v !== null && (Object.getPrototypeOf(v) === Object.prototype || Object.getPrototypeOf(v) === null)
  ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, shown(w)])) : typeof v === "object" && v !== null ? Object.prototype.toString.call(v) : typeof v === "function" ? `function ${v.name}` : typeof v === "symbol" ? String(v) : typeof v === "number" && !Number.isFinite(v) ? `num ${v}` : Object.is(v, -0) ? "-0" : v;
const state = (promise) => Promise.race([promise.then((v) => ["ok", shown(v)], (e) => ["error", shown(e)]), wait(5).then(() => "pending")]);
const t = async (name, f) => {
  if (name in facts) name += " again";
  try {
    facts[name] = await Promise.race([Promise.resolve(f()).then(shown), wait(150).then(() => "hangs")]);
  } catch (e) {
    facts[name] = `throws ${shown(e)}`;
  }
};
const raw = (f) => { try { return shown(f()); } catch (e) { return `throws ${shown(e)}`; } };
const u8 = (...bytes) => new Uint8Array(bytes);
const enc = (text) => new TextEncoder().encode(text);
const dec = (b) => new TextDecoder().decode(b);
