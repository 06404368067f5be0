// Values as they go from one Worker to another (docs/rpc.md): JSON, with arrays that begin with a
// tag for what JSON has not, and bytes beside it. What comes is another Worker's, and hostile.
import native from "internal:native";
import { DOMException, isDomException } from "internal:errors";
import { platformName, refused, unable } from "internal:clone";
import { blobBytes, blobOf, blobType, fileOf, fileParts, isBlob, isFile } from "internal:blob";

const { getPrototypeOf, keys, hasOwn, defineProperty } = Object;
const tagOfView = Object.getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

// Bytes of the values of one call or answer (spec: SEMANTICS §25).
export const VALUE_MAX = 32 * 1024 * 1024;

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError };
const VIEWS = {};
for (const View of [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
]) VIEWS[View.name] = View;
const BOXES = { Number: globalThis.Number, String, Boolean, BigInt };

// How objects of other rooms are sent, in turn: `test(value)`, `encode(value, encoder)`.
const senders = [];
// How they are made again, by tag: `decode(item, decoder)`.
const receivers = new Map();

// Adds a kind of objects that can be sent.
export function sendable(tag, test, encode, decode) {
  senders.push([tag, test, encode]);
  receivers.set(tag, decode);
}

const notSerializable = (name) =>
  new DOMException(`Could not serialize object of type "${name}". This type does not support serialization.`, "DataCloneError");

// Makes the JSON of values. `port` takes what is not copied: `port.send(target)` gives a number.
export class Encoder {
  #seen = new Map();
  // Bytes that go beside the JSON.
  blobs = [];
  // What was exported for it, should it not be sent.
  exported = [];
  // Stubs whose ownership goes along.
  given = [];
  constructor(port) {
    this.port = port;
  }

  bytes(bytes) {
    this.blobs.push(bytes);
    return bytes.byteLength;
  }

  export(target) {
    if (this.port === null) throw notSerializable("RpcStub");
    const id = this.port.export(target);
    this.exported.push(id);
    return id;
  }

  // Nothing is sent after all.
  abandon() {
    for (const id of this.exported) this.port.released(id);
  }

