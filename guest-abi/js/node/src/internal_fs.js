// The files that a Worker sees: /bundle with its modules, /tmp in memory, /dev; and what is done
// with them at once. Part of node:fs and node:fs/promises.
import native from "internal:native";
import { flights } from "internal:flights";
import { Buffer } from "node:buffer";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, validateBoolean, validateFunction, validateInteger, validateObject, validateOneOf, validateString, validateUint32 } from "internal:node/errors";
import { found, matcher } from "./glob.js";
import tables from "./constants.json";

const NAMES = "UV_FS_SYMLINK_DIR UV_FS_SYMLINK_JUNCTION O_RDONLY O_WRONLY O_RDWR UV_DIRENT_UNKNOWN UV_DIRENT_FILE UV_DIRENT_DIR UV_DIRENT_LINK UV_DIRENT_FIFO UV_DIRENT_SOCKET UV_DIRENT_CHAR UV_DIRENT_BLOCK EXTENSIONLESS_FORMAT_JAVASCRIPT EXTENSIONLESS_FORMAT_WASM S_IFMT S_IFREG S_IFDIR S_IFCHR S_IFBLK S_IFIFO S_IFLNK S_IFSOCK O_CREAT O_EXCL UV_FS_O_FILEMAP O_NOCTTY O_TRUNC O_APPEND O_DIRECTORY O_NOATIME O_NOFOLLOW O_SYNC O_DSYNC O_DIRECT O_NONBLOCK S_IRWXU S_IRUSR S_IWUSR S_IXUSR S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH S_IXOTH F_OK R_OK W_OK X_OK UV_FS_COPYFILE_EXCL COPYFILE_EXCL UV_FS_COPYFILE_FICLONE COPYFILE_FICLONE UV_FS_COPYFILE_FICLONE_FORCE COPYFILE_FICLONE_FORCE";
export const constants = Object.create(null);
for (const name of NAMES.split(" ")) constants[name] = tables.constants[name];
// The numbers of the other module are another system's.
Object.assign(constants, { O_APPEND: 1024, O_CREAT: 64, O_DIRECTORY: 65536, O_DSYNC: 4096, O_EXCL: 128, O_NOCTTY: 256, O_NOFOLLOW: 131072, O_NONBLOCK: 2048, O_SYNC: 1052672, O_TRUNC: 512 });
// In the field it is a module's namespace.
Object.defineProperty(constants, Symbol.toStringTag, { value: "Module" });

// ---- Failures ----

const TEXTS = { ENOENT: "no such file or directory", EPERM: "operation not permitted", EISDIR: "illegal operation on a directory", ENOTDIR: "not a directory", EEXIST: "file already exists", ENOTEMPTY: "directory not empty", EBADF: "bad file descriptor", ELOOP: "too many symbolic links encountered", EINVAL: "invalid argument", EIO: "input/output error" };
// An absolute path is shown as it was looked up.
function failed(code, syscall, path, text) {
  if (path !== undefined) path = settled(path);
  const shown = text ?? (path === undefined ? TEXTS[code] : `${TEXTS[code]}, ${syscall} '${path}'`);
  const error = new Error(shown);
  error.syscall = syscall;
  error.code = code;
  if (path !== undefined) error.path = path;
  return error;
}
function named(code, errno, syscall, path) {
  const error = coded(Error, `ERR_${code}`, `${TEXTS[code]}, ${syscall} '${path}'`);
  error.code = code;
  error.name = "Error";
  delete error.toString;
  return Object.assign(error, { syscall, errno, path });
}
const noEntry = (syscall, path) => named("ENOENT", -2, syscall, path);

export function unsupported() {
  return coded(Error, "ERR_UNSUPPORTED_OPERATION", "The requested operation is unsupported");
}

// ---- The tree ----

const MAX_BYTES = 64 * 1024 * 1024;

class File {
  constructor(writable, bytes = new Uint8Array(0)) {
    this.writable = writable;
    this.held = bytes;
    this.size = bytes.length;
    this.mtime = 0;
  }
  get bytes() {
    return this.held.subarray(0, this.size);
  }
  set(bytes) {
    this.held = bytes;
    this.size = bytes.length;
  }
  resize(size) {
    if (size > MAX_BYTES) throw failed("EPERM", "write", undefined, "File size limit exceeded");
    if (size > this.held.length) {
      const grown = new Uint8Array(Math.max(size, this.held.length * 2));
      grown.set(this.bytes);
      this.held = grown;
    } else if (size > this.size) this.held.fill(0, this.size, size);
    this.size = size;
  }
  put(bytes, at) {
    if (at + bytes.length > this.size) this.resize(at + bytes.length);
    this.held.set(bytes, at);
  }
}
class Device {
  constructor(kind) {
    this.kind = kind;
    this.writable = true;
    this.mtime = 0;
    this.size = 0;
  }
  get bytes() {
    return new Uint8Array(0);
  }
  set() {
    if (this.kind === "full") throw failed("EPERM", "write");
  }
  put() {
    this.set();
  }
  resize() {}
}
class Folder {
  constructor(writable) {
    this.writable = writable;
    this.entries = new Map();
    this.mtime = 0;
    this.size = 0;
  }
  // The last takes the place of what goes, which listings show.
  remove(name) {
    const all = [...this.entries];
    const at = all.findIndex(([each]) => each === name);
    if (at === -1) return;
    this.entries.delete(name);
    if (at === all.length - 1) return;
    for (const [each] of all.slice(at)) this.entries.delete(each);
    for (const [each, node] of [all.at(-1), ...all.slice(at + 1, -1)]) this.entries.set(each, node);
  }
}
class Link {
  constructor(target) {
    this.target = target;
    this.writable = false;
    this.mtime = 0;
    this.size = 0;
  }
}
// A module of the bundle, read when somebody looks.
class Source extends File {
  constructor(name) {
    super(false);
    this.name = name;
    this.size = -1;
  }
  get bytes() {
    if (this.read === undefined) {
      this.read = new Uint8Array(native.bundleFile(this.name) ?? 0);
      this.size = this.read.length;
    }
    return this.read;
  }
}

