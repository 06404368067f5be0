// node:buffer. Text in its encodings is made in Rust; numbers go through a DataView.
import native from "internal:native";
import { coded, ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_BUFFER_SIZE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_ENCODING, validateNumber, validateInteger } from "internal:node/errors";

const UTF8 = 0, HEX = 1, BASE64 = 2, BASE64URL = 3, LATIN1 = 4, ASCII = 5, UTF16 = 6;
const ENCODINGS = { utf8: UTF8, "utf-8": UTF8, hex: HEX, base64: BASE64, base64url: BASE64URL, latin1: LATIN1, binary: LATIN1, ascii: ASCII, ucs2: UTF16, "ucs-2": UTF16, utf16le: UTF16, "utf-16le": UTF16 };
Object.setPrototypeOf(ENCODINGS, null);

export const kMaxLength = 2147483647;
export const kStringMaxLength = 536870888;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export let INSPECT_MAX_BYTES = 50;

function encodingOf(encoding) {
  if (encoding === undefined || encoding === null || encoding === "") return UTF8;
  return ENCODINGS[encoding] ?? ENCODINGS[String(encoding).toLowerCase()];
}

function encodingOrThrow(encoding) {
  const known = typeof encoding === "string" || encoding === undefined || encoding === null ? encodingOf(encoding) : undefined;
  if (known === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
  return known;
}

class FastBuffer extends Uint8Array {
  constructor(a, b, c) {
    super(a, b, c);
  }
}

const MAX_BYTES = kMaxLength;
function checkSize(size) {
  if (typeof size !== "number") throw ERR_INVALID_ARG_TYPE("size", "number", size);
  if (Number.isNaN(size)) throw coded(RangeError, "ERR_INVALID_ARG_VALUE", "The argument 'size' is invalid. Received NaN");
  if (size < 0) throw new RangeError(`Invalid typed array length: ${size}`);
  if (size > MAX_BYTES) throw ERR_OUT_OF_RANGE("size", `0 to ${MAX_BYTES}`, size);
}

export function Buffer(value, encodingOrOffset, length) {
  if (typeof value === "number") {
    if (typeof encodingOrOffset === "string") throw ERR_INVALID_ARG_TYPE("string", "string", value);
    return Buffer.alloc(value);
  }
  return Buffer.from(value, encodingOrOffset, length);
}
Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer, Symbol.species, { configurable: true, enumerable: false, get: () => FastBuffer });
Object.defineProperty(FastBuffer.prototype, "constructor", { value: Buffer, writable: true, configurable: true, enumerable: false });

const isAnyBuffer = (value) => value instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer) || ["[object ArrayBuffer]", "[object SharedArrayBuffer]"].includes(Object.prototype.toString.call(value));

