// What files are: whether they are there, their sizes, times, modes and owners.
import { ERR_INVALID_ARG_TYPE, validateBoolean, validateInteger } from "internal:node/errors";
import { given, lookUp, validateFd, validateMode, validateOwner, validateSize } from "./arguments.js";
import { constants } from "./constants.js";
import { isFd, opened } from "./descriptors.js";
import { Stats } from "./entries.js";
import { failed, named, noEntry } from "./failures.js";
import { pathOf, urlOf } from "./paths.js";
import { File, fileAt, find, Folder, Link, MAX_BYTES } from "./tree.js";

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
export function resize(node, size) {
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
  lookUp();
  touch(find(path).node, date(), path);
}
export function lutimesSync(path, atime, mtime) {
  dateOf(atime);
  const date = dated(mtime);
  path = pathOf(path);
  lookUp();
  touch(find(path, false).node, date(), path);
}
export function futimesSync(fd, atime, mtime) {
  dateOf(atime);
  const date = dated(mtime);
  validateFd(fd);
  lookUp();
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