// Each request has a /tmp of its own, and so has what runs before the first; that of one that is over
// goes when another is made.
const temporaries = new Map();
function temporary() {
  const id = native.currentRequest();
  let folder = temporaries.get(id);
  if (folder === undefined) {
    for (const other of temporaries.keys()) if (!flights.has(other) && !native.waits(other)) temporaries.delete(other);
    temporaries.set(id, (folder = new Folder(true)));
  }
  return folder;
}

const root = new Folder(false);
root.entries.set("bundle", new Folder(false)).set("tmp", temporary()).set("dev", new Folder(false));
for (const kind of ["null", "zero", "full", "random"]) root.entries.get("dev").entries.set(kind, new Device(kind));
for (const name of native.bundleNames()) {
  const parts = name.split("/");
  let folder = root.entries.get("bundle");
  for (const part of parts.slice(0, -1)) {
    if (!(folder.entries.get(part) instanceof Folder)) folder.entries.set(part, new Folder(false));
    folder = folder.entries.get(part);
  }
  folder.entries.set(parts.at(-1), new Source(name));
}

// Paths are those of file: URLs, which most are already as they stand.
const PLAIN = /^(?:\/[\w-]+(?:\.[\w-]+)*)+$/;
const LENGTH_MAX = 4096, PARTS_MAX = 48;
function urlOf(value) {
  if (value instanceof URL) return value;
  if (Buffer.isBuffer(value)) value = value.toString();
  else if (typeof value !== "string") throw ERR_INVALID_ARG_TYPE("path", ["string", "Buffer", "URL"], value);
  if (value.includes("\0")) throw ERR_INVALID_ARG_VALUE("path", value.replaceAll("\0", "\\x00"), "must not contain null bytes");
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
function settled(path) {
  if (!path.includes("%")) return path;
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[\w!$&'()*+,\-.:;=@~]/.test(char) ? char : escape;
  });
}

const cwd = () => globalThis.process?.cwd?.() ?? "/bundle";
export const partsOf = (path) => settled(path).split("/").filter((part) => part !== "");
const nameOf = (path) => partsOf(path).at(-1) ?? "";

// While arguments alone are checked, nothing is looked up.
const CHECKED = Symbol("checked");
let checking = false;
const isPaths = (error) => error.code === "ERR_INVALID_ARG_TYPE" && error.message.startsWith('The "path" ');
export function check(work, args, inside) {
  checking = true;
  try {
    work(...args);
  } catch (error) {
    if (error !== CHECKED && !(inside && isPaths(error))) throw error;
  } finally {
    checking = false;
  }
}

// What a path names: the folder it is in, its last part, and the node, if there is one.
function find(path, follow = true, depth = 0) {
  if (checking) throw CHECKED;
  const parts = partsOf(path);
  if (depth === 0) root.entries.set("tmp", temporary());
  let parent = root, node = root, at = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    // `blocked`: what should be a folder is none.
    if (!(node instanceof Folder)) return { parent: undefined, name: parts.at(-1), node: undefined, at, blocked: true };
    parent = node;
    node = parent.entries.get(part);
    if (node === undefined && parent !== root && !parent.writable && part.includes("%")) node = parent.entries.get(Buffer.from(unescape(part), "latin1").toString());
    const isLast = index === parts.length - 1;
    if (node instanceof Link && (follow || !isLast)) {
      if (depth > 40) throw failed("ELOOP", "stat", undefined, "symlink depth exceeded");
      return find([node.target, ...parts.slice(index + 1)].join("/"), follow, depth + 1);
    }
    if (node === undefined && !isLast) return { parent: undefined, name: parts.at(-1), node: undefined, at, blocked: false };
    at.push(part);
  }
  return { parent, name: parts.at(-1) ?? "", node, at, blocked: false };
}

function fileAt(path, syscall) {
  const { node } = find(path);
  if (node === undefined) throw failed("ENOENT", syscall, path);
  if (node instanceof Folder) throw failed("EISDIR", syscall);
  return node;
}
// The folder that something is to be put into.
function place(path, syscall) {
  const found = find(path, false);
  if (found.parent === undefined) throw found.blocked ? failed("ENOTDIR", syscall) : failed("ENOENT", syscall, found.name);
  return found;
}
function add({ parent, name }, node, syscall) {
  if (!parent.writable) throw failed("EPERM", syscall);
  parent.remove(name);
  parent.entries.set(name, node);
}

