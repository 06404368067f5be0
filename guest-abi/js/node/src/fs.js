// node:fs: a Worker's own files. See internal:node/fs.
import { Buffer } from "node:buffer";
import { Readable, Writable } from "node:stream";
import { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, validateAbortSignal, validateBoolean, validateFunction, validateInteger, validateNumber, validateObject, validateString, validateUint32 } from "internal:node/errors";
import * as files from "internal:node/fs";
import * as promises from "node:fs/promises";

const { accessSync, appendFileSync, called, check, chmodSync, chownSync, closeSync, constants, copyFileSync, cpSync, Dir, Dirent, existsSync, fchmodSync, fchownSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, futimesSync, globSync, lchmodSync, lchownSync, linkSync, lstatSync, lutimesSync, mkdirSync, mkdtempSync, openSync, opendirSync, optionsOf, pathOf, readFileSync, readSync, readdirSync, readlinkSync, readvSync, realpathSync, renameSync, rmSync, rmdirSync, Stats, statSync, statfsSync, symlinkSync, truncateSync, unlinkSync, unsupported, utimesSync, writeFileSync, writeSync, writevSync } = files;
export { promises };
export const { F_OK, R_OK, W_OK, X_OK } = constants;

// The same with a callback: the last of so many arguments, or the first function before it where what
// lies between may be left out. What is wrong with arguments is told before a callback is missed.
function later(name, length, last, { loose = true, options = false, size = false, inside = false, callback: standard } = {}) {
  const work = files[`${name}Sync`];
  const made = {
    [name](...args) {
      const at = loose ? args.findIndex((value, index) => index > 0 && index < last && typeof value === "function") : -1;
      const callback = at !== -1 ? args[at] : args[last] === undefined ? standard : args[last];
      const given = args.slice(0, at === -1 ? last : at);
      if (at === -1 && options && typeof given[last - 1] !== "number") validateObject(given[last - 1], "options");
      if (at === -1 && size && typeof callback === "function") files.validateSize(given[1]);
      if (typeof callback !== "function") {
        check(work, given, inside);
        validateFunction(callback, "callback");
      }
      called(callback, () => work(...given), inside);
    },
  }[name];
  Object.defineProperty(made, "length", { value: length });
  return made;
}
const strict = { loose: false }, withOptions = { options: true }, quiet = { callback: () => {} }, sized = { size: true }, inner = { inside: true };
export const access = later("access", 1, 2), appendFile = later("appendFile", 4, 3), chmod = later("chmod", 3, 2, strict), chown = later("chown", 4, 3, strict), close = later("close", 1, 1, quiet), copyFile = later("copyFile", 2, 3), cp = later("cp", 4, 3, withOptions), fchmod = later("fchmod", 3, 2, strict), fchown = later("fchown", 4, 3, strict), fdatasync = later("fdatasync", 2, 1, strict), fstat = later("fstat", 3, 2), fsync = later("fsync", 1, 1, quiet), ftruncate = later("ftruncate", 3, 2, sized), futimes = later("futimes", 4, 3, strict), glob = later("glob", 3, 2), lchmod = later("lchmod", 3, 2, strict), lchown = later("lchown", 4, 3, strict), link = later("link", 3, 2, strict), lstat = later("lstat", 3, 2), lutimes = later("lutimes", 4, 3, strict), mkdir = later("mkdir", 3, 2, withOptions), mkdtemp = later("mkdtemp", 3, 2, inner), open = later("open", 1, 3), opendir = later("opendir", 3, 2, withOptions), readFile = later("readFile", 3, 2, inner), readdir = later("readdir", 3, 2), readlink = later("readlink", 3, 2), realpath = later("realpath", 3, 2), rename = later("rename", 3, 2, strict), rm = later("rm", 3, 2, withOptions), rmdir = later("rmdir", 3, 2, withOptions), stat = later("stat", 3, 2), statfs = later("statfs", 3, 2), symlink = later("symlink", 4, 3), truncate = later("truncate", 3, 2, sized), unlink = later("unlink", 2, 1, strict), utimes = later("utimes", 4, 3, strict), writeFile = later("writeFile", 4, 3);
realpath.native = realpath;

// Those that give a callback more than one thing.
function moved(name, length) {
  const work = files[`${name}Sync`];
  const made = {
    [name](fd, buffer, ...args) {
      const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
      validateFunction(callback, "callback");
      called((error, count) => (error === null ? callback(null, count, buffer) : callback(error)), () => work(fd, buffer, ...args));
    },
  }[name];
  Object.defineProperty(made, "length", { value: length });
  return made;
}
export const read = moved("read", 6), write = moved("write", 6), readv = moved("readv", 4), writev = moved("writev", 4);
export function exists(path, callback) {
  validateFunction(callback, "callback");
  called((_, found) => callback(found), () => existsSync(path));
}
export function openAsBlob(path, options = {}) {
  pathOf(path);
  validateObject(options, "options");
  const { type = "" } = options;
  validateString(type, "options.type");
  return files.blobOf(path, type);
}
Object.defineProperty(openAsBlob, "length", { value: 1 });
const refused = (name) => ({ [name]() { throw unsupported(); } })[name];
export const watch = refused("watch"), watchFile = refused("watchFile"), unwatchFile = refused("unwatchFile");