function over(bytes) {
  return new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fromString(text, encoding) {
  if (typeof encoding !== "string" || encoding === "") encoding = "utf8";
  const known = encodingOf(encoding);
  if (known === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
  return over(native.bufferDecode(text, known));
}

function fromArrayLike(items) {
  const length = items.length > 0 ? items.length : 0;
  const buffer = new FastBuffer(length >>> 0);
  if (items instanceof Uint8Array) buffer.set(items);
  else for (let at = 0; at < length; at++) buffer[at] = items[at];
  return buffer;
}

function fromArrayBuffer(buffer, offset, length) {
  if (offset === undefined) offset = 0;
  else {
    offset = +offset;
    if (Number.isNaN(offset)) offset = 0;
  }
  const max = buffer.byteLength - offset;
  if (max < 0) throw ERR_BUFFER_OUT_OF_BOUNDS("offset");
  if (length === undefined) length = max;
  else {
    length = +length;
    if (length > 0) {
      if (length > max) throw ERR_BUFFER_OUT_OF_BOUNDS("length");
    } else length = 0;
  }
  return new FastBuffer(buffer, offset, length);
}

function fromObject(value) {
  if (value.length !== undefined || isAnyBuffer(value.buffer)) {
    return typeof value.length !== "number" ? new FastBuffer(0) : fromArrayLike(value);
  }
  if (value.type === "Buffer" && Array.isArray(value.data)) return fromArrayLike(value.data);
  return undefined;
}

function wrongFirst(value) {
  const error = ERR_INVALID_ARG_TYPE("value", "string", value);
  const received = error.message.slice(error.message.indexOf(" Received"));
  const text = `The first argument must be of type string or an instance of Buffer, TypedArray, ArrayBuffer, SharedArrayBuffer, or Array or an Array-like Object.${received}`;
  error.message = text;
  return error;
}

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === "string") return fromString(value, encodingOrOffset);
  if (typeof value === "object" && value !== null) {
    if (isAnyBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const primitive = value.valueOf && value.valueOf();
    if (primitive !== undefined && primitive !== null && primitive !== value && (typeof primitive === "string" || typeof primitive === "object")) {
      return Buffer.from(primitive, encodingOrOffset, length);
    }
    const made = fromObject(value);
    if (made !== undefined) return made;
    if (typeof value[Symbol.toPrimitive] === "function") {
      const toPrimitive = value[Symbol.toPrimitive];
      const text = toPrimitive("string");
      if (typeof text === "string") return fromString(text, encodingOrOffset);
    }
  }
  throw wrongFirst(value);
};

Buffer.of = function of(...items) {
  return fromArrayLike(items);
};

Buffer.alloc = function alloc(size, fill, encoding) {
  checkSize(size);
  const buffer = new FastBuffer(size);
  if (fill !== undefined && fill !== 0 && size > 0) {
    if (typeof encoding !== "string" && encoding !== undefined) throw ERR_INVALID_ARG_TYPE("encoding", "string", encoding);
    return fillBuffer(buffer, fill, 0, buffer.length, encoding);
  }
  return buffer;
};
Buffer.allocUnsafe = function allocUnsafe(size) {
  checkSize(size);
  return new FastBuffer(size);
};
Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  checkSize(size);
  return new FastBuffer(size);
};
export function SlowBuffer(size) {
  checkSize(size);
  return Buffer.allocUnsafeSlow(size);
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
Object.setPrototypeOf(SlowBuffer, Uint8Array);

Buffer.isBuffer = function isBuffer(value) {
  return value instanceof Buffer;
};
Buffer.isEncoding = function isEncoding(encoding) {
  return typeof encoding === "string" && encoding.length !== 0 && encodingOf(encoding) !== undefined;
};
Object.defineProperty(Buffer, "poolSize", { value: 0, writable: false, enumerable: true, configurable: false });

const isBytes = (value) => value instanceof Uint8Array || Object.prototype.toString.call(value) === "[object Uint8Array]";

Buffer.compare = function compare(a, b) {
  if (!isBytes(a)) throw ERR_INVALID_ARG_TYPE("a", ["Buffer", "Uint8Array"], typeof a);
  if (!isBytes(b)) throw ERR_INVALID_ARG_TYPE("b", ["Buffer", "Uint8Array"], typeof b);
  return a === b ? 0 : native.bufferCompare(a, b);
};

Buffer.concat = function concat(list, length) {
  if (!Array.isArray(list)) throw ERR_INVALID_ARG_TYPE("list", "(Buffer|Uint8Array)[]", list);
  if (list.length === 0) return new FastBuffer(0);
  if (length === undefined) {
    length = 0;
    for (const item of list) if (item.length) length += item.length;
  } else validateInteger(length, "length", 0);
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (!isBytes(item)) throw new TypeError(`Incorrect type for array element ${index}: the provided value is not of type 'Uint8Array'.`);
    if (at + item.length > length) {
      buffer.set(item.subarray(0, length - at), at);
      at = length;
      break;
    }
    buffer.set(item, at);
    at += item.length;
  }
  return buffer;
};