// ---- What is asked of it ----

const OCTAL = "must be a 32-bit unsigned integer or an octal string";
// Modes are looked at and not kept.
function validateMode(mode, standard, name = "mode") {
  if (standard !== undefined) mode ??= standard;
  if (typeof mode === "string") {
    if (!/^[0-7]+$/.test(mode)) throw ERR_INVALID_ARG_VALUE(name, mode, OCTAL);
    mode = Number.parseInt(mode, 8);
  }
  validateUint32(mode, name);
}
const validateFd = (fd) => validateInteger(fd, "fd", 0, 2147483647);
function validateOwner(uid, gid) {
  validateInteger(uid, "uid", -1, 4294967295);
  validateInteger(gid, "gid", -1, 4294967295);
}
function validateRetries({ maxRetries = 0, recursive = false, retryDelay = 0 }) {
  validateUint32(maxRetries, "options.maxRetries");
  validateBoolean(recursive, "options.recursive");
  validateUint32(retryDelay, "options.retryDelay");
}

// Options as an object; a string is an encoding.
function given(options, whole = true) {
  if (whole && (typeof options === "string" || options === null)) options = { encoding: options };
  if (options === undefined) options = {};
  validateObject(options, "options");
  const kept = {};
  for (const name in options) if (options[name] !== undefined) kept[name] = options[name];
  return kept;
}
function validateEncoding(encoding) {
  if (encoding !== "buffer" && !Buffer.isEncoding(encoding)) throw ERR_INVALID_ARG_VALUE("options.encoding", encoding);
}
const ENCODINGS = ["utf8", "utf-8", "hex", "base64", "base64url", "latin1", "binary", "ascii", "ucs2", "ucs-2", "utf16le", "utf-16le", "buffer"];
export function optionsOf(options, defaults = {}) {
  if (options === null || options === undefined || typeof options === "function") return { ...defaults };
  if (typeof options === "string") options = { encoding: options };
  validateObject(options, "options");
  const all = { ...defaults, ...options };
  if (all.encoding !== undefined && all.encoding !== null && !ENCODINGS.includes(all.encoding)) throw ERR_INVALID_ARG_VALUE("options.encoding", all.encoding);
  return all;
}
const givenAs = (bytes, encoding) => {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === null || encoding === "buffer" ? buffer : buffer.toString(encoding);
};
export const bytesOf = (data, encoding) => {
  if (typeof data === "string") return Buffer.from(data, encoding === "buffer" ? undefined : (encoding ?? undefined));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw ERR_INVALID_ARG_TYPE("data", ["string", "Buffer", "TypedArray", "DataView"], data);
};

export class Stats {
  constructor(node, isLink, big) {
    const kind = node instanceof Folder ? constants.S_IFDIR : isLink ? constants.S_IFLNK : node instanceof Device ? constants.S_IFCHR : constants.S_IFREG;
    const size = node instanceof Source ? node.bytes.length : node.size;
    const number = big ? BigInt : Number;
    const mode = node instanceof Folder ? kind | (node.writable ? 0o666 : 0o444) : kind | (node.writable ? 0o666 : 0o444);
    Object.assign(this, { dev: number(0), ino: number(0), mode: number(mode), nlink: number(1), uid: number(0), gid: number(0), rdev: number(0), size: number(size), blksize: number(0), blocks: number(0), atimeMs: number(0), mtimeMs: number(Math.trunc(node.mtime)), ctimeMs: number(Math.trunc(node.mtime)), birthtimeMs: number(0) });
    const nanos = (ms) => BigInt(Math.trunc(ms)) * 1000000n;
    Object.assign(this, { atimeNs: big ? 0n : undefined, mtimeNs: big ? nanos(node.mtime) : undefined, ctimeNs: big ? nanos(node.mtime) : undefined, birthtimeNs: big ? 0n : undefined });
    Object.assign(this, { atime: new Date(0), mtime: new Date(node.mtime), ctime: new Date(node.mtime), birthtime: new Date(0) });
  }
  #is(kind) {
    return (Number(this.mode) & constants.S_IFMT) === kind;
  }
  isFile() {
    return this.#is(constants.S_IFREG);
  }
  isDirectory() {
    return this.#is(constants.S_IFDIR);
  }
  isBlockDevice() {
    return false;
  }
  isCharacterDevice() {
    return this.#is(constants.S_IFCHR);
  }
  isSymbolicLink() {
    return this.#is(constants.S_IFLNK);
  }
  isFIFO() {
    return false;
  }
  isSocket() {
    return false;
  }
}
Object.defineProperty(Stats, "length", { value: 3 });

export class Dirent {
  #node;
  constructor(name, type, path) {
    this.name = name;
    this.parentPath = path;
    this.#node = type;
  }
  isFile() {
    return this.#node instanceof File;
  }
  isDirectory() {
    return this.#node instanceof Folder;
  }
  isBlockDevice() {
    return false;
  }
  isCharacterDevice() {
    return this.#node instanceof Device;
  }
  isSymbolicLink() {
    return this.#node instanceof Link;
  }
  isFIFO() {
    return false;
  }
  isSocket() {
    return false;
  }
}

