// data: URLs, as fetch() answers them.
import { mimeType } from "internal:body";
import { globals } from "internal:encoding";
import { Response } from "internal:fetch";

const { fromBase64 } = Uint8Array;
const { unescape } = globalThis;
const encoder = new globals.TextEncoder();
const encode = encoder.encode.bind(encoder);
const LOOSE = { lastChunkHandling: "loose" };

// Bytes that are written in base64; what is none of its letters does not count.
function decoded(text) {
  try {
    return fromBase64.call(Uint8Array, text, LOOSE);
  } catch {
    let letters = text.replace(/[^A-Za-z0-9+/]+/g, "");
    if (letters.length % 4 === 1) letters = letters.slice(0, -1);
    return fromBase64.call(Uint8Array, letters, LOOSE);
  }
}

function bytesOf(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// The answer to a request for such a URL; undefined if it is none.
export function dataResponse(url, method) {
  const hash = url.indexOf("#");
  const rest = hash === -1 ? url.slice(5) : url.slice(5, hash);
  const comma = rest.indexOf(",");
  if (comma === -1) return undefined;
  let type = rest.slice(0, comma).trim();
  const isBase64 = /; *base64$/i.test(type);
  if (isBase64) type = type.slice(0, type.lastIndexOf(";"));
  if (type.startsWith(";")) type = `text/plain${type}`;
  const headers = { "content-type": mimeType(type) || "text/plain;charset=US-ASCII" };
  if (method !== "GET") return new Response("", { headers, statusText: "OK" });
  const text = rest.slice(comma + 1);
  const plain = text.includes("%") ? unescape(text.replace(/%u/gi, "%25u")) : text;
  const bytes = isBase64 ? decoded(plain) : plain === text ? encode(text) : bytesOf(plain);
  return new Response(bytes, { headers, statusText: "OK" });
}