  encode(value) {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return ["n", Object.is(value, -0) ? "-0" : `${value}`];
      case "undefined":
        return ["u"];
      case "bigint":
        return ["i", `${value}`];
      case "symbol":
        throw refused(value);
    }
    if (value === null) return null;
    for (const [tag, test, encode] of senders) {
      if (test(value)) return this.#other(tag, encode, value);
    }
    return this.#object(value);
  }

  #other(tag, encode, value) {
    const known = this.#seen.get(value);
    if (known !== undefined) return ["r", known];
    const item = [tag, ...encode(value, this)];
    this.#seen.set(value, this.#seen.size);
    return item;
  }

  #object(value) {
    const seen = this.#seen;
    const known = seen.get(value);
    if (known !== undefined) return ["r", known];
    if (isArray(value)) {
      seen.set(value, seen.size);
      const names = keys(value);
      if (names.length === value.length) return [value.map((item) => this.encode(item))];
      return ["A", value.length, names.map((key) => [key, this.encode(value[key])])];
    }
    const kind = native.kindOf(value);
    switch (kind) {
      case "Date":
        seen.set(value, seen.size);
        return ["d", this.encode(Date.prototype.valueOf.call(value))];
      case "RegExp":
        seen.set(value, seen.size);
        return ["x", value.source, value.flags];
      case "Number":
      case "String":
      case "Boolean":
      case "BigInt":
        seen.set(value, seen.size);
        return ["o", kind, this.encode(BOXES[kind].prototype.valueOf.call(value))];
      case "Map": {
        seen.set(value, seen.size);
        const entries = [];
        Map.prototype.forEach.call(value, (item, key) => entries.push(key, item));
        return ["m", entries.map((item) => this.encode(item))];
      }
      case "Set": {
        seen.set(value, seen.size);
        const items = [];
        Set.prototype.forEach.call(value, (item) => items.push(item));
        return ["t", items.map((item) => this.encode(item))];
      }
      case "ArrayBuffer":
        return this.#buffer(value);
      case "DataView":
      case "TypedArray": {
        const name = kind === "DataView" ? kind : tagOfView.call(value);
        const buffer = value.buffer;
        if (native.kindOf(buffer) !== "ArrayBuffer") throw refused(buffer);
        const inner = seen.has(buffer) ? ["r", seen.get(buffer)] : this.#buffer(buffer);
        seen.set(value, seen.size);
        return ["v", name, inner, value.byteOffset, kind === "DataView" ? value.byteLength : value.length];
      }
      case "Error": {
        if (isDomException(value)) return this.#exception(value);
        seen.set(value, seen.size);
        const name = hasOwn(ERRORS, value.name) ? value.name : "Error";
        const message = Object.getOwnPropertyDescriptor(value, "message");
        const { stack } = value;
        const item = ["e", name, message === undefined ? null : `${message.value}`, typeof stack === "string" ? stack : null];
        if (hasOwn(value, "cause")) item.push(this.encode(value.cause));
        return item;
      }
    }
    if (isDomException(value)) return this.#exception(value);
    const name = platformName(value);
    if (name !== undefined) throw unable(name);
    if (kind !== "Object") throw refused(value);
    const proto = getPrototypeOf(value);
    if (proto !== Object.prototype) {
      throw notSerializable(proto === null ? "Object" : typeof proto.constructor === "function" ? proto.constructor.name : "Object");
    }
    seen.set(value, seen.size);
    const copy = {};
    for (const key of keys(value)) {
      const item = this.encode(value[key]);
      if (key === "__proto__") defineProperty(copy, key, { value: item, writable: true, enumerable: true, configurable: true });
      else copy[key] = item;
    }
    return copy;
  }

  #exception(value) {
    this.#seen.set(value, this.#seen.size);
    return ["E", value.message, value.name];
  }

  #buffer(value) {
    if (value.detached) throw new DOMException("An ArrayBuffer is detached and could not be cloned.", "DataCloneError");
    this.#seen.set(value, this.#seen.size);
    return ["b", this.bytes(new Uint8Array(value)), value.resizable ? value.maxByteLength : -1];
  }
}

const malformed = () => new Error("A message of another Worker's cannot be decoded.");

// Makes values of what an encoder made. `port.import(id)` gives what the other side exported.
export class Decoder {
  #made = [];
  #at;
  // What ends with the value: functions.
  stubs = [];
  constructor(port, bytes, at = 0) {
    this.port = port;
    this.source = bytes;
    this.#at = at;
  }

  bytes(length) {
    const { source } = this;
    if (!(length >= 0) || source === null || this.#at + length > source.byteLength) throw malformed();
    const from = this.#at;
    this.#at += length;
    return source.slice(from, from + length);
  }

  import(id) {
    if (this.port === null) throw malformed();
    return this.port.import(id);
  }

  // One that ends with the run that it was given to.
  importStream(id) {
    const ref = this.import(id);
    this.port.streams.add(ref);
    return ref;
  }

  #keep(value) {
    this.#made.push(value);
    return value;
  }

