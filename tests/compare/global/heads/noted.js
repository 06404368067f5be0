const facts = {};
function say(error) { return error instanceof Object || typeof error === "object" && error ? `${error?.constructor?.name} ${error?.name}: ${error?.message}` : `thrown ${String(error)}`; }
function shown(v) { if (v === undefined) return "undefined"; if (typeof v === "number" && !Number.isFinite(v) || Object.is(v, -0)) return "number " + (Object.is(v,-0)?"-0":v); if (typeof v === "bigint") return v + "n"; if (typeof v === "symbol" || typeof v === "function") return String(v); return v; }
function note(name, f) { try { facts[name] = shown(f()); } catch (e) { facts[name] = say(e); } }
async function later(name, f) { try { facts[name] = shown(await f()); } catch (e) { facts[name] = say(e); } }
