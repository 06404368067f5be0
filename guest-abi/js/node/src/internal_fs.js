// The files that a Worker sees: /bundle with its modules, /tmp in memory, /dev; and what is done
// with them at once. Part of node:fs and node:fs/promises.
import native from "internal:native";
import { flights } from "internal:flights";
import { Buffer } from "node:buffer";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateBoolean, validateFunction, validateInteger, validateObject, validateOneOf, validateUint32 } from "internal:node/errors";
import tables from "./constants.json";

const NAMES = "UV_FS_SYMLINK_DIR UV_FS_SYMLINK_JUNCTION O_RDONLY O_WRONLY O_RDWR UV_DIRENT_UNKNOWN UV_DIRENT_FILE UV_DIRENT_DIR UV_DIRENT_LINK UV_DIRENT_FIFO UV_DIRENT_SOCKET UV_DIRENT_CHAR UV_DIRENT_BLOCK EXTENSIONLESS_FORMAT_JAVASCRIPT EXTENSIONLESS_FORMAT_WASM S_IFMT S_IFREG S_IFDIR S_IFCHR S_IFBLK S_IFIFO S_IFLNK S_IFSOCK O_CREAT O_EXCL UV_FS_O_FILEMAP O_NOCTTY O_TRUNC O_APPEND O_DIRECTORY O_NOATIME O_NOFOLLOW O_SYNC O_DSYNC O_DIRECT O_NONBLOCK S_IRWXU S_IRUSR S_IWUSR S_IXUSR S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH S_IXOTH F_OK R_OK W_OK X_OK UV_FS_COPYFILE_EXCL COPYFILE_EXCL UV_FS_COPYFILE_FICLONE COPYFILE_FICLONE UV_FS_COPYFILE_FICLONE_FORCE COPYFILE_FICLONE_FORCE";
export const constants = Object.create(null);
for (const name of NAMES.split(" ")) constants[name] = tables.constants[name];
// In the field it is a module's namespace.
Object.defineProperty(constants, Symbol.toStringTag, { value: "Module" });

// ---- Failures ----

