// What is told of files: Stats, Dirent and Dir.
import { coded, ERR_MISSING_ARGS } from "internal:node/errors";
import { called } from "./arguments.js";
import { constants } from "./constants.js";
import { Device, File, Folder, Link, Source } from "./tree.js";

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

const kType = Symbol("type");
const KINDS = { isFile: "FILE", isDirectory: "DIR", isBlockDevice: "BLOCK", isCharacterDevice: "CHAR", isSymbolicLink: "LINK", isFIFO: "FIFO", isSocket: "SOCKET" };
const typeOf = (node) => constants[`UV_DIRENT_${node instanceof Folder ? "DIR" : node instanceof Link ? "LINK" : node instanceof Device ? "CHAR" : "FILE"}`];
export class Dirent {
  constructor(name, type, path) {
    this.name = name;
    this.parentPath = path;
    this[kType] = type;
  }
  static of(name, node, path) {
    return new Dirent(name, typeOf(node), path);
  }
}
for (const [name, kind] of Object.entries(KINDS)) Object.defineProperty(Dirent.prototype, name, { value: { [name]() { return this[kType] === constants[`UV_DIRENT_${kind}`]; } }[name], writable: true, configurable: true });
export const direntOf = Dirent.of;
delete Dirent.of;

export class Dir {
  #entries;
  #path;
  #closed = false;
  constructor(handle, path, entries) {
    if (handle === undefined) throw ERR_MISSING_ARGS("handle");
    this.#entries = [...(entries ?? [])];
    this.#path = path;
  }
  get path() {
    return this.#path;
  }
  #held() {
    if (this.#closed) throw coded(Error, "ERR_DIR_CLOSED", "Directory is closed");
  }
  read(callback) {
    if (typeof callback !== "function") return Promise.resolve().then(() => this.readSync());
    called(callback, () => this.readSync());
  }
  readSync() {
    this.#held();
    return this.#entries.shift() ?? null;
  }
  close(callback) {
    if (typeof callback !== "function") return Promise.resolve().then(() => this.closeSync());
    called(callback, () => this.closeSync());
  }
  closeSync() {
    this.#held();
    this.#closed = true;
  }
  async *entries() {
    try {
      for (let entry; (entry = this.readSync()) !== null; ) yield entry;
    } finally {
      if (!this.#closed) this.closeSync();
    }
  }
  async [Symbol.asyncDispose]() {
    if (!this.#closed) this.closeSync();
  }
  [Symbol.dispose]() {
    if (!this.#closed) this.closeSync();
  }
}
Object.defineProperty(Dir.prototype, Symbol.asyncIterator, { value: Dir.prototype.entries, writable: true, configurable: true });
