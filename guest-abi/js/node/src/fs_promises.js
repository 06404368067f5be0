// node:fs/promises: what node:fs does at once, as promises. See internal:node/fs.
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { coded, ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";
import * as files from "internal:node/fs";

const { closeSync, constants, openSync, unsupported } = files;

function promised(name, length) {
  const work = files[`${name}Sync`];
  const made = { async [name](...args) { return work(...args); } }[name];
  Object.defineProperty(made, "length", { value: length });
  return made;
}
// They give nothing, where node:fs tells how much was written.
function quiet(name, length) {
  const work = files[`${name}Sync`];
  const made = { async [name](...args) { work(pathOrFd(args[0]), ...args.slice(1)); } }[name];
  Object.defineProperty(made, "length", { value: length });
  return made;
}
const pathOrFd = (path) => (path instanceof FileHandle ? path.fd : path);
export const access = promised("access", 1), appendFile = quiet("appendFile", 2), chmod = promised("chmod", 2), chown = promised("chown", 3), copyFile = promised("copyFile", 3), cp = promised("cp", 3), lchown = promised("lchown", 3), link = promised("link", 2), lstat = promised("lstat", 1), lutimes = promised("lutimes", 3), mkdir = promised("mkdir", 1), mkdtemp = promised("mkdtemp", 1), opendir = promised("opendir", 1), readdir = promised("readdir", 1), readlink = promised("readlink", 1), realpath = promised("realpath", 1), rename = promised("rename", 2), rm = promised("rm", 1), rmdir = promised("rmdir", 2), stat = promised("stat", 1), statfs = promised("statfs", 1), symlink = promised("symlink", 2), truncate = promised("truncate", 1), unlink = promised("unlink", 1), utimes = promised("utimes", 3), writeFile = quiet("writeFile", 2), lchmod = promised("lchmod", 2);
export async function readFile(path, options) {
  return files.readFileSync(pathOrFd(path), options);
}
Object.defineProperty(readFile, "length", { value: 1 });
export function watch() {
  throw unsupported();
}
export async function* glob(pattern, options) {
  yield* files.globSync(pattern, options);
}
Object.defineProperty(glob, "length", { value: 1 });

const MAKE = {};
export class FileHandle extends EventEmitter {
  #fd;
  constructor(make, fd) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    super();
    this.#fd = fd;
  }
  #open() {
    if (this.#fd === undefined) throw coded(Error, "EBADF", "bad file descriptor");
    return this.#fd;
  }
  get fd() {
    return this.#fd;
  }
  async appendFile(data, options) {
    files.appendFileSync(this.#open(), data, options);
  }
  async chmod(mode) {
    files.fchmodSync(this.#open(), mode);
  }
  async chown(uid, gid) {
    files.fchownSync(this.#open(), uid, gid);
  }
  async close() {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    this.emit("close");
  }
  createReadStream(options) {
    return globalThis.process.getBuiltinModule("node:fs").createReadStream(undefined, { ...options, fd: this.#open() });
  }
  createWriteStream(options) {
    return globalThis.process.getBuiltinModule("node:fs").createWriteStream(undefined, { ...options, fd: this.#open() });
  }
  async datasync() {
    files.fdatasyncSync(this.#open());
  }
  async read(buffer, offset, length, position) {
    if (!ArrayBuffer.isView(buffer)) ({ buffer = Buffer.alloc(16384), offset, length, position } = buffer ?? {});
    return { bytesRead: files.readSync(this.#open(), buffer, offset, length, position), buffer };
  }
  async readFile(options) {
    return files.readFileSync(this.#open(), options);
  }
  readLines() {
    throw ERR_METHOD_NOT_IMPLEMENTED("fileHandle.readLines");
  }
  readableWebStream(options) {
    return new Blob([files.readFileSync(this.#open())]).stream();
  }
  async readv(buffers, position) {
    return { bytesRead: files.readvSync(this.#open(), buffers, position), buffers };
  }
  async stat(options) {
    return files.fstatSync(this.#open(), options);
  }
  async sync() {
    files.fsyncSync(this.#open());
  }
  async truncate(length) {
    files.ftruncateSync(this.#open(), length);
  }
  async utimes(atime, mtime) {
    files.futimesSync(this.#open(), atime, mtime);
  }
  async write(buffer, offset, length, position) {
    return { bytesWritten: files.writeSync(this.#open(), buffer, offset, length, position), buffer };
  }
  async writeFile(data, options) {
    files.writeFileSync(this.#open(), data, options);
  }
  async writev(buffers, position) {
    return { bytesWritten: files.writevSync(this.#open(), buffers, position), buffers };
  }
  async [Symbol.asyncDispose]() {
    await this.close();
  }
}
Object.defineProperty(FileHandle, "length", { value: 2 });
export async function open(path, flags, mode) {
  return new FileHandle(MAKE, openSync(path, flags, mode));
}
export { constants };
export default { FileHandle, access, appendFile, chmod, chown, constants, copyFile, cp, glob, lchmod, lchown, link, lstat, lutimes, mkdir, mkdtemp, open, opendir, readFile, readdir, readlink, realpath, rename, rm, rmdir, stat, statfs, symlink, truncate, unlink, utimes, watch, writeFile };
