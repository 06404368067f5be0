// Paths of files, which are those of file: URLs.
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } from "internal:node/errors";

const PLAIN = /^(?:\/[\w-]+(?:\.[\w-]+)*)+$/;
const LENGTH_MAX = 4096, PARTS_MAX = 48;
export function urlOf(value) {
  if (value instanceof URL) return value;
  if (Buffer.isBuffer(value)) value = value.toString();
  else if (typeof value !== "string") throw ERR_INVALID_ARG_TYPE("path", ["string", "Buffer", "URL"], value);
  if (value.includes("\0")) throw ERR_INVALID_ARG_VALUE("path", value, "must not contain null bytes");
  value = value.replace(/[#?]/g, encodeURIComponent).replaceAll("//", "/");
  return new URL(value, value.startsWith("/") ? "file://" : `file://${cwd()}/`);
}
export function pathOf(value) {
  if (typeof value === "string" && value.length < PARTS_MAX && PLAIN.test(value)) return value;
  const { protocol, host, pathname } = urlOf(value);
  if (protocol !== "file:") throw new TypeError("File path must be a file: URL");
  if (host !== "") throw new Error("File path must not have a host");
  if (pathname.length > LENGTH_MAX) throw new Error("File path is too long");
  if (pathname.split("/").length - 1 > PARTS_MAX) throw new Error("File path has too many segments");
  return pathname;
}
// What need not be escaped is not.
export function settled(path) {
  if (!path.includes("%")) return path;
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[\w!$&'()*+,\-.:;=@~]/.test(char) ? char : escape;
  });
}

export const cwd = () => globalThis.process?.cwd?.() ?? "/bundle";
export const partsOf = (path) => settled(path).split("/").filter((part) => part !== "");
