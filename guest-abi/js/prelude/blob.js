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

let fileParts;
export let blobBytes, isBlob, isFile;

// The type as a blob keeps it: parameters' names and values in lower case; nothing if it has
// characters that are not ASCII text.
function typeOf(value) {
  if (value === undefined) return "";
  const text = `${value}`;
  return /[^\x20-\x7f]/.test(text) ? "" : text.toLowerCase();
}

function optionsOf(options, name, place) {
  const given = dictionary(options, name, place, "Options");
  if (given?.endings !== undefined) throw new Error("The 'endings' field on 'Options' is not implemented.");
  return given;
}

// The bytes of a blob's parts, one after the other.
const isResizable = (part) => (isView(part) ? part.buffer : part).resizable === true;

function joined(parts) {
  const all = [];
  const refuses = scope.flags?.has("no_resizable_array_buffer_in_blob") === true;
  for (const part of parts) {
    if (refuses && (part instanceof ArrayBuffer || isView(part)) && isResizable(part)) {
      throw new TypeError("Cannot create a Blob with a resizable ArrayBuffer");
    }
    if (isBlob(part)) all.push(blobBytes(part));
    else if (part instanceof ArrayBuffer || isView(part)) all.push(part);
    else all.push(`${part}`);
  }
  return native.joinBytes(all);
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
    const given = optionsOf(options, "Blob", 2);
    this.#type = typeOf(given?.type);
    this.#bytes = joined(blobParts ?? []);
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
    return new Blob(MAKE, [bytes.subarray(from, to < from ? from : to), typeOf(type)]);
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
    fileParts = (file) => {
      if (!isFile(file)) illegal();
      return [file.#name, file.#modified];
    };
  }
}
shape(Blob);

// The type of a body as its blob has it.
export function bodyType(contentType) {
  const [essence, ...parameters] = contentType.split(";");
  let type = essence.trim().toLowerCase();
  for (const parameter of parameters) {
    const at = parameter.indexOf("=");
    if (at > 0) type += `;${parameter.slice(0, at).trim().toLowerCase()}=${parameter.slice(at + 1).trim()}`;
  }
  return type;
}

// A blob of these bytes, which become its own.
export const blobOf = (bytes, type) => new Blob(MAKE, [bytes, type]);

// A File is not among what can be cloned.
cloneable((value) => isBlob(value) && !isFile(value), (blob) => blobOf(blobBytes(blob), blob.type));

// A file of a blob's bytes, or of bytes that become its own.
export const fileOf = (bytes, type, name, modified = Date.now()) =>
  Reflect.construct(Blob, [MAKE, [bytes, type, name, modified]], File);

export class File {
  constructor(fileBits = undefined, fileName = undefined, options = undefined) {
    if (arguments.length > 0 && fileBits !== undefined && !isArray(fileBits)) throw wrongInit("File", 1, "Array");
    if (arguments.length < 2) throw wrongInit("File", 2, "string");
    const given = optionsOf(options, "File", 3);
    const { lastModified } = given ?? {};
    const modified = lastModified === undefined ? Date.now() : +lastModified || 0;
    const parts = [joined(fileBits ?? []), typeOf(given?.type), scalar(fileName), modified];
    return Reflect.construct(Blob, [MAKE, parts], new.target);
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

export { FormData, parseForm, serializeForm } from "internal:form";

export const globals = { Blob, File, FormData };