// Files that are open, by their descriptors.
const open = new Map();
const OPEN_MAX = 4096;
let lastFd = 2;
// What a process begins with: nothing to read, and what is written goes nowhere.
for (const fd of [0, 1, 2]) open.set(fd, { node: new Device("null"), path: undefined, how: fd === 0 ? "r" : "w", at: 0 });
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

function opened(fd, syscall = "read") {
  validateFd(fd);
  if (checking) throw CHECKED;
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
const positionOf = (position) => (position === undefined || position === null || position === -1 ? null : Number(position));
export function readSync(fd, buffer, offset, length, position) {
  const file = opened(fd);
  if (!ArrayBuffer.isView(buffer)) throw ERR_INVALID_ARG_TYPE("buffer", ["Buffer", "TypedArray", "DataView"], buffer);
  if (typeof offset === "object" && offset !== null) ({ offset, length, position } = offset);
  offset ??= 0;
  length ??= buffer.byteLength - offset;
  return readInto(file, new Uint8Array(buffer.buffer, buffer.byteOffset + offset, Math.min(length, buffer.byteLength - offset)), positionOf(position));
}
Object.defineProperty(readSync, "length", { value: 2 });
function writeFrom(file, bytes, position) {
  if (!file.how.includes("w")) throw failed("EPERM", "write");
  const at = file.how.includes("a") ? file.node.size : (position ?? file.at);
  file.node.put(bytes, at);
  if (position === null || position === undefined) file.at = at + bytes.length;
  return bytes.length;
}
export function writeSync(fd, buffer, offset, length, position) {
  const file = opened(fd);
  if (typeof buffer === "string") return writeFrom(file, Buffer.from(buffer, length), positionOf(offset));
  let bytes = bytesOf(buffer);
  if (typeof offset === "object" && offset !== null) ({ offset, length, position } = offset);
  offset ??= 0;
  length ??= bytes.length - offset;
  return writeFrom(file, bytes.subarray(offset, offset + length), positionOf(position));
}
Object.defineProperty(writeSync, "length", { value: 2 });
export function readvSync(fd, buffers, position) {
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

export function existsSync(path) {
  try {
    return find(pathOf(path)).node !== undefined;
  } catch {
    return false;
  }
}
export function accessSync(path, mode = 0) {
  path = pathOf(path);
  validateInteger(mode ?? 0, "mode", 0, 7);
  const { node } = find(path);
  if (node === undefined || (mode & constants.W_OK && !node.writable) || mode & constants.X_OK) throw noEntry("access", path);
}
Object.defineProperty(accessSync, "length", { value: 1 });
function statOf(path, options, follow, syscall) {
  const { bigint = false, throwIfNoEntry = true } = given(options, false);
  validateBoolean(bigint, "options.bigint");
  validateBoolean(throwIfNoEntry, "options.throwIfNoEntry");
  if (isFd(path)) return new Stats(opened(path, "fstat").node, false, bigint);
  path = pathOf(path);
  const { node } = find(path, follow);
  if (node === undefined) {
    if (!throwIfNoEntry) return undefined;
    throw noEntry(syscall, path);
  }
  return new Stats(node, node instanceof Link, bigint);
}
export function statSync(path, options) {
  return statOf(path, options, true, "stat");
}
export function lstatSync(path, options) {
  return statOf(path, options, false, "lstat");
}
for (const made of [statSync, lstatSync]) Object.defineProperty(made, "length", { value: 1 });
export function fstatSync(fd, options) {
  const { bigint = false } = given(options, false);
  validateBoolean(bigint, "options.bigint");
  if (typeof fd !== "number") throw ERR_INVALID_ARG_TYPE("fd", "number", fd);
  return new Stats(opened(fd, "fstat").node, false, bigint);
}
Object.defineProperty(fstatSync, "length", { value: 1 });
export function statfsSync(path, options) {
  urlOf(path);
  const { bigint = false } = given(options, false);
  validateBoolean(bigint, "options.bigint");
  const zero = bigint ? 0n : 0;
  return { type: zero, bsize: zero, blocks: zero, bfree: zero, bavail: zero, files: zero, ffree: zero };
}
Object.defineProperty(statfsSync, "length", { value: 1 });

export function mkdirSync(path, options) {
  const { recursive = false, mode = 0o777 } = typeof options === "number" ? { mode: options } : given(options, false);
  validateBoolean(recursive, "options.recursive");
  validateMode(mode);
  path = pathOf(path);
  const { node } = find(path, false);
  if (node instanceof Folder) return undefined;
  if (node !== undefined) throw failed("EEXIST", "mkdir");
  if (!recursive) {
    const found = find(path.replace(/\/+$/, ""), false);
    if (found.parent === undefined) throw found.blocked ? failed("ENOTDIR", "mkdir") : failed("ENOENT", "mkdir", found.name);
    add(found, new Folder(true), "mkdir");
    return undefined;
  }
  const parts = partsOf(path);
  let folder = root, first;
  for (const [at, part] of parts.entries()) {
    let next = folder.entries.get(part);
    if (next === undefined) {
      next = new Folder(true);
      add({ parent: folder, name: part }, next, "mkdir");
      // The path's own folder is not told of.
      if (at < parts.length - 1) first ??= `/${parts.slice(0, at + 1).join("/")}`;
    }
    if (!(next instanceof Folder)) throw failed("ENOTDIR", "mkdir");
    folder = next;
  }
  return first;
}
Object.defineProperty(mkdirSync, "length", { value: 1 });
let made = 0;
export function mkdtempSync(prefix, options) {
  const { encoding = "utf8" } = given(options);
  validateEncoding(encoding);
  const path = pathOf(prefix);
  const { node } = find(path, false);
  if (node instanceof Folder) throw Object.assign(named("EINVAL", -22, "mkdtemp", undefined), { message: TEXTS.EINVAL });
  if (node !== undefined) throw failed("EEXIST", "mkdir");
  const found = place(path, "mkdir");
  const name = `${found.name}${made++}`;
  add({ parent: found.parent, name }, new Folder(true), "mkdir");
  return `/${[...partsOf(path).slice(0, -1), name].join("/")}`;
}
Object.defineProperty(mkdtempSync, "length", { value: 1 });
export function readdirSync(path, options) {
  const { withFileTypes = false, recursive = false, encoding = "utf8" } = given(options);
  validateEncoding(encoding);
  validateBoolean(withFileTypes, "options.withFileTypes");
  validateBoolean(recursive, "options.recursive");
  path = pathOf(path);
  const { node } = find(path, false);
  if (node === undefined) throw failed("ENOENT", "readdir", path);
  if (!(node instanceof Folder)) throw failed(node instanceof Link ? "EINVAL" : "ENOTDIR", "readdir", path);
  const all = [];
  const coded = (name) => (encoding === "buffer" ? Buffer.from(name) : encoding === "utf8" ? name : Buffer.from(name).toString(encoding));
  const walk = (folder, where, depth) => {
    if (depth > 40) throw failed("ELOOP", "readdir", undefined, "symlink depth exceeded");
    for (const [name, entry] of folder.entries) {
      const shown = recursive ? [...where, name].join("/") : name;
      if (withFileTypes) all.push(new Dirent(encoding === "buffer" ? Buffer.from(shown) : shown, entry, `/${where.join("/")}`));
      else all.push(coded(shown));
      if (!recursive) continue;
      const inner = entry instanceof Link ? find(entry.target).node : entry;
      if (inner instanceof Folder) walk(inner, [...where, name], depth + 1);
    }
  };
  walk(node, partsOf(path), 0);
  return all;
}
Object.defineProperty(readdirSync, "length", { value: 1 });

export function unlinkSync(path) {
  path = pathOf(path);
  const found = find(path, false);
  if (found.parent === undefined && found.blocked) throw failed("ENOTDIR", "unlink", undefined, "Parent path is not a directory");
  const target = found.node instanceof Link ? find(path).node : found.node;
  if (target === undefined) throw failed("ENOENT", "unlink", found.name, "File not found");
  if (target instanceof Folder) throw failed("EISDIR", "unlink", undefined, "Cannot unlink a directory");
  if (!found.parent.writable) throw failed("EPERM", "unlink");
  found.parent.remove(found.name);
}
function remove(path, recursive, foldersOnly) {
  const found = find(path, false);
  const { parent, node, name } = found;
  if (parent === undefined) throw failed(found.blocked ? "ENOTDIR" : "ENOENT", "rm", name);
  if (!parent.writable) throw failed("EPERM", "rm");
  if (foldersOnly) {
    const target = node instanceof Link ? find(path).node : node;
    if (target === undefined) throw failed("ENOENT", "rm", name);
    if (!(target instanceof Folder)) throw failed("ENOTDIR", "rm");
  }
  if (node instanceof Folder && node.entries.size > 0 && !recursive) throw failed("ENOTEMPTY", "rm", name);
  parent.remove(name);
}
export function rmSync(path, options) {
  const { force = false, recursive = false, ...rest } = given(options, false);
  validateBoolean(force, "options.force");
  validateRetries({ recursive, ...rest });
  remove(pathOf(path), recursive, false);
}
export function rmdirSync(path, options) {
  const all = given(options, false);
  validateRetries(all);
  remove(pathOf(path), all.recursive ?? false, true);
}
for (const made of [rmSync, rmdirSync]) Object.defineProperty(made, "length", { value: 1 });

export function renameSync(from, to) {
  from = pathOf(from);
  to = pathOf(to);
  const target = place(to, "rename");
  const found = place(from, "rename");
  if (!found.parent.writable) throw failed("EPERM", "rename");
  const { node } = find(from);
  if (node === undefined) throw failed("ENOENT", "rename", from);
  if (!target.parent.writable) throw failed("EPERM", "rename");
  if (partsOf(from).join("/") === partsOf(to).join("/")) return;
  if (target.node !== undefined) {
    if (node instanceof Folder) {
      if (!(target.node instanceof Folder)) throw failed("ENOTDIR", "rename");
      if (target.node.entries.size > 0) throw failed("ENOTEMPTY", "rename");
    } else if (target.node instanceof Folder) throw failed("EISDIR", "rename");
  }
  for (const inside of partsOf(to).keys()) if (node instanceof Folder && find(`/${partsOf(to).slice(0, inside).join("/")}`).node === node) throw failed("EPERM", "rename");
  target.parent.entries.set(target.name, node);
  found.parent.remove(found.name);
}
export function copyFileSync(from, to, mode = 0) {
  validateOneOf(mode, "mode", [0, constants.COPYFILE_EXCL, constants.COPYFILE_FICLONE_FORCE, constants.COPYFILE_FICLONE]);
  if (mode & constants.COPYFILE_FICLONE_FORCE) throw unsupported();
  if (mode & constants.COPYFILE_EXCL && existsSync(to)) throw named("EEXIST", -17, "copyFile", pathOf(to));
  from = pathOf(from);
  to = pathOf(to);
  const target = place(to, "copy");
  const { node } = find(from);
  if (node === undefined) throw failed("ENOENT", "copy", from);
  if (node instanceof Folder) throw failed("EISDIR", "copy");
  const old = find(to).node;
  if (old instanceof Folder) throw failed("EISDIR", "copy");
  if (old === node) return;
  if (old !== undefined && old.writable) old.set(new Uint8Array(node.bytes));
  else add(target, new File(true, new Uint8Array(node.bytes)), "copy");
}
Object.defineProperty(copyFileSync, "length", { value: 2 });
function refused(code, message) {
  const error = new Error(message);
  if (code !== undefined) error.code = code;
  return error;
}
const copied = (node) => (node instanceof Link ? new Link(node.target) : new File(true, new Uint8Array(node.bytes)));
// The folder for a path, made with those above it where it is not there.
function folderFor(parts, blocked) {
  let folder = root;
  for (const [at, part] of parts.entries()) {
    let next = folder.entries.get(part);
    if (next instanceof Link) next = find(`/${parts.slice(0, at + 1).join("/")}`).node ?? next;
    if (next === undefined) add({ parent: folder, name: part }, (next = new Folder(true)), "cp");
    if (!(next instanceof Folder)) throw failed(blocked, "cp");
    folder = next;
  }
  return folder;
}
function copyFolder(from, to, { force, errorOnExist, dereference }) {
  if (!to.writable) throw failed("EPERM", "cp", undefined, "Destination directory is not writable");
  if (from === to) throw failed("EINVAL", "cp", undefined, "Source and destination directories are the same");
  for (const [name, entry] of [...from.entries]) {
    const node = entry instanceof Link && dereference ? (find(entry.target).node ?? entry) : entry;
    const old = to.entries.get(name);
    if (node instanceof Folder) {
      if (old !== undefined && !(old instanceof Folder)) throw failed("ENOTDIR", "cp", undefined, `Cannot copy directory to non-directory: ${name}`);
      if (old === undefined) to.entries.set(name, new Folder(true));
      copyFolder(node, to.entries.get(name), { force, errorOnExist, dereference });
    } else if (old instanceof Folder) throw failed("EISDIR", "cp", undefined, `Cannot copy file to directory: ${name}`);
    else if (old === undefined || (force && old !== node)) add({ parent: to, name }, copied(node), "cp");
    else if (errorOnExist && !force) throw failed("EEXIST", "cp", undefined, `Destination already exists: ${name}`);
  }
}
export function cpSync(from, to, options) {
  const all = { dereference: false, errorOnExist: false, force: true, mode: 0, preserveTimestamps: false, recursive: false, verbatimSymlinks: false, ...given(options, false) };
  for (const name of ["dereference", "errorOnExist", "force", "preserveTimestamps", "recursive", "verbatimSymlinks"]) validateBoolean(all[name], `options.${name}`);
  validateUint32(all.mode, "options.mode");
  if (all.mode & constants.COPYFILE_FICLONE_FORCE) throw ERR_INVALID_ARG_VALUE("options.mode", "COPYFILE_FICLONE_FORCE is not supported");
  if (all.filter !== undefined) {
    if (typeof all.filter !== "function") throw ERR_INVALID_ARG_TYPE("options.filter", "function", all.filter);
    throw unsupported();
  }
  from = pathOf(from);
  to = pathOf(to);
  if (checking) throw CHECKED;
  if (from === to) throw refused(undefined, "Source and destination paths must not be the same");
  if (to.startsWith(from.endsWith("/") ? from : `${from}/`)) throw refused("ERR_FS_CP_EINVAL", `Cannot copy '${from}' to a subdirectory of itself, '${to}'`);
  const { node } = find(from, all.dereference);
  if (node === undefined) throw failed("ENOENT", "cp", from);
  const parts = partsOf(to);
  const old = find(to, all.dereference).node;
  if (node instanceof Folder) {
    if (!all.recursive) throw refused("ERR_FS_EISDIR", "Expected a file but found a directory");
    if (old instanceof Link) throw failed("ENOTDIR", "cp");
    if (old !== undefined && !(old instanceof Folder)) throw refused("ERR_FS_CP_DIR_TO_NON_DIR", "Cannot copy directory to non-directory");
    copyFolder(node, old ?? folderFor(parts, "EINVAL"), all);
    return;
  }
  if (node instanceof Link && old instanceof Folder) throw failed("ENOTDIR", "cp");
  if (old instanceof Folder) throw refused("ERR_FS_CP_NON_DIR_TO_DIR", "Cannot copy non-directory to directory");
  if (old !== undefined && !all.force) {
    if (all.errorOnExist) throw refused("ERR_FS_CP_EEXIST", "File already exists");
    return;
  }
  add({ parent: folderFor(parts.slice(0, -1), "ENOTDIR"), name: parts.at(-1) }, copied(node), "cp");
}
Object.defineProperty(cpSync, "length", { value: 2 });
// Where a link is to be, whose target is told of.
function linkPlace(path, target) {
  const { node, name } = find(path);
  if (node !== undefined) throw failed("EEXIST", "link", undefined, "File already exists");
  if (path.endsWith("/") || name === "") throw failed("EINVAL", "link", undefined, "Invalid filename");
  const found = find(path, false);
  if (found.parent === undefined) throw found.blocked ? failed("EINVAL", "link", undefined, "Not a directory") : failed("ENOENT", "link", target, "Directory does not exist");
  if (found.node !== undefined) throw failed("EEXIST", "link");
  return found;
}
export function symlinkSync(target, path, type = null) {
  validateOneOf(type, "type", ["dir", "file", "junction", null]);
  path = pathOf(path);
  target = pathOf(target);
  add(linkPlace(path, target), new Link(`/${partsOf(target).join("/")}`), "link");
}
Object.defineProperty(symlinkSync, "length", { value: 2 });
export function linkSync(existing, path) {
  path = pathOf(path);
  existing = pathOf(existing);
  const found = linkPlace(path, existing);
  const { node } = find(existing, false);
  if (node === undefined) throw failed("ENOENT", "link", existing, "File not found");
  if (node instanceof Folder) throw failed("EPERM", "link", undefined, "Cannot hardlink to a directory");
  add(found, node, "link");
}
export function readlinkSync(path, options) {
  const { encoding = "utf8" } = given(options);
  validateEncoding(encoding);
  path = pathOf(path);
  const { node } = find(path, false);
  if (node === undefined) throw failed("ENOENT", "readlink", path);
  if (!(node instanceof Link)) throw failed("EINVAL", "readlink");
  return givenAs(Buffer.from(node.target), encoding);
}
Object.defineProperty(readlinkSync, "length", { value: 1 });
export function realpathSync(path, options) {
  const { encoding = "utf8" } = given(options);
  validateEncoding(encoding);
  path = pathOf(path);
  const { node } = find(path, false);
  if (node === undefined) throw failed("ENOENT", "readlink", path);
  return givenAs(Buffer.from(node instanceof Link ? node.target : `/${partsOf(path).join("/")}`), encoding);
}
realpathSync.native = realpathSync;
Object.defineProperty(realpathSync, "length", { value: 1 });
export function validateSize(size) {
  if (typeof size !== "number") throw ERR_INVALID_ARG_TYPE("len", "number", size);
  if (!Number.isInteger(size)) throw ERR_OUT_OF_RANGE("len", "an integer", size);
  if (size < 0 || size > 4294967295) throw ERR_OUT_OF_RANGE("len", ">= 0 && < 4294967296", size);
}
function resize(node, size) {
  if (node instanceof Folder) throw failed("EISDIR", "ftruncate");
  if (!node.writable) throw failed("EPERM", "ftruncate");
  if (size > MAX_BYTES) throw failed("EPERM", "ftruncate", undefined, "File size limit exceeded");
  node.resize(size);
}
export function truncateSync(path, length = 0) {
  validateSize(length);
  resize(fileAt(pathOf(path), "ftruncate"), length);
}
Object.defineProperty(truncateSync, "length", { value: 1 });
export function ftruncateSync(fd, length = 0) {
  validateSize(length);
  resize(opened(fd, "ftruncate").node, length);
}
Object.defineProperty(ftruncateSync, "length", { value: 1 });
function dateOf(time) {
  if (time instanceof Date) return time;
  if (typeof time === "bigint") time = Number(time);
  if (typeof time !== "number" && typeof time !== "string") throw ERR_INVALID_ARG_TYPE("time", ["string", "number", "bigint", "Date"], time);
  return new Date(time);
}
function touch(node, mtime, path) {
  if (node === undefined) throw failed("ENOENT", "utimes", path);
  if (node instanceof File) node.mtime = mtime.getTime();
}
function dated(mtime) {
  mtime = dateOf(mtime);
  return () => {
    if (Number.isNaN(mtime.getTime())) throw new TypeError("The value cannot be converted because it is not a valid Date.");
    return mtime;
  };
}
export function utimesSync(path, atime, mtime) {
  dateOf(atime);
  const date = dated(mtime);
  path = pathOf(path);
  if (checking) throw CHECKED;
  touch(find(path).node, date(), path);
}
export function lutimesSync(path, atime, mtime) {
  dateOf(atime);
  const date = dated(mtime);
  path = pathOf(path);
  if (checking) throw CHECKED;
  touch(find(path, false).node, date(), path);
}
export function futimesSync(fd, atime, mtime) {
  dateOf(atime);
  const date = dated(mtime);
  validateFd(fd);
  if (checking) throw CHECKED;
  const time = date();
  touch(opened(fd, "futimes").node, time);
}
// Modes and owners are looked at and not kept.
function present(path, syscall, follow, shown) {
  if (isFd(path)) {
    opened(path, "fstat");
    return;
  }
  path = pathOf(path);
  shown ??= path;
  if (find(path, follow).node === undefined) throw noEntry(syscall, shown);
}
export function chmodSync(path, mode) {
  validateMode(mode);
  present(path, "chmod", true);
}
export function lchmodSync(path, mode) {
  validateMode(mode);
  present(path, "lchmod", false);
}
export function fchmodSync(fd, mode) {
  validateFd(fd);
  validateMode(mode);
  opened(fd, "fstat");
}
export function chownSync(path, uid, gid) {
  validateOwner(uid, gid);
  present(path, "chown", true);
}
// These forget what they were asked for.
export function lchownSync(path, uid, gid) {
  validateOwner(uid, gid);
  present(path, "lchown", false, path instanceof URL ? path.pathname : "undefined");
}
export function fchownSync(fd, uid, gid) {
  validateOwner(uid, gid);
  if (!isFd(fd)) {
    pathOf(fd);
    throw Object.assign(named("EBADF", -9, "fchown", fd), { message: "Bad file descriptor", path: undefined });
  }
  opened(fd, "fstat");
}
export function fsyncSync(fd) {
  opened(fd, "fstat");
}
export function fdatasyncSync(fd) {
  opened(fd, "fstat");
}
export function globSync(pattern, options = {}) {
  if (typeof pattern?.[Symbol.iterator] !== "function") throw new TypeError("pattern is not iterable");
  const patterns = typeof pattern === "string" ? [pattern] : [...pattern];
  for (const each of patterns) validateString(each, "pattern");
  if (typeof options !== "object" || options === null) validateObject(options, "options");
  const { exclude, withFileTypes = false } = options;
  const base = options.cwd instanceof URL ? options.cwd.pathname : (options.cwd ?? cwd());
  validateString(base, "options.cwd");
  const outside = Array.isArray(exclude) ? matcher(exclude) : () => false;
  const refuses = typeof exclude === "function" ? exclude : () => false;
  if (checking) throw CHECKED;
  const list = (path) => {
    const { node } = find(pathOf(`${base}/${path.join("/")}`), false);
    return node instanceof Folder ? [...node.entries].map(([name, entry]) => [name, entry, entry instanceof Folder]) : undefined;
  };
  const all = new Map(patterns.flatMap((each) => [...found(each, list)]));
  const results = [];
  for (const [path, node] of all) {
    if (outside(path)) continue;
    const parts = path.split("/");
    const given = withFileTypes ? new Dirent(parts.at(-1), node, [base, ...parts.slice(0, -1)].join("/")) : path;
    if (!refuses(given)) results.push(given);
  }
  return results;
}
Object.defineProperty(globSync, "length", { value: 1 });

export class Dir {
  #entries;
  #closed = false;
  constructor(entries, path, options) {
    this.#entries = [...entries];
    this.path = path;
  }
  get entries() {
    return this.#entries;
  }
  readSync() {
    if (this.#closed) throw coded(Error, "ERR_DIR_CLOSED", "Directory handle was closed");
    return this.#entries.shift() ?? null;
  }
  closeSync() {
    if (this.#closed) throw coded(Error, "ERR_DIR_CLOSED", "Directory handle was closed");
    this.#closed = true;
  }
  read(callback) {
    if (callback === undefined) return Promise.resolve().then(() => this.readSync());
    validateFunction(callback, "callback");
    called(callback, () => this.readSync());
  }
  close(callback) {
    if (callback === undefined) return Promise.resolve().then(() => this.closeSync());
    validateFunction(callback, "callback");
    called(callback, () => this.closeSync());
  }
  async [Symbol.asyncDispose]() {
    if (!this.#closed) await this.close();
  }
  [Symbol.dispose]() {
    if (!this.#closed) this.closeSync();
  }
  async *[Symbol.asyncIterator]() {
    try {
      for (let entry; (entry = this.readSync()) !== null; ) yield entry;
    } finally {
      this.closeSync();
    }
  }
}
export function opendirSync(path, options) {
  const { encoding = "utf8", bufferSize = 32, recursive = false } = given(options, false);
  validateEncoding(encoding);
  validateUint32(bufferSize, "options.bufferSize");
  validateBoolean(recursive, "options.recursive");
  return new Dir(readdirSync(path, { encoding, recursive, withFileTypes: true }), path, options);
}
Object.defineProperty(opendirSync, "length", { value: 1 });

// Does something and tells a callback how it went, later.
const { queueMicrotask } = globalThis;
export function called(callback, work, inside = false) {
  let error = null, value;
  try {
    value = work();
  } catch (caught) {
    // What is wrong with arguments is told at once.
    if (!(inside && isPaths(caught)) && /^ERR_(INVALID_ARG|OUT_OF_RANGE|UNSUPPORTED)/.test(caught.code)) throw caught;
    error = caught;
  }
  queueMicrotask(() => (error === null ? callback(null, value) : callback(error)));
}