// ---- Streams ----

const PART = 64 * 1024;
// What a stream does with files, unless its options bring something else for it.
const kFs = Symbol("kFs");
function told(done, work) {
  let value;
  try {
    value = work();
  } catch (error) {
    done(error);
    return;
  }
  done(null, value);
}
const own = {
  open: (path, flags, mode, done) => told(done, () => openSync(path, flags, mode)),
  read: (fd, buffer, at, length, position, done) => told(done, () => readSync(fd, buffer, at, length, position)),
  write: (fd, buffer, at, length, position, done) => told(done, () => writeSync(fd, buffer, at, length, position)),
  close: (fd, done) => told(done, () => closeSync(fd)),
};
function filesOf(given, names) {
  if (given === undefined || given === null) return own;
  validateObject(given, "options.fs");
  for (const name of names) if (given[name] !== undefined) validateFunction(given[name], `options.fs.${name}`);
  return { ...own, ...given };
}
function rangeOf(options) {
  const { start, end } = options;
  for (const [name, value] of [["start", start], ["end", end]]) if (value !== undefined && typeof value !== "number") throw ERR_INVALID_ARG_TYPE(`options.${name}`, "number", value);
}

// Options may be inherited.
function streamOptions(options, defaults) {
  if (typeof options === "string" || options === null || options === undefined || typeof options === "function") return optionsOf(options, defaults);
  validateObject(options, "options");
  const given = {};
  for (const name in options) if (options[name] !== undefined) given[name] = options[name];
  const all = optionsOf(given, defaults);
  rangeOf(all);
  for (const name of defaults.flags === "w" ? ["autoClose", "emitClose", "flush"] : ["autoClose", "emitClose"]) if (all[name] !== undefined) validateBoolean(all[name], `options.${name}`);
  if (all.highWaterMark !== undefined) validateNumber(all.highWaterMark, "options.highWaterMark");
  if (all.signal !== undefined && all.signal !== null) validateAbortSignal(all.signal, "options.signal");
  if (all.mode !== undefined) files.validateMode(all.mode, 0o666, "options.mode");
  const reads = defaults.flags === "r";
  if (all.start !== undefined && all.start !== Infinity) validateInteger(all.start, "start", 0);
  if (reads && all.end !== undefined && all.end !== Infinity) validateUint32(all.end, "options.end");
  if (reads && all.start !== undefined && all.end !== undefined && all.start > all.end) throw ERR_OUT_OF_RANGE("start", `<= "end" (here: ${all.end})`, all.start);
  return all;
}
// A descriptor, or a FileHandle, which is closed with the stream.
const handles = new WeakMap();
function holdDescriptor(stream, fd) {
  if (typeof fd === "object" && fd !== null && typeof fd.fd === "number") {
    handles.set(stream, fd);
    fd = fd.fd;
  }
  if (fd !== undefined && fd !== null) validateInteger(fd, "fd", 0, 2147483647);
  stream.fd = fd ?? null;
}

export function ReadStream(path, options) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options);
  const all = streamOptions(options, { flags: "r", autoClose: true, highWaterMark: PART });
  this[kFs] = filesOf(all.fs, ["open", "read", "close"]);
  this.path = all.fd === undefined ? (pathOf(path), path) : undefined;
  holdDescriptor(this, all.fd);
  this.flags = all.flags;
  this.mode = all.mode ?? 0o666;
  this.start = all.start;
  this.end = all.end ?? Infinity;
  this.pos = all.start;
  this.bytesRead = 0;
  this.autoClose = all.autoClose;
  Readable.call(this, { highWaterMark: all.highWaterMark, encoding: all.encoding, autoDestroy: all.autoClose, emitClose: all.emitClose ?? true, signal: all.signal });
}
Object.defineProperty(ReadStream, "length", { value: 1 });
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);
Object.assign(ReadStream.prototype, {
  _construct(callback) {
    if (typeof this.fd === "number") {
      callback();
      return;
    }
    this[kFs].open(this.path, this.flags, this.mode, (error, fd) => {
      if (error) {
        callback(error);
        return;
      }
      this.fd = fd;
      callback();
      this.emit("open", fd);
      this.emit("ready");
    });
  },
  _read(size) {
    const left = this.end === Infinity ? size : Math.min(size, this.end + 1 - (this.pos ?? this.bytesRead));
    if (left <= 0) {
      this.push(null);
      return;
    }
    const buffer = Buffer.alloc(left);
    this[kFs].read(this.fd, buffer, 0, left, this.pos, (error, count) => {
      if (error) {
        this.destroy(error);
        return;
      }
      if (this.pos !== undefined) this.pos += count;
      this.bytesRead += count;
      this.push(count === 0 ? null : buffer.subarray(0, count));
    });
  },
  _destroy(error, callback) {
    const handle = handles.get(this);
    const { fd } = this;
    this.fd = null;
    if (handle !== undefined) {
      handle.close().then(() => callback(error), callback);
      return;
    }
    if (typeof fd === "number") this[kFs].close(fd, (failed) => callback(failed ?? error));
    else callback(error);
  },
  close(callback) {
    if (callback !== undefined && this.closed) queueMicrotask(callback);
    else if (callback !== undefined) this.once("close", callback);
    this.destroy();
  },
});
Object.defineProperty(ReadStream.prototype, "pending", { get() { return this.fd === null; }, configurable: true });

