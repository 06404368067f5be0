// FormData, and forms as the bodies of requests.
import native from "internal:native";
import { wrongArgument } from "internal:arguments";
import { cloneable } from "internal:clone";
import { DOMException } from "internal:errors";
import { illegal, iterable, shape } from "internal:shape";
import { scalar } from "internal:platform";
import { blobBytes, blobType, fileOf, fileParts, isBlob, isFile } from "internal:blob";

const NAME = "FormData";
let entriesOf;
export let isForm;

// What a value is in a form: a string or a File.
function valueOf(method, count, value, filename) {
  if (count < 2) throw wrongArgument(method, NAME, 2, "File or Blob or string");
  return (name) => {
    const given = filename === undefined ? undefined : scalar(filename);
    if (!isBlob(value)) return scalar(value);
    if (isFile(value) && given === undefined) return value;
    return fileOf(blobBytes(value), blobType(value), given ?? name, undefined);
  };
}

function nameOf(method, count, name) {
  if (count < 1) throw wrongArgument(method, NAME, 1, "string");
  return scalar(name);
}

export class FormData {
  // Names and values in turn.
  #entries = [];

  append(name = undefined, value = undefined, filename = undefined) {
    if (!(#entries in this)) illegal();
    const key = nameOf("append", arguments.length, name);
    this.#entries.push(key, valueOf("append", arguments.length, value, filename)(key));
  }
  delete(name = undefined, value = undefined) {
    if (!(#entries in this)) illegal();
    const key = nameOf("delete", arguments.length, name);
    const entries = this.#entries;
    let kept = 0;
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at] === key) continue;
      entries[kept] = entries[at];
      entries[kept + 1] = entries[at + 1];
      kept += 2;
    }
    entries.length = kept;
  }
  get(name = undefined) {
    if (!(#entries in this)) illegal();
    const key = nameOf("get", arguments.length, name);
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += 2) if (entries[at] === key) return entries[at + 1];
    return null;
  }
  getAll(name = undefined) {
    if (!(#entries in this)) illegal();
    const key = nameOf("getAll", arguments.length, name);
    return this.#entries.filter((_, at, all) => at % 2 === 1 && all[at - 1] === key);
  }
  has(name = undefined, value = undefined) {
    if (!(#entries in this)) illegal();
    const key = nameOf("has", arguments.length, name);
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += 2) if (entries[at] === key) return true;
    return false;
  }
  set(name = undefined, value = undefined, filename = undefined) {
    if (!(#entries in this)) illegal();
    const key = nameOf("set", arguments.length, name);
    const given = valueOf("set", arguments.length, value, filename)(key);
    const entries = this.#entries;
    let kept = 0;
    let found = false;
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at] === key) {
        if (found) continue;
        found = true;
        entries[at + 1] = given;
      }
      entries[kept] = entries[at];
      entries[kept + 1] = entries[at + 1];
      kept += 2;
    }
    entries.length = kept;
    if (!found) entries.push(key, given);
  }
  static {
    isForm = (value) => typeof value === "object" && value !== null && #entries in value;
    entriesOf = (form) => {
      if (!(#entries in form)) illegal();
      return form.#entries;
    };
  }
}

const { iterateList } = native;
const members = {
  entries() {
    return iterateList(entriesOf(this), 2);
  },
  keys() {
    return iterateList(entriesOf(this), 0);
  },
  values() {
    return iterateList(entriesOf(this), 1);
  },
  forEach(callback = undefined, thisArg = undefined) {
    const entries = entriesOf(this);
    if (typeof callback !== "function") throw wrongArgument("forEach", NAME, 1, "function");
    for (let at = 0; at < entries.length; at += 2) callback.call(thisArg, entries[at + 1], entries[at], this);
  },
  [Symbol.iterator]() {
    return iterateList(entriesOf(this), 2);
  },
};
Object.defineProperty(members[Symbol.iterator], "name", { value: "", configurable: true });
iterable(FormData, members);
shape(FormData);
cloneable(isForm, () => {
  throw new DOMException(
    'Could not serialize object of type "FormData". This type does not support serialization.',
    "DataCloneError",
  );
});

// ---- Bodies ----

// A form as the body of a request or response: its bytes, and their type.
export function serializeForm(form) {
  const boundary = native.boundary();
  const parts = [];
  const entries = entriesOf(form);
  for (let at = 0; at < entries.length; at += 2) {
    const value = entries[at + 1];
    const file = typeof value === "string" ? null : fileParts(value)[0];
    if (entries[at].endsWith("\\") || file?.endsWith("\\")) {
      throw new TypeError("Name or filename can't end with backslash");
    }
    if (file === null) parts.push(entries[at], value, null, null);
    else parts.push(entries[at], blobBytes(value), file, blobType(value) || "application/octet-stream");
  }
  return [native.formSerialize(boundary, parts), `multipart/form-data; boundary=${boundary}`];
}

// The form that a body is; `contentType` is null if there is none.
export function parseForm(bytes, contentType) {
  if (contentType === null || contentType === undefined) {
    throw new TypeError("Parsing a Body as FormData requires a Content-Type header.");
  }
  const form = new FormData();
  const entries = entriesOf(form);
  // Name, value, and of files the name and the type, in turn.
  const flat = native.formParse(bytes, contentType);
  for (let at = 0; at < flat.length; at += 4) {
    const name = flat[at + 2];
    entries.push(flat[at], name === null ? flat[at + 1] : fileOf(flat[at + 1], flat[at + 3], name));
  }
  return form;
}
