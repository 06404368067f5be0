// Facts by what is asked, each as a text that tells types, names and the order of properties.
const facts = {};
const show = (v, d = 0) => {
  if (v === null) return "null";
  switch (typeof v) {
    case "undefined": return "undefined";
    case "boolean": return String(v);
    case "number": return Object.is(v, -0) ? "-0" : String(v);
    case "bigint": return v + "n";
    case "string": return d ? JSON.stringify(v) : v.length > 200000 ? v.slice(0, 400) + "…" + v.length : v;
    case "symbol": return v.toString();
    case "function": return `function ${v.name}/${v.length}`;
  }
  if (d > 4) return "…";
  let tag; try { tag = v.constructor && v.constructor.name; } catch (e) { tag = "?" }
  if (v instanceof Error || tag === "DOMException") {
    const own = Reflect.ownKeys(v).filter((k) => k !== "stack" && k !== "message" && typeof k !== "symbol").map((k) => `${String(k)}=${show(v[k], d + 1)}`).join(",");
    return `${tag}${tag === v.name ? "" : `(${v.name})`}: ${v.message}${own ? ` {${own}}` : ""}`;
  }
  if (Array.isArray(v)) { const o = []; for (let i = 0; i < v.length && i < 200; i++) o.push(i in v ? show(v[i], d + 1) : "<hole>"); const ex = Object.keys(v).filter((k) => !/^\d+$/.test(k)); return `[${o.join(", ")}${ex.map((k) => `, ${k}: ${show(v[k], d + 1)}`).join("")}]`; }
  if (ArrayBuffer.isView(v) && !(v instanceof DataView)) return `${tag}[${Array.from(v.subarray ? v.subarray(0, 70) : v).join(" ")}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength}${v.resizable ? `/${v.maxByteLength}` : ""})[${Array.from(new Uint8Array(v).subarray(0, 70)).map((b) => b.toString(16).padStart(2, "0")).join("")}]`;
  if (v instanceof Map) return `Map{${[...v].map(([a, b]) => `${show(a, d + 1)} => ${show(b, d + 1)}`).join(", ")}}`;
  if (v instanceof Set) return `Set{${[...v].map((a) => show(a, d + 1)).join(", ")}}`;
  if (v instanceof Date) return `Date(${+v})`;
  if (v instanceof RegExp) return String(v);
  const keys = Reflect.ownKeys(v).filter((k) => !/cloudflare:|kResource/.test(String(k)));
  return `${tag === "Object" ? "" : tag ?? "null-proto "}{${keys.map((k) => { let x; const de = Object.getOwnPropertyDescriptor(v, k); try { x = "value" in de ? show(de.value, d + 1) : `<${de.get ? "get" : ""}${de.set ? "set" : ""}>`; } catch (e) { x = "throws " + e } return `${String(k)}${de.enumerable ? "" : "!"}: ${x}`; }).join(", ")}}`;
};
const fact = async (name, f) => {
  try {
    let t; const r = f();
    facts[name] = r instanceof Promise ? "P " + show(await Promise.race([r, new Promise((a) => { t = setTimeout(a, 2000, "HANGS"); })])) : show(r);
    clearTimeout(t);
  } catch (e) { try { facts[name] = "throws " + show(e); } catch (g) { facts[name] = "throws weird " + typeof e; } }
};
