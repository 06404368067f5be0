// Files that are open, and files read and written whole.
import { Buffer } from "node:buffer";
import { ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, validateBoolean, validateInteger, validateUint32 } from "internal:node/errors";
import { bytesOf, given, givenAs, lookUp, validateEncoding, validateFd, validateMode } from "./arguments.js";
import { constants } from "./constants.js";
import { failed } from "./failures.js";
import { pathOf } from "./paths.js";
import { Device, File, fileAt, find, Folder, Link, Stdio } from "./tree.js";

// Files that are open, by their descriptors.
const open = new Map();
const OPEN_MAX = 4096;
// What is taken of one writing to a stream of the process.
const STDIO_MAX = 16 * 1024;
let lastFd = 2;
for (const fd of [0, 1, 2]) open.set(fd, { node: new Stdio(fd !== 0), path: undefined, how: fd === 0 ? "r" : "w", at: 0 });
const MODES = { r: "r", rs: "r", sr: "r", "r+": "rw", "rs+": "rw", "sr+": "rw", w: "wct", wx: "wctx", xw: "wctx", "w+": "rwct", "wx+": "rwctx", "xw+": "rwctx", a: "wca", ax: "wcax", xa: "wcax", as: "wca", sa: "wca", "a+": "rwca", "ax+": "rwcax", "xa+": "rwcax", "as+": "rwca", "sa+": "rwca" };
function modeOf(flags) {
  if (typeof flags === "number") {
    const access = flags & 3;
    return (access === 0 ? "r" : access === 1 ? "w" : "rw") + (flags & constants.O_CREAT ? "c" : "") + (flags & constants.O_TRUNC ? "t" : "") + (flags & constants.O_EXCL ? "x" : "") + (flags & constants.O_APPEND ? "a" : "");
  }
  const mode = MODES[flags];
  if (typeof flags !== "string" || mode === undefined) throw ERR_INVALID_ARG_VALUE("flags", flags);
  return mode;
}

// `open` says of all failures where, `writeAll` only of what it did not find.
function openNode(path, mode, syscall) {
  const where = syscall === "open" ? path : undefined;
  let { parent, name, node, blocked } = find(path);
  if (node !== undefined && mode.includes("x")) throw failed("EEXIST", syscall, where);
  if (node === undefined) {
    if (blocked) throw failed("ENOTDIR", syscall, where);
    if (!mode.includes("c")) throw failed("ENOENT", syscall, path);
    if (find(path, false).node instanceof Link) throw failed(where === undefined ? "EEXIST" : "EIO", syscall, where);
    if (parent === undefined) throw failed("ENOENT", syscall, path);
    if (!parent.writable) throw failed("EPERM", syscall, where);
    node = new File(true);
    parent.entries.set(name, node);
  }
  if (mode.includes("w")) {
    if (node instanceof Folder) throw failed("EISDIR", syscall, where);
    if (!node.writable) throw failed("EPERM", syscall, where);
    if (mode.includes("t")) node.set(new Uint8Array(0));
  }
  return node;
}

export function opened(fd, syscall = "read") {
  validateFd(fd);
  lookUp();
  const file = open.get(fd);
  if (file === undefined) throw failed("EBADF", syscall);
  return file;
}
export const isFd = (value) => typeof value === "number";

