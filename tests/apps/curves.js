// @noble/curves: curves in JavaScript alone.
// flags: nodejs_compat
import { p256 } from "@noble/curves/nist.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { Buffer } from "node:buffer";

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

const hex = (b) => Buffer.from(b).toString("hex");
export default {
  async fetch(request, env, ctx) {
    await fact("hex(p256.getPublicKey(new Uint8Array(32).fill(7)))", async () => (hex(p256.getPublicKey(new Uint8Array(32).fill(7)))));
    await fact("hex(ed25519.sign(new Uint8Array(3), new Uint8Array(32).fill(7)))", async () => (hex(ed25519.sign(new Uint8Array(3), new Uint8Array(32).fill(7)))));
    await fact("hex(x25519.getPublicKey(new Uint8Array(32).fill(7)))", async () => (hex(x25519.getPublicKey(new Uint8Array(32).fill(7)))));
    await fact("ed25519.verify(new Uint8Array(64), new Uint8Array(3), new Uint8Array(32))", async () => (ed25519.verify(new Uint8Array(64), new Uint8Array(3), new Uint8Array(32))));
    return Response.json(facts);
  },
};