  decode(item) {
    if (typeof item !== "object" || item === null) return item;
    if (!isArray(item)) {
      const copy = this.#keep({});
      for (const key of keys(item)) {
        const value = this.decode(item[key]);
        if (key === "__proto__") defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
        else copy[key] = value;
      }
      return copy;
    }
    const [tag, one, two] = item;
    if (isArray(tag)) {
      const copy = this.#keep(new Array(tag.length));
      for (let at = 0; at < tag.length; at++) copy[at] = this.decode(tag[at]);
      return copy;
    }
    switch (tag) {
      case "u":
        return undefined;
      case "n":
        return Number(`${one}`);
      case "i":
        return BigInt(`${one}`);
      case "r":
        if (!(one < this.#made.length)) throw malformed();
        return this.#made[one];
      case "A": {
        const copy = this.#keep([]);
        if (!(one >= 0 && one < 2 ** 32) || !isArray(two)) throw malformed();
        copy.length = one;
        for (const [key, value] of two) copy[key] = this.decode(value);
        return copy;
      }
      case "d":
        return this.#keep(new Date(Number(this.decode(one))));
      case "x":
        return this.#keep(new RegExp(`${one}`, `${two}`));
      case "o": {
        const value = this.decode(two);
        if (!hasOwn(BOXES, one) || (typeof value === "object" && value !== null)) throw malformed();
        return this.#keep(Object(value));
      }
      case "m": {
        const copy = this.#keep(new Map());
        for (let at = 0; at < one.length; at += 2) {
          const key = this.decode(one[at]);
          copy.set(key, this.decode(one[at + 1]));
        }
        return copy;
      }
      case "t": {
        const copy = this.#keep(new Set());
        for (const value of one) copy.add(this.decode(value));
        return copy;
      }
      case "b":
        return this.#buffer(one, two);
      case "v": {
        const buffer = this.decode(two);
        if (!hasOwn(VIEWS, one) || native.kindOf(buffer) !== "ArrayBuffer") throw malformed();
        return this.#keep(new VIEWS[one](buffer, item[3], item[4]));
      }
      case "e": {
        if (!hasOwn(ERRORS, one)) throw malformed();
        const copy = this.#keep(errorOf(one, two));
        if (typeof item[3] === "string") copy.stack = item[3];
        if (item.length > 4) defineProperty(copy, "cause", { value: this.decode(item[4]), writable: true, configurable: true });
        return copy;
      }
      case "E":
        return this.#keep(new DOMException(`${one}`, `${two}`));
    }
    const receive = receivers.get(tag);
    if (receive === undefined) throw malformed();
    return this.#keep(receive(item, this));
  }

  #buffer(length, most) {
    const bytes = this.bytes(length);
    if (most < 0) return this.#keep(bytes.buffer);
    const copy = new ArrayBuffer(length, { maxByteLength: most });
    new Uint8Array(copy).set(bytes);
    return this.#keep(copy);
  }
}

function errorOf(name, message) {
  if (name === "AggregateError") {
    const error = message === null ? new AggregateError([]) : new AggregateError([], `${message}`);
    delete error.errors;
    return error;
  }
  return message === null ? new ERRORS[name]() : new ERRORS[name](`${message}`);
}

// What was thrown, as the other side is to hear of it: name and message alone.
export function encodeThrown(error) {
  if (typeof error !== "object" || error === null) {
    return [null, "Error", typeof error === "symbol" ? String(error) : `${error}`];
  }
  try {
    if (isDomException(error)) return ["E", `${error.name}`, `${error.message}`];
    const { name, message } = error;
    if (native.kindOf(error) !== "Error" && !(error instanceof Error)) {
      return [null, "Error", isArray(error) ? `${error}` : `#<${error.constructor?.name ?? "Object"}>`];
    }
    if (hasOwn(ERRORS, name)) return [null, `${name}`, `${message}`];
    return [null, "Error", name === undefined ? `${message}` : `${name}: ${message}`];
  } catch {
    return [null, "Error", "an exception that cannot be shown"];
  }
}

// That again. `remote` says that it was thrown by another Worker.
export function decodeThrown([tag, name, message]) {
  const error = tag === "E" ? new DOMException(`${message}`, `${name}`) : errorOf(hasOwn(ERRORS, name) ? name : "Error", message);
  error.remote = true;
  return error;
}

sendable(
  "B",
  isBlob,
  (value, encoder) => {
    const parts = [encoder.bytes(blobBytes(value)), blobType(value)];
    if (isFile(value)) parts.push(...fileParts(value));
    return parts;
  },
  ([, length, type, name, modified], decoder) => {
    const bytes = decoder.bytes(length);
    return name === undefined ? blobOf(bytes, `${type}`) : fileOf(bytes, `${type}`, `${name}`, Number(modified));
  },
);