export function openSync(path, flags = "r", mode = 0o666) {
  validateMode(mode, 0o666);
  const how = modeOf(flags ?? "r");
  path = pathOf(path);
  const node = openNode(path, how, "open");
  if (open.size >= OPEN_MAX) throw failed("EMFILE", "open", path, "too many open files");
  const fd = ++lastFd;
  open.set(fd, { node, path, how, at: how.includes("a") ? node.size : 0 });
  return fd;
}
export function closeSync(fd) {
  validateFd(fd);
  if (fd > 2) open.delete(fd);
}
function readInto(file, target, position) {
  const { node } = file;
  if (node instanceof Folder) throw failed("EISDIR", "read");
  if (!file.how.includes("r")) throw failed("EPERM", "read");
  if (node instanceof Device) {
    if (node.kind === "null") return 0;
    if (node.kind === "random") crypto.getRandomValues(target);
    else target.fill(0);
    return target.length;
  }
  const at = position ?? file.at;
  const part = node.bytes.subarray(at, at + target.length);
  target.set(part);
  if (position === null || position === undefined) file.at += part.length;
  return part.length;
}
function positionOf(position) {
  if (position === undefined || position === null || position === -1) return null;
  if (typeof position !== "number" && typeof position !== "bigint") throw ERR_INVALID_ARG_TYPE("position", ["bigint", "integer", "null"], position);
  if (typeof position === "number") validateUint32(position, "position");
  return Number(position);
}
// The part of a buffer that is to be read into or written from.
function partOf(buffer, offset, length) {
  if (typeof offset === "object" && offset !== null) ({ offset, length } = offset);
  offset ??= 0;
  validateInteger(offset, "offset", 0);
  length ??= buffer.byteLength - offset;
  return [offset, length];
}
function validateViews(buffers) {
  if (!Array.isArray(buffers) || !buffers.every((each) => ArrayBuffer.isView(each))) throw ERR_INVALID_ARG_TYPE("buffer", "ArrayBufferView[]", buffers);
}
export function readSync(fd, buffer, offset, length, position) {
  const file = opened(fd);
  if (!ArrayBuffer.isView(buffer)) throw ERR_INVALID_ARG_TYPE("buffer", ["Buffer", "TypedArray", "DataView"], buffer);
  if (typeof offset === "object" && offset !== null) ({ position } = offset);
  [offset, length] = partOf(buffer, offset, length);
  validateUint32(length, "length");
  if (length > buffer.byteLength - offset) throw ERR_OUT_OF_RANGE("length", `<= ${buffer.byteLength - offset}`, length);
  return readInto(file, new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), positionOf(position));
}
Object.defineProperty(readSync, "length", { value: 2 });
function writeFrom(file, bytes, position) {
  if (!file.how.includes("w")) throw failed("EPERM", "write");
  if (file.node instanceof Stdio) return Math.min(bytes.length, STDIO_MAX);
  const at = file.how.includes("a") ? file.node.size : (position ?? file.at);
  file.node.put(bytes, at);
  if (position === null || position === undefined) file.at = at + bytes.length;
  return bytes.length;
}
export function writeSync(fd, buffer, offset, length, position) {
  const file = opened(fd);
  if (typeof buffer === "string") return writeFrom(file, Buffer.from(buffer, length), positionOf(offset));
  if (!ArrayBuffer.isView(buffer)) throw ERR_INVALID_ARG_TYPE("buffer", ["string", "Buffer", "TypedArray", "DataView"], buffer);
  const bytes = bytesOf(buffer);
  if (typeof offset === "object" && offset !== null) ({ position } = offset);
  [offset, length] = partOf(bytes, offset, length);
  if (offset > bytes.length) throw ERR_BUFFER_OUT_OF_BOUNDS("offset");
  validateInteger(length, "length", 0);
  if (length > bytes.length - offset) throw ERR_BUFFER_OUT_OF_BOUNDS("length");
  return writeFrom(file, bytes.subarray(offset, offset + length), positionOf(position));
}
Object.defineProperty(writeSync, "length", { value: 2 });
export function readvSync(fd, buffers, position) {
  validateViews(buffers);
  let total = 0;
  for (const buffer of buffers) {
    const count = readSync(fd, buffer, 0, buffer.byteLength, position === undefined || position === null ? null : position + total);
    total += count;
    if (count < buffer.byteLength) break;
  }
  return total;
}
Object.defineProperty(readvSync, "length", { value: 2 });
export function writevSync(fd, buffers, position) {
  validateViews(buffers);
  let total = 0;
  for (const buffer of buffers) total += writeSync(fd, buffer, 0, buffer.byteLength, position === undefined || position === null ? null : position + total);
  return total;
}
Object.defineProperty(writevSync, "length", { value: 2 });

export function readFileSync(path, options) {
  const { encoding = null, flag = "r" } = given(options);
  if (encoding !== null) validateEncoding(encoding);
  modeOf(flag);
  if (isFd(path)) return givenAs(opened(path, "fread").node.bytes, encoding);
  return givenAs(fileAt(pathOf(path), "readAll").bytes, encoding);
}
Object.defineProperty(readFileSync, "length", { value: 1 });
export function blobOf(path, type) {
  return new Blob([fileAt(pathOf(path), "open").bytes], { type });
}
function writeWhole(path, data, options, flag) {
  const isNumber = isFd(path);
  if (isNumber) validateFd(path);
  else path = pathOf(path);
  const { encoding, flag: flags, flush, mode } = { ...{ encoding: "utf8", flag, flush: false, mode: 0o666 }, ...given(options) };
  validateEncoding(encoding);
  validateBoolean(flush, "options.flush");
  validateMode(mode, 0o666, "options.mode");
  const how = modeOf(flags);
  if (!how.includes("w")) throw ERR_INVALID_ARG_VALUE("flag", flags, "must be indicate write or append");
  const bytes = bytesOf(data, encoding);
  if (isNumber) return writeFrom(opened(path, "fwrite"), bytes, null);
  const node = openNode(path, how.includes("c") ? how : `${how}c`, "writeAll");
  if (how.includes("a")) node.put(bytes, node.size);
  else node.set(new Uint8Array(bytes));
  return bytes.length;
}
export function writeFileSync(path, data, options) {
  return writeWhole(path, data, options, "w");
}
Object.defineProperty(writeFileSync, "length", { value: 2 });
export function appendFileSync(path, data, options) {
  return writeWhole(path, data, options, "a");
}
Object.defineProperty(appendFileSync, "length", { value: 2 });