const TEXTS = { ENOENT: "no such file or directory", EPERM: "operation not permitted", EISDIR: "illegal operation on a directory", ENOTDIR: "not a directory", EEXIST: "file already exists", ENOTEMPTY: "directory not empty", EBADF: "bad file descriptor", ELOOP: "too many symbolic links encountered", EFBIG: "file too large" };
function failed(code, syscall, path, text) {
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
    if (size > MAX_BYTES) throw failed("EFBIG", "write");
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
}
class Link {
  constructor(target) {
    this.target = target;
    this.writable = true;
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

export function pathOf(value, name = "path") {
  if (value instanceof URL) {
    if (value.protocol !== "file:") throw new TypeError("File path must be a file: URL");
    value = decodeURIComponent(value.pathname);
  } else if (Buffer.isBuffer(value)) value = value.toString();
  if (typeof value !== "string") throw ERR_INVALID_ARG_TYPE(name, ["string", "Buffer", "URL"], value);
  if (value.includes("\0")) throw ERR_INVALID_ARG_VALUE(name, value.replaceAll("\0", "\\x00"), "must not contain null bytes.".slice(0, -1));
  return value;
}

const cwd = () => globalThis.process?.cwd?.() ?? "/bundle";
export function partsOf(path) {
  const full = path.startsWith("/") ? path : `${cwd()}/${path}`;
  const parts = [];
  for (const part of full.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

// What a path names: the folder it is in, its last part, and the node, if there is one.
function find(path, follow = true, depth = 0) {
  const parts = partsOf(path);
  if (depth === 0) root.entries.set("tmp", temporary());
  let parent = root, node = root, at = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (!(node instanceof Folder)) return { parent: undefined, name: part, node: undefined, at };
    parent = node;
    node = parent.entries.get(part);
    const isLast = index === parts.length - 1;
    if (node instanceof Link && (follow || !isLast)) {
      if (depth > 40) throw failed("ELOOP", "open", path);
      const target = node.target.startsWith("/") ? node.target : `/${at.join("/")}/${node.target}`;
      return find([target, ...parts.slice(index + 1)].join("/"), follow, depth + 1);
    }
    if (node === undefined && !isLast) return { parent: undefined, name: part, node: undefined, at };
    at.push(part);
  }
  return { parent, name: parts.at(-1) ?? "", node, at };
}

function fileAt(path, syscall) {
  const { node } = find(path);
  if (node === undefined) throw failed("ENOENT", syscall, path);
  if (node instanceof Folder) throw failed("EISDIR", syscall);
  return node;
}

// ---- What is asked of it ----

const OCTAL = "must be a 32-bit unsigned integer or an octal string";
// Modes are looked at and not kept.
function validateMode(mode, standard) {
  mode ??= standard;
  if (typeof mode === "string") {
    if (!/^[0-7]+$/.test(mode)) throw ERR_INVALID_ARG_VALUE("mode", mode, OCTAL);
    mode = Number.parseInt(mode, 8);
  }
  validateUint32(mode, "mode");
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

function openNode(path, mode, syscall) {
  let { parent, name, node } = find(path);
  if (node !== undefined && mode.includes("x")) throw failed("EEXIST", syscall, path);
  if (node === undefined) {
    if (!mode.includes("c")) throw failed("ENOENT", syscall, path);
    if (parent === undefined) throw failed("ENOENT", syscall, path);
    if (!parent.writable) throw failed("EPERM", syscall);
    node = new File(true);
    parent.entries.set(name, node);
  }
  if (mode.includes("w")) {
    if (node instanceof Folder) throw failed("EISDIR", syscall);
    if (!node.writable) throw failed("EPERM", syscall);
    if (mode.includes("t")) node.set(new Uint8Array(0));
  }
  return node;
}

function opened(fd, syscall = "read") {
  if (typeof fd !== "number") throw ERR_INVALID_ARG_TYPE("fd", "number", fd);
  validateUint32(fd, "fd");
  const file = open.get(fd);
  if (file === undefined) throw failed("EBADF", syscall);
  return file;
}
export const isFd = (value) => typeof value === "number";

export function openSync(path, flags = "r", mode = 0o666) {
  path = pathOf(path);
  validateMode(mode, 0o666);
  const how = modeOf(flags ?? "r");
  const node = openNode(path, how, "open");
  if (open.size >= OPEN_MAX) throw failed("EBADF", "open", path, "too many open files");
  const fd = ++lastFd;
  open.set(fd, { node, path, how, at: how.includes("a") ? node.size : 0 });
  return fd;
}
export function closeSync(fd) {
  if (typeof fd !== "number") throw ERR_INVALID_ARG_TYPE("fd", "number", fd);
  open.delete(fd);
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
  const { encoding } = optionsOf(options);
  const file = isFd(path) ? opened(path) : undefined;
  if (file === undefined) path = pathOf(path);
  const node = file?.node ?? fileAt(path, "readAll");
  return givenAs(node.bytes, encoding);
}
Object.defineProperty(readFileSync, "length", { value: 1 });
function writeWhole(path, data, options, flag) {
  const file = isFd(path) ? opened(path) : undefined;
  if (file === undefined) path = pathOf(path);
  const all = optionsOf(options, { encoding: "utf8", flag });
  const bytes = bytesOf(data, all.encoding);
  if (file !== undefined) return writeFrom(file, bytes, null);
  const mode = modeOf(all.flag);
  const node = openNode(path, mode, "writeAll");
  if (mode.includes("a")) node.put(bytes, node.size);
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
  if (options !== undefined) validateObject(options, "options");
  const { bigint = false, throwIfNoEntry = true } = options ?? {};
  validateBoolean(bigint, "options.bigint");
  validateBoolean(throwIfNoEntry, "options.throwIfNoEntry");
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
  if (options !== undefined) validateObject(options, "options");
  const { bigint = false } = options ?? {};
  validateBoolean(bigint, "options.bigint");
  return new Stats(opened(fd).node, false, bigint);
}
Object.defineProperty(fstatSync, "length", { value: 1 });
export function statfsSync(path, options) {
  pathOf(path);
  if (options !== undefined) validateObject(options, "options");
  const { bigint = false } = options ?? {};
  validateBoolean(bigint, "options.bigint");
  const zero = bigint ? 0n : 0;
  return { type: zero, bsize: zero, blocks: zero, bfree: zero, bavail: zero, files: zero, ffree: zero };
}
Object.defineProperty(statfsSync, "length", { value: 1 });

export function mkdirSync(path, options) {
  path = pathOf(path);
  if (options !== undefined && typeof options !== "number") validateObject(options, "options");
  const { recursive = false, mode = 0o777 } = typeof options === "number" ? { mode: options } : (options ?? {});
  validateBoolean(recursive, "options.recursive");
  validateMode(mode);
  const parts = partsOf(path);
  root.entries.set("tmp", temporary());
  let folder = root, first;
  for (const [at, part] of parts.entries()) {
    let node = folder.entries.get(part);
    if (node === undefined) {
      if (!recursive && at < parts.length - 1) throw failed("ENOENT", "mkdir", parts.at(-1));
      if (!folder.writable) throw failed("EPERM", "mkdir");
      node = new Folder(true);
      folder.entries.set(part, node);
      first ??= `/${parts.slice(0, at + 1).join("/")}`;
    }
    if (node instanceof Link) node = find(`/${parts.slice(0, at + 1).join("/")}`).node;
    if (!(node instanceof Folder)) throw at === parts.length - 1 ? failed("EEXIST", "mkdir", path) : failed("ENOTDIR", "mkdir", part);
    folder = node;
  }
  return recursive ? first : undefined;
}
Object.defineProperty(mkdirSync, "length", { value: 1 });
let made = 0;
export function mkdtempSync(prefix, options) {
  const path = `${pathOf(prefix, "prefix")}${++made}`;
  mkdirSync(path, { recursive: true });
  return givenAs(Buffer.from(path), optionsOf(options, { encoding: "utf8" }).encoding);
}
Object.defineProperty(mkdtempSync, "length", { value: 1 });
export function readdirSync(path, options) {
  path = pathOf(path);
  const { withFileTypes = false, recursive = false, encoding } = optionsOf(options, { encoding: "utf8" });
  validateBoolean(withFileTypes, "options.withFileTypes");
  validateBoolean(recursive, "options.recursive");
  const { node, at } = find(path);
  if (node === undefined) throw failed("ENOENT", "readdir", path);
  if (!(node instanceof Folder)) throw failed("ENOTDIR", "readdir", path);
  const all = [];
  const walk = (folder, where) => {
    for (const [name, entry] of folder.entries) {
      if (withFileTypes) all.push(new Dirent(name, entry, `/${where.join("/")}`));
      else all.push(encoding === "buffer" ? Buffer.from(name) : recursive ? [...where, name].join("/") : name);
      if (recursive && entry instanceof Folder) walk(entry, [...where, name]);
    }
  };
  walk(node, at);
  return all;
}
Object.defineProperty(readdirSync, "length", { value: 1 });

function removeAt({ parent, name }, syscall) {
  if (parent === undefined || !parent.writable) throw failed("EPERM", syscall);
  parent.entries.delete(name);
}
export function unlinkSync(path) {
  const found = find(pathOf(path), false);
  if (found.node === undefined) throw failed("ENOENT", "unlink", found.name, "File not found");
  if (found.node instanceof Folder) throw failed("EISDIR", "unlink", undefined, "Cannot unlink a directory");
  removeAt(found, "unlink");
}
export function rmSync(path, options) {
  if (options !== undefined) validateObject(options, "options");
  const { force = false, recursive = false } = options ?? {};
  validateBoolean(force, "options.force");
  validateRetries(options ?? {});
  path = pathOf(path);
  const found = find(path, false);
  if (found.node === undefined) return;
  if (found.node instanceof Folder && found.node.entries.size > 0 && !recursive) throw failed("ENOTEMPTY", "rm", found.name);
  removeAt(found, "rm");
}
export function rmdirSync(path, options) {
  if (options !== undefined) validateObject(options, "options");
  validateRetries(options ?? {});
  path = pathOf(path);
  const found = find(path, false);
  if (found.node !== undefined && !(found.node instanceof Folder)) throw failed("ENOTDIR", "rmdir", path);
  rmSync(path, options);
}
for (const made of [rmSync, rmdirSync]) Object.defineProperty(made, "length", { value: 1 });

function place(path, syscall) {
  const found = find(path, false);
  if (found.parent === undefined) throw failed("ENOENT", syscall, path);
  if (!found.parent.writable) throw failed("EPERM", syscall);
  return found;
}
export function renameSync(from, to) {
  from = pathOf(from, "oldPath");
  to = pathOf(to, "newPath");
  const found = find(from, false);
  if (found.node === undefined) throw failed("ENOENT", "rename", from);
  if (!found.parent.writable) throw failed("EPERM", "rename");
  const target = place(to, "rename");
  for (const inside of partsOf(to).keys()) if (found.node instanceof Folder && find(`/${partsOf(to).slice(0, inside).join("/")}`).node === found.node) throw failed("EPERM", "rename");
  target.parent.entries.set(target.name, found.node);
  if (found.parent !== target.parent || found.name !== target.name) found.parent.entries.delete(found.name);
}
export function copyFileSync(from, to, mode = 0) {
  validateOneOf(mode, "mode", [0, constants.COPYFILE_EXCL, constants.COPYFILE_FICLONE_FORCE, constants.COPYFILE_FICLONE]);
  if (mode & constants.COPYFILE_FICLONE_FORCE) throw unsupported();
  from = pathOf(from, "src");
  to = pathOf(to, "dest");
  const { node } = find(from);
  if (node === undefined) throw noEntry("copyFile", from);
  if (node instanceof Folder) throw failed("EISDIR", "copyFile");
  if (mode & constants.COPYFILE_EXCL && find(to).node !== undefined) throw named("EEXIST", -17, "copyFile", to);
  openNode(to, "wct", "copyFile").set(new Uint8Array(node.bytes));
}
Object.defineProperty(copyFileSync, "length", { value: 2 });
export function cpSync(from, to, options) {
  from = pathOf(from, "src");
  to = pathOf(to, "dest");
  const { recursive = false, force = true, errorOnExist = false } = optionsOf(options);
  const { node } = find(from);
  if (node === undefined) throw noEntry("cp", from);
  if (!(node instanceof Folder)) {
    if (existsSync(to) && !force) {
      if (errorOnExist) throw named("EEXIST", -17, "cp", to);
      return;
    }
    copyFileSync(from, to);
    return;
  }
  if (!recursive) throw failed("EISDIR", "cp", from);
  mkdirSync(to, { recursive: true });
  for (const name of [...node.entries.keys()]) cpSync(`${from}/${name}`, `${to}/${name}`, options);
}
Object.defineProperty(cpSync, "length", { value: 2 });
export function symlinkSync(target, path, type) {
  target = pathOf(target, "target");
  const found = place(pathOf(path), "symlink");
  if (found.node !== undefined) throw failed("EEXIST", "symlink", path);
  found.parent.entries.set(found.name, new Link(target));
}
Object.defineProperty(symlinkSync, "length", { value: 2 });
export function linkSync(existing, path) {
  const node = fileAt(pathOf(existing, "existingPath"), "link");
  const found = place(pathOf(path, "newPath"), "link");
  if (found.node !== undefined) throw failed("EEXIST", "link", path);
  found.parent.entries.set(found.name, node);
}
export function readlinkSync(path, options) {
  path = pathOf(path);
  const { node } = find(path, false);
  if (node === undefined) throw failed("ENOENT", "readlink", path);
  if (!(node instanceof Link)) throw coded(Error, "EINVAL", "invalid argument");
  return givenAs(Buffer.from(node.target), optionsOf(options, { encoding: "utf8" }).encoding);
}
Object.defineProperty(readlinkSync, "length", { value: 1 });
export function realpathSync(path, options) {
  path = pathOf(path);
  const { node, at } = find(path);
  if (node === undefined) throw failed("ENOENT", "realpath", path);
  return givenAs(Buffer.from(`/${at.join("/")}`), optionsOf(options, { encoding: "utf8" }).encoding);
}
Object.defineProperty(realpathSync, "length", { value: 1 });
export function truncateSync(path, length = 0) {
  if (isFd(path)) return ftruncateSync(path, length);
  const node = fileAt(pathOf(path), "truncate");
  if (!node.writable) throw failed("EPERM", "truncate");
  node.resize(Math.max(0, length));
}
Object.defineProperty(truncateSync, "length", { value: 1 });
export function ftruncateSync(fd, length = 0) {
  opened(fd).node.resize(Math.max(0, length));
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
  node.mtime = mtime.getTime();
}
export function utimesSync(path, atime, mtime) {
  dateOf(atime);
  mtime = dateOf(mtime);
  touch(find(pathOf(path)).node, mtime, path);
}
export function lutimesSync(path, atime, mtime) {
  dateOf(atime);
  mtime = dateOf(mtime);
  touch(find(pathOf(path), false).node, mtime, path);
}
export function futimesSync(fd, atime, mtime) {
  dateOf(atime);
  touch(opened(fd).node, dateOf(mtime));
}
// Modes and owners are looked at and not kept.
function present(path, syscall, follow) {
  path = pathOf(path);
  if (find(path, follow).node === undefined) throw noEntry(syscall, path);
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
export function lchownSync(path, uid, gid) {
  validateOwner(uid, gid);
  present(path, "lchown", false);
}
export function fchownSync(fd, uid, gid) {
  validateOwner(uid, gid);
  validateFd(fd);
  opened(fd, "fstat");
}
export function fsyncSync(fd) {
  opened(fd);
}
export function fdatasyncSync(fd) {
  opened(fd);
}
export function globSync(pattern, options) {
  return [];
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
  async *[Symbol.asyncIterator]() {
    try {
      for (let entry; (entry = this.readSync()) !== null; ) yield entry;
    } finally {
      this.closeSync();
    }
  }
}
export function opendirSync(path, options) {
  if (options !== undefined) validateObject(options, "options");
  const { encoding = "utf8", bufferSize = 32, recursive = false } = options ?? {};
  if (encoding !== "buffer" && !Buffer.isEncoding(encoding)) throw ERR_INVALID_ARG_VALUE("options.encoding", encoding);
  validateUint32(bufferSize, "options.bufferSize");
  validateBoolean(recursive, "options.recursive");
  path = pathOf(path);
  return new Dir(readdirSync(path, { encoding, recursive, withFileTypes: true }), path, options);
}
Object.defineProperty(opendirSync, "length", { value: 1 });

// Does something and tells a callback how it went, later.
const { queueMicrotask } = globalThis;
export function called(callback, work) {
  let error = null, value;
  try {
    value = work();
  } catch (caught) {
    // What is wrong with arguments is told at once.
    if (/^ERR_(INVALID_ARG|OUT_OF_RANGE|UNSUPPORTED)/.test(caught.code)) throw caught;
    error = caught;
  }
  queueMicrotask(() => (error === null ? callback(null, value) : callback(error)));
}
