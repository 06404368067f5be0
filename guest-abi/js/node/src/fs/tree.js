// The files that a Worker sees: /bundle with its modules, /tmp in memory, /dev.
import native from "internal:native";
import { flights } from "internal:flights";
import { Buffer } from "node:buffer";
import { lookUp } from "./arguments.js";
import { failed } from "./failures.js";
import { partsOf } from "./paths.js";

export const MAX_BYTES = 64 * 1024 * 1024;

export class File {
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
export class Device {
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
// What a process begins with: nothing to read, and what is written goes nowhere.
export class Stdio extends File {
  put() {}
  set() {}
}
export class Folder {
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
export class Link {
  constructor(target) {
    this.target = target;
    this.writable = false;
    this.mtime = 0;
    this.size = 0;
  }
}
// A module of the bundle, read when somebody looks.
export class Source extends File {
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

export const root = new Folder(false);
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
// What a path names: the folder it is in, its last part, and the node, if there is one.
export function find(path, follow = true, depth = 0) {
  lookUp();
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

export function fileAt(path, syscall) {
  const { node } = find(path);
  if (node === undefined) throw failed("ENOENT", syscall, path);
  if (node instanceof Folder) throw failed("EISDIR", syscall);
  return node;
}
// The folder that something is to be put into.
export function place(path, syscall) {
  const found = find(path, false);
  if (found.parent === undefined) throw found.blocked ? failed("ENOTDIR", syscall) : failed("ENOENT", syscall, found.name);
  return found;
}
export function add({ parent, name }, node, syscall) {
  if (!parent.writable) throw failed("EPERM", syscall);
  parent.remove(name);
  parent.entries.set(name, node);
}
