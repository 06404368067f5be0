// Copies of files and folders, and links to them.
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateBoolean, validateOneOf, validateUint32 } from "internal:node/errors";
import { given, givenAs, lookUp, validateEncoding } from "./arguments.js";
import { existsSync } from "./attributes.js";
import { constants } from "./constants.js";
import { failed, named, unsupported } from "./failures.js";
import { partsOf, pathOf } from "./paths.js";
import { add, File, find, Folder, Link, place, root } from "./tree.js";

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
  lookUp();
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