export function WriteStream(path, options) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  const all = streamOptions(options, { flags: "w", autoClose: true });
  this[kFs] = filesOf(all.fs, ["open", "write", "writev", "close"]);
  this.path = all.fd === undefined ? (pathOf(path), path) : undefined;
  holdDescriptor(this, all.fd);
  this.flags = all.flags;
  this.mode = all.mode ?? 0o666;
  this.start = all.start;
  this.pos = all.start;
  this.bytesWritten = 0;
  this.autoClose = all.autoClose;
  Writable.call(this, { highWaterMark: all.highWaterMark, decodeStrings: true, defaultEncoding: all.encoding ?? "utf8", autoDestroy: all.autoClose, emitClose: all.emitClose ?? true, signal: all.signal });
}
Object.defineProperty(WriteStream, "length", { value: 1 });
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);
Object.assign(WriteStream.prototype, {
  // What is written before all is ready stays before what is written after.
  _construct(callback) {
    this.cork();
    ReadStream.prototype._construct.call(this, (error) => {
      callback(error);
      queueMicrotask(() => queueMicrotask(() => this.uncork()));
    });
  },
  _write(data, encoding, callback) {
    this[kFs].write(this.fd, data, 0, data.length, this.pos, (error, count) => {
      if (error) {
        callback(error);
        return;
      }
      if (this.pos !== undefined) this.pos += count;
      this.bytesWritten += count;
      callback();
    });
  },
  _destroy: ReadStream.prototype._destroy,
  close(callback) {
    if (callback !== undefined) this.once("close", callback);
    this.end();
  },
  destroySoon() {
    this.end();
  },
});
Object.defineProperty(WriteStream.prototype, "pending", { get() { return this.fd === null; }, configurable: true });
export { ReadStream as FileReadStream, WriteStream as FileWriteStream };
export function createReadStream(path, options) {
  return new ReadStream(path, options);
}
export function createWriteStream(path, options) {
  return new WriteStream(path, options);
}
for (const made of [createReadStream, createWriteStream]) Object.defineProperty(made, "length", { value: 1 });
export { constants, Dir, Dirent, Stats, accessSync, appendFileSync, chmodSync, chownSync, closeSync, copyFileSync, cpSync, existsSync, fchmodSync, fchownSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, futimesSync, globSync, lchmodSync, lchownSync, linkSync, lstatSync, lutimesSync, mkdirSync, mkdtempSync, openSync, opendirSync, readFileSync, readSync, readdirSync, readlinkSync, readvSync, realpathSync, renameSync, rmSync, rmdirSync, statSync, statfsSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync, writeSync, writevSync };
export default {
  constants, F_OK, R_OK, W_OK, X_OK, promises, Dirent, Dir, Stats, access, appendFile, chmod, chown, close, copyFile, cp, exists, fchmod, fchown,
  fdatasync, fstat, fsync, ftruncate, futimes, glob, lchmod, lchown, link, lstat, lutimes, mkdir, mkdtemp, open, opendir, read, readFile, readdir,
  readlink, readv, realpath, rename, rm, rmdir, stat, statfs, symlink, truncate, unlink, unwatchFile, utimes, watch, watchFile, write, writeFile,
  writev, accessSync, existsSync, appendFileSync, chmodSync, chownSync, closeSync, copyFileSync, cpSync, fchmodSync, fchownSync, fdatasyncSync,
  fstatSync, fsyncSync, ftruncateSync, futimesSync, globSync, lchmodSync, lchownSync, lutimesSync, linkSync, lstatSync, mkdirSync, mkdtempSync,
  opendirSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, readvSync, realpathSync, renameSync, rmdirSync, rmSync, statSync,
  statfsSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync, writeSync, writevSync, WriteStream, ReadStream,
  FileWriteStream: WriteStream, FileReadStream: ReadStream, createReadStream, createWriteStream, openAsBlob,
};