Buffer.byteLength = function byteLength(value, encoding) {
  if (typeof value !== "string") {
    if (ArrayBuffer.isView(value) || isAnyBuffer(value)) return value.byteLength;
    throw ERR_INVALID_ARG_TYPE("string", ["string", "Buffer", "ArrayBuffer"], value);
  }
  const known = encodingOf(encoding) ?? UTF8;
  switch (known) {
    case LATIN1:
    case ASCII:
      return value.length;
    case UTF16:
      return value.length * 2;
    case HEX:
      return value.length >>> 1;
    case BASE64:
    case BASE64URL: {
      let bytes = value.length;
      if (value.charCodeAt(bytes - 1) === 0x3d) bytes--;
      if (bytes > 1 && value.charCodeAt(bytes - 1) === 0x3d) bytes--;
      return (bytes * 3) >>> 2;
    }
    default:
      return native.bufferDecode(value, UTF8).length;
  }
};

const proto = Buffer.prototype;
Object.defineProperty(proto, "parent", { enumerable: true, get() { return this instanceof Buffer ? this.buffer : undefined; } });
Object.defineProperty(proto, "offset", { enumerable: true, get() { return this instanceof Buffer ? this.byteOffset : undefined; } });

function text(buffer, encoding, start, end) {
  return native.bufferEncode(buffer, start, end, encoding);
}

function methods(list) {
  for (const name of Object.keys(list)) proto[name] = list[name];
}

methods({
  toString(encoding, start, end) {
    const length = this.length;
    if (arguments.length === 0) return text(this, UTF8, 0, length);
    if (start <= 0) start = 0;
    else if (start >= length) return "";
    else start = Math.trunc(start) || 0;
    if (end === undefined || end > length) end = length;
    else end = Math.trunc(end) || 0;
    if (end <= start) return "";
    if (encoding === undefined) return text(this, UTF8, start, end);
    const known = encodingOf(encoding === null ? "null" : encoding);
    if (known === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
    return text(this, known, start, end);
  },
  equals(other) {
    if (!isBytes(other)) throw ERR_INVALID_ARG_TYPE("b", ["Buffer", "Uint8Array"], typeof other);
    if (this === other) return true;
    return this.byteLength === other.byteLength && native.bufferCompare(this, other) === 0;
  },
  compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    if (!isBytes(target)) throw ERR_INVALID_ARG_TYPE("target", ["Buffer", "Uint8Array"], target);
    if (arguments.length === 1) return native.bufferCompare(this, target);
    const bound = (value, name, max, otherwise) => {
      if (value === undefined) return otherwise;
      validateInteger(value, name, 0, max);
      return value;
    };
    targetStart = bound(targetStart, "targetStart", kMaxLength, 0);
    targetEnd = bound(targetEnd, "targetEnd", target.length, target.length);
    sourceStart = bound(sourceStart, "sourceStart", kMaxLength, 0);
    sourceEnd = bound(sourceEnd, "sourceEnd", this.length, this.length);
    if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
    if (targetStart >= targetEnd) return 1;
    return native.bufferCompare(Uint8Array.prototype.subarray.call(this, sourceStart, sourceEnd), target.subarray(targetStart, targetEnd));
  },
  indexOf(value, offset, encoding) {
    return search(this, value, offset, encoding, false);
  },
  lastIndexOf(value, offset, encoding) {
    return search(this, value, offset, encoding, true);
  },
  includes(value, offset, encoding) {
    return this.indexOf(value, offset, encoding) !== -1;
  },
  copy(target, targetStart, sourceStart, sourceEnd) {
    if (!ArrayBuffer.isView(target)) throw ERR_INVALID_ARG_TYPE("target", ["Buffer", "Uint8Array"], target);
    const whole = (value, otherwise) => {
      if (value === undefined) return otherwise;
      value = +value;
      return Number.isNaN(value) ? 0 : Math.trunc(value);
    };
    targetStart = whole(targetStart, 0);
    if (targetStart < 0) throw ERR_OUT_OF_RANGE("targetStart", ">= 0", targetStart);
    sourceStart = whole(sourceStart, 0);
    if (sourceStart < 0) throw ERR_OUT_OF_RANGE("sourceStart", ">= 0", sourceStart);
    if (sourceStart > this.length) return 0;
    sourceEnd = whole(sourceEnd, this.length);
    if (sourceEnd < 0) throw ERR_OUT_OF_RANGE("sourceEnd", ">= 0", sourceEnd);
    if (targetStart >= target.byteLength || sourceStart >= sourceEnd) return 0;
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    const count = Math.min(sourceEnd - sourceStart, bytes.length - targetStart, this.length - sourceStart);
    bytes.set(Uint8Array.prototype.subarray.call(this, sourceStart, sourceStart + count), targetStart);
    return count;
  },
  fill(value, offset, end, encoding) {
    return fillBuffer(this, value, offset, end, encoding);
  },
  write(string, offset, length, encoding) {
    string = `${string}`;
    if (offset === undefined) return put(this, string, 0, this.length, UTF8);
    if (length === undefined && typeof offset === "string") {
      encoding = offset;
      length = this.length;
      offset = 0;
    } else {
      validateInteger(offset, "offset", 0, this.length);
      const rest = this.length - offset;
      if (length === undefined) length = rest;
      else if (typeof length === "string") {
        encoding = length;
        length = rest;
      } else {
        validateInteger(length, "length", 0, this.length);
        if (length > rest) length = rest;
      }
    }
    return put(this, string, offset, length, encoding ? encodingOrThrow(encoding) : UTF8);
  },
  toJSON() {
    return { type: "Buffer", data: this.length > 0 ? Array.prototype.slice.call(this) : [] };
  },
  slice(start, end) {
    const length = this.length;
    const at = (value, otherwise) => {
      if (value === undefined) return otherwise;
      value = Math.trunc(+value) || 0;
      return value < 0 ? Math.max(0, value + length) : Math.min(value, length);
    };
    start = at(start, 0);
    end = at(end, length);
    return new FastBuffer(this.buffer, this.byteOffset + start, end > start ? end - start : 0);
  },
  swap16() {
    return swap(this, 2);
  },
  swap32() {
    return swap(this, 4);
  },
  swap64() {
    return swap(this, 8);
  },
  toLocaleString(encoding, start, end) {
    return proto.toString.apply(this, arguments);
  },
});
proto.toLocaleString = proto.toString;

