// Blob and File, and what other rooms use of forms (`form.js`).
import { scalar } from "internal:platform";
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { dictionary, wrongInit, integer } from "internal:arguments";
import { illegal, shape } from "internal:shape";
import { resolved } from "internal:streams/promises";
import { cloneable } from "internal:clone";
import { bytesStream } from "internal:streams";
import { FormData } from "internal:form";

const BUFFER = 2;
const MAKE = {};

// The name of a file, and when it was modified.
export let fileParts;
export let blobBytes, blobType, isBlob, isFile;

// The type as a blob keeps it: parameters' names and values in lower case; nothing if it has
// characters that are not ASCII text.
function typeOf(value) {
  const text = `${value}`;
  return /[^\x20-\x7f]/.test(text) ? "" : text.toLowerCase();
}

function optionsOf(options, name, place) {
  const given = dictionary(options, name, place, "Options") ?? {};
  const { type = "" } = given;
  const told = typeOf(type);
  const lastModified = name === "File" ? given.lastModified : undefined;
  const modified = lastModified === undefined ? undefined : +lastModified || 0;
  const { endings } = given;
  if (endings !== undefined) throw new Error("The 'endings' field on 'Options' is not implemented.");
  return [told, modified];
}

const isResizable = (part) => (isView(part) ? part.buffer : part).resizable === true;

// A blob's parts as they are joined, which are taken before anything else that it is made with; as
// many as there were at the beginning.
function partsOf(parts) {
  const { length } = parts;
  const all = [];
  for (let at = 0; at < length; at++) {
    const part = parts[at];
    if (isBlob(part)) all.push(blobBytes(part));
    else if (part instanceof ArrayBuffer || isView(part)) all.push(part);
    else all.push(`${part}`);
  }
  return all;
}

// Their bytes, one after the other.
function joined(parts) {
  if (scope.flags?.has("no_resizable_array_buffer_in_blob") === true) {
    for (const part of parts) {
      if (typeof part === "object" && isResizable(part)) {
        throw new TypeError("Cannot create a Blob with a resizable ArrayBuffer");
      }
    }
  }
  return native.joinBytes(parts);
}

// Where a slice begins or ends.
function place(value, length, otherwise) {
  if (value === undefined) return otherwise;
  const number = +value;
  const at = integer(number);
  if (at < 0) return at + length < 0 ? 0 : at + length;
  return at > length ? length : at;
}

export class Blob {
  #bytes;
  #type = "";
  #name = undefined;
  #modified = 0;

  constructor(blobParts = undefined, options = undefined) {
    if (blobParts === MAKE) {
      [this.#bytes, this.#type, this.#name, this.#modified] = options;
      return;
    }
    if (blobParts !== undefined && !isArray(blobParts)) throw wrongInit("Blob", 1, "Array");
    const parts = partsOf(blobParts ?? []);
    [this.#type] = optionsOf(options, "Blob", 2);
    this.#bytes = joined(parts);
  }
  get size() {
    if (!(#bytes in this)) illegal();
    return this.#bytes.byteLength;
  }
  get type() {
    if (!(#bytes in this)) illegal();
    return this.#type;
  }
  slice(start = undefined, end = undefined, type = undefined) {
    if (!(#bytes in this)) illegal();
    const bytes = this.#bytes;
    const from = place(start, bytes.byteLength, 0);
    const to = place(end, bytes.byteLength, bytes.byteLength);
    return new Blob(MAKE, [bytes.subarray(from, to < from ? from : to), type === undefined ? "" : typeOf(type)]);
  }
  arrayBuffer() {
    if (!(#bytes in this)) illegal();
    return resolved(native.bodyForm(this.#bytes, BUFFER));
  }
  bytes() {
    if (!(#bytes in this)) illegal();
    return resolved(this.#bytes.slice());
  }
  text() {
    if (!(#bytes in this)) illegal();
    return resolved(native.decodeUtf8(this.#bytes));
  }
  stream() {
    if (!(#bytes in this)) illegal();
    if (scope.global) insideHandler();
    return bytesStream(this.#bytes.slice());
  }
  static {
    isBlob = (value) => typeof value === "object" && value !== null && #bytes in value;
    isFile = (value) => isBlob(value) && value.#name !== undefined;
    blobBytes = (blob) => blob.#bytes;
    blobType = (blob) => blob.#type;
    fileParts = (file) => {
      if (!isFile(file)) illegal();
      return [file.#name, file.#modified];
    };
  }
}
shape(Blob);

// A blob of these bytes, which become its own.
export const blobOf = (bytes, type) => new Blob(MAKE, [bytes, type]);

// A File is not among what can be cloned.
cloneable((value) => isBlob(value) && !isFile(value), (blob) => blobOf(blobBytes(blob), blobType(blob)));

// A file of a blob's bytes, or of bytes that become its own.
export const fileOf = (bytes, type, name, modified = Date.now()) =>
  Reflect.construct(Blob, [MAKE, [bytes, type, name, modified]], File);

export class File {
  constructor(fileBits = undefined, fileName = undefined, options = undefined) {
    if (arguments.length > 0 && fileBits !== undefined && !isArray(fileBits)) throw wrongInit("File", 1, "Array");
    const parts = partsOf(fileBits ?? []);
    if (arguments.length < 2) throw wrongInit("File", 2, "string");
    const name = scalar(fileName);
    const [type, modified = Date.now()] = optionsOf(options, "File", 3);
    return Reflect.construct(Blob, [MAKE, [joined(parts), type, name, modified]], new.target);
  }
  get name() {
    return fileParts(this)[0];
  }
  get lastModified() {
    return fileParts(this)[1];
  }
}
shape(File);
Object.setPrototypeOf(File.prototype, Blob.prototype);

export { FormData, isForm, parseForm, serializeForm } from "internal:form";

export const globals = { Blob, File, FormData };
