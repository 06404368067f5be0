// Folders: made, listed, searched, emptied; and names that change.
import { Buffer } from "node:buffer";
import { validateBoolean, validateObject, validateString, validateUint32 } from "internal:node/errors";
import { found, matcher } from "../glob.js";
import { given, lookUp, validateEncoding, validateMode, validateRetries } from "./arguments.js";
import { Dir, direntOf } from "./entries.js";
import { failed, named, TEXTS } from "./failures.js";
import { cwd, partsOf, pathOf } from "./paths.js";
import { add, find, Folder, Link, place, root } from "./tree.js";

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
export let made = 0;
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
      if (withFileTypes) all.push(direntOf(encoding === "buffer" ? Buffer.from(shown) : shown, entry, `/${where.join("/")}`));
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
export function remove(path, recursive, foldersOnly) {
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
  lookUp();
  const list = (path) => {
    const { node } = find(pathOf(`${base}/${path.join("/")}`), false);
    return node instanceof Folder ? [...node.entries].map(([name, entry]) => [name, entry, entry instanceof Folder]) : undefined;
  };
  const all = new Map(patterns.flatMap((each) => [...found(each, list)]));
  const results = [];
  for (const [path, node] of all) {
    if (outside(path)) continue;
    const parts = path.split("/");
    const given = withFileTypes ? direntOf(parts.at(-1), node, [base, ...parts.slice(0, -1)].join("/")) : path;
    if (!refuses(given)) results.push(given);
  }
  return results;
}
Object.defineProperty(globSync, "length", { value: 1 });
export function opendirSync(path, options) {
  const { encoding = "utf8", bufferSize = 32, recursive = false } = given(options, false);
  validateEncoding(encoding);
  validateUint32(bufferSize, "options.bufferSize");
  validateBoolean(recursive, "options.recursive");
  return new Dir(null, path, readdirSync(path, { encoding, recursive, withFileTypes: true }));
}
Object.defineProperty(opendirSync, "length", { value: 1 });