function swap(buffer, size) {
  const length = buffer.length;
  if (length % size !== 0) throw ERR_INVALID_BUFFER_SIZE(`${size * 8}-bits`);
  for (let at = 0; at < length; at += size) {
    Uint8Array.prototype.subarray.call(buffer, at, at + size);
    for (let a = at, b = at + size - 1; a < b; a++, b--) {
      const byte = buffer[a];
      buffer[a] = buffer[b];
      buffer[b] = byte;
    }
  }
  return buffer;
}

// Writes whole characters only.
function put(buffer, string, offset, length, encoding) {
  const bytes = native.bufferDecode(string, encoding);
  let count = Math.min(bytes.length, length, buffer.length - offset);
  if (count < bytes.length) {
    if (encoding === UTF8) while (count > 0 && (bytes[count] & 0xc0) === 0x80) count--;
    else if (encoding === UTF16) count &= ~1;
  }
  buffer.set(count === bytes.length ? bytes : bytes.subarray(0, count), offset);
  return count;
}

function search(buffer, value, offset, encoding, backwards) {
  const length = buffer.length;
  if (typeof offset === "string") {
    encoding = offset;
    offset = undefined;
  } else if (offset > 0x7fffffff) offset = 0x7fffffff;
  else if (offset < -0x80000000) offset = -0x80000000;
  offset = +offset;
  if (Number.isNaN(offset)) offset = backwards ? length : 0;
  offset = Math.trunc(offset);
  let needle, step = 1;
  if (typeof value === "number") needle = Uint8Array.of(value);
  else if (typeof value === "string") {
    const known = encodingOf(encoding);
    if (known === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
    needle = native.bufferDecode(value, known);
    if (known === UTF16) step = 2;
  } else if (isBytes(value)) {
    needle = value;
    if (encodingOf(encoding) === UTF16) step = 2;
  } else throw ERR_INVALID_ARG_TYPE("value", ["number", "string", "Buffer", "Uint8Array"], value);
  let from = offset < 0 ? offset + length : offset;
  if (from < 0) {
    if (backwards) return -1;
    from = 0;
  }
  if (step === 2) from -= from % 2;
  if (needle.length === 0) return Math.min(from, length);
  return native.bufferFind(buffer, needle, Math.min(from, length), backwards, step);
}

function fillBuffer(buffer, value, offset, end, encoding) {
  if (typeof value === "string") {
    if (offset === undefined || typeof offset === "string") {
      encoding = offset;
      offset = 0;
      end = buffer.length;
    } else if (typeof end === "string") {
      encoding = end;
      end = buffer.length;
    }
    if (encodingOf(encoding) === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
  } else if (typeof value === "boolean") value = +value;
  if (offset === undefined) {
    offset = 0;
    end = end === undefined ? buffer.length : end;
  } else {
    validateNumber(offset, "offset");
    if (end === undefined) end = buffer.length;
    else validateNumber(end, "end");
    if (offset < 0) throw ERR_OUT_OF_RANGE("start", "0 to end", offset);
    if (end < 0 || end > buffer.length) throw ERR_OUT_OF_RANGE("end", `0 to ${buffer.length}`, end);
  }
  if (offset >= end) return buffer;
  let pattern;
  if (typeof value === "string") {
    const kind = encodingOf(encoding);
    if (kind === HEX && (value.length % 2 !== 0 || /[^0-9a-f]/i.test(value))) throw new TypeError("The text is not valid hex");
    pattern = native.bufferDecode(value, kind);
    if (pattern.length === 0) {
      if (value.length > 0) throw ERR_INVALID_ARG_VALUE("value", value);
      pattern = undefined;
      value = 0;
    }
  } else if (ArrayBuffer.isView(value)) {
    pattern = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (pattern.length === 0) throw ERR_INVALID_ARG_VALUE("value", "zero-length");
  }
  if (pattern === undefined) {
    Uint8Array.prototype.fill.call(buffer, Number(value) & 255, offset, end);
    return buffer;
  }
  const total = end - offset;
  let done = Math.min(pattern.length, total);
  buffer.set(done === pattern.length ? pattern : pattern.subarray(0, done), offset);
  // What is there is copied behind itself, twice as much each time.
  while (done < total) {
    const count = Math.min(done, total - done);
    Uint8Array.prototype.copyWithin.call(buffer, offset + done, offset, offset + count);
    done += count;
  }
  return buffer;
}

// ---- Numbers ----

const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function bounds(value, length, full) {
  if (!Number.isInteger(value)) {
    validateNumber(value, "offset");
    throw ERR_OUT_OF_RANGE("offset", "an integer", value);
  }
  if (length < 0) throw ERR_BUFFER_OUT_OF_BOUNDS();
  throw ERR_OUT_OF_RANGE("offset", value < 0 || value > full ? `>= 0 && <= ${full}` : `>= 0 and <= ${length}`, value);
}

function checkOffset(buffer, offset, size) {
  if (typeof offset !== "number") throw ERR_INVALID_ARG_TYPE("offset", "number", offset);
  if (!(Number.isInteger(offset) && offset >= 0 && offset + size <= buffer.length)) bounds(offset, buffer.length - size, buffer.length);
}

function define(names, fn, length) {
  for (const name of names) {
    Object.defineProperty(fn, "name", { value: names[0] });
    proto[name] = fn;
  }
}
const both = (stem) => [stem, stem.replace("UInt", "Uint")];

function rangeOf(value, min, max, size, signed) {
  if (value > max || value < min) {
    const n = typeof min === "bigint" ? "n" : "";
    let range;
    if (size > 4) {
      if (signed) range = `>= -(2${n} ** ${size * 8 - 1}${n}) and < 2 ** ${size * 8 - 1}${n}`;
      else range = `>= 0${n} and < 2${n} ** ${size * 8}${n}`;
    } else range = `>= ${min}${n} and <= ${max}${n}`;
    throw ERR_OUT_OF_RANGE("value", range, value);
  }
}

for (const [stem, size, get, signed] of [["UInt8", 1, "Uint8", false], ["UInt16", 2, "Uint16", false], ["UInt32", 4, "Uint32", false], ["Int8", 1, "Int8", true], ["Int16", 2, "Int16", true], ["Int32", 4, "Int32", true]]) {
  const min = signed ? -(2 ** (size * 8 - 1)) : 0;
  const max = signed ? 2 ** (size * 8 - 1) - 1 : 2 ** (size * 8) - 1;
  for (const order of size === 1 ? [""] : ["LE", "BE"]) {
    const little = order === "LE";
    const getter = DataView.prototype[`get${get}`], setter = DataView.prototype[`set${get}`];
    define(both(`read${stem}${order}`), function (offset = 0) {
      checkOffset(this, offset, size);
      return getter.call(view(this), offset, little);
    });
    define(both(`write${stem}${order}`), function (value, offset = 0) {
      value = +value;
      rangeOf(value, min, max, size, signed);
      checkOffset(this, offset, size);
      setter.call(view(this), offset, value, little);
      return offset + size;
    });
  }
}
for (const [stem, size] of [["Float", 4], ["Double", 8]]) {
  for (const order of ["LE", "BE"]) {
    const little = order === "LE";
    const getter = DataView.prototype[`getFloat${size * 8}`], setter = DataView.prototype[`setFloat${size * 8}`];
    define([`read${stem}${order}`], function (offset = 0) {
      checkOffset(this, offset, size);
      return getter.call(view(this), offset, little);
    });
    define([`write${stem}${order}`], function (value, offset) {
      if (offset === undefined) offset = 0;
      value = +value;
      checkOffset(this, offset, size);
      setter.call(view(this), offset, value, little);
      return offset + size;
    });
  }
}
for (const [stem, get, min, max] of [["BigUInt64", "BigUint64", 0n, 0xffffffffffffffffn], ["BigInt64", "BigInt64", -0x8000000000000000n, 0x7fffffffffffffffn]]) {
  for (const order of ["LE", "BE"]) {
    const little = order === "LE";
    const getter = DataView.prototype[`get${get}`], setter = DataView.prototype[`set${get}`];
    define(both(`read${stem}${order}`), function (offset = 0) {
      offset >>>= 0;
      checkOffset(this, offset, 8);
      return getter.call(view(this), offset, little);
    });
    define(both(`write${stem}${order}`), function (value, offset = 0) {
      rangeOf(value, min, max, 8, min !== 0n);
      if (typeof value !== "bigint") throw new TypeError(`Cannot mix BigInt and other types, use explicit conversions`);
      checkOffset(this, offset, 8);
      setter.call(view(this), offset, value, little);
      return offset + 8;
    });
  }
}

function checkLength(byteLength) {
  if (Math.floor(byteLength) !== byteLength) throw ERR_OUT_OF_RANGE("byteLength", "an integer", byteLength);
  if (byteLength < 1 || byteLength > 6) throw ERR_OUT_OF_RANGE("byteLength", ">= 1 and <= 6", byteLength);
}
for (const signed of [false, true]) {
  for (const order of ["LE", "BE"]) {
    const little = order === "LE";
    const stem = `${signed ? "Int" : "UInt"}${order}`;
    define(both(`read${stem}`), function (offset, byteLength) {
      if (offset === undefined) throw ERR_INVALID_ARG_TYPE("offset", "number", offset);
      checkLength(byteLength);
      checkOffset(this, offset, byteLength);
      let value = 0;
      for (let at = 0; at < byteLength; at++) value = value * 256 + this[offset + (little ? byteLength - 1 - at : at)];
      return signed && value >= 2 ** (8 * byteLength - 1) ? value - 2 ** (8 * byteLength) : value;
    });
    define(both(`write${stem}`), function (value, offset, byteLength) {
      checkLength(byteLength);
      value = +value;
      const limit = 2 ** (8 * byteLength - (signed ? 1 : 0));
      rangeOf(value, signed ? -limit : 0, limit - 1, byteLength, signed);
      if (offset === undefined) throw ERR_INVALID_ARG_TYPE("offset", "number", offset);
      checkOffset(this, offset, byteLength);
      let rest = Math.trunc(value) || 0;
      if (rest < 0) rest += 2 ** (8 * byteLength);
      for (let at = 0; at < byteLength; at++) {
        this[offset + (little ? at : byteLength - 1 - at)] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      return offset + byteLength;
    });
  }
}

for (const [name, encoding] of [["utf8", UTF8], ["latin1", LATIN1], ["ascii", ASCII], ["hex", HEX], ["base64", BASE64], ["base64url", BASE64URL], ["ucs2", UTF16], ["__none", UTF16]].slice(0, -1)) {
  proto[`${name}Slice`] = { [`${name}Slice`](start = 0, end = this.length) { return text(this, encoding, start, end); } }[`${name}Slice`];
  Object.defineProperty(proto[`${name}Slice`], "length", { value: 2 });
  proto[`${name}Write`] = { [`${name}Write`](string, offset = 0, length = this.length - offset) { return put(this, string, offset, length, encoding); } }[`${name}Write`];
  Object.defineProperty(proto[`${name}Write`], "length", { value: 3 });
}

proto[Symbol.for("nodejs.util.inspect.custom")] = function inspect(depth, context) {
  const max = module.INSPECT_MAX_BYTES;
  const shown = Math.min(max, this.length);
  let hex = text(this, HEX, 0, shown).replace(/(.{2})/g, "$1 ").trim();
  if (this.length > max) hex += ` ... ${this.length - max} more byte${this.length - max > 1 ? "s" : ""}`;
  return `<${this.constructor.name} ${hex}>`;
};
proto.inspect = proto[Symbol.for("nodejs.util.inspect.custom")];

// ---- The module's functions ----

function bytesOf(name, input) {
  if (ArrayBuffer.isView(input) || isAnyBuffer(input)) return input;
  throw new TypeError(`Failed to execute '${name}' on 'BufferUtil': parameter 1 is not of type 'Uint8Array'.`);
}
export function isAscii(input) {
  const bytes = bytesOf("isAscii", input);
  const all = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  return all.every((byte) => byte < 128);
}
export function isUtf8(input) {
  return native.bufferIsUtf8(bytesOf("isUtf8", input));
}
export function transcode(source, from, to) {
  if (!isBytes(source)) throw ERR_INVALID_ARG_TYPE("source", "ArrayBufferView", typeof source);
  const a = encodingOf(from), b = encodingOf(to);
  const fine = [UTF8, UTF16, LATIN1, ASCII];
  if (a === undefined) throw ERR_UNKNOWN_ENCODING(from);
  if (b === undefined) throw ERR_UNKNOWN_ENCODING(to);
  if (!fine.includes(a) || !fine.includes(b)) throw new Error("Unable to transcode buffer due to unsupported encoding");
  if (a === UTF16 && b !== UTF16 && source.byteLength % 2 === 1) throw new Error("UTF-16le input size should be multiple of 2");
  if (a === UTF8 && b === UTF16 && !isUtf8(source)) throw new Error("Unable to transcode buffer");
  let string = text(source, a === ASCII ? LATIN1 : a, 0, source.length);
  if (a === UTF16 && b === UTF8 && !string.isWellFormed()) throw new Error("Expected UTF8 length mismatch");
  if (a === UTF8 && (b === LATIN1 || b === ASCII)) string = string.replaceAll("\ufffd", "?");
  // What the other encoding lacks becomes a question mark of its own kind: the low byte.
  if (b === LATIN1 || b === ASCII) string = string.replace(/[^\x00-\xff]/gu, "\x80");
  return over(native.bufferDecode(string, b));
}
export function resolveObjectURL(id) {
  throw new Error("resolveObjectURL is not implemented");
}
const { atob: decodeBase64, btoa: encodeBase64, Blob, File } = globalThis;
export const atob = decodeBase64?.bind(globalThis), btoa = encodeBase64?.bind(globalThis);
export { Blob, File };

const module = {
  atob,
  btoa,
  constants,
  kMaxLength,
  kStringMaxLength,
  Blob,
  Buffer,
  File,
  SlowBuffer,
  isAscii,
  isUtf8,
  transcode,
  INSPECT_MAX_BYTES,
  resolveObjectURL,
};
export default module;
