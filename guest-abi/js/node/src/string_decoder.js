// node:string_decoder: bytes that come in parts become whole characters.
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS, ERR_UNKNOWN_ENCODING } from "internal:node/errors";

const NAMES = { "utf-8": "utf8", utf8: "utf8", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le", latin1: "latin1", binary: "latin1", base64: "base64", base64url: "base64url", ascii: "ascii", hex: "hex" };

function normal(encoding) {
  const name = encoding === undefined || encoding === null || encoding === "" ? "utf8" : NAMES[String(encoding).toLowerCase()];
  if (name === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
  return name;
}

// Bytes of a character that is not over, and how many it lacks.
class Rest {
  bytes = [];
  lacks = 0;
  // What lastChar shows, which nobody clears.
  shown = Buffer.alloc(4);
  add(byte) {
    this.shown[this.bytes.length] = byte;
    this.bytes.push(byte);
  }
}
const isHigh = (bytes, at) => (bytes[at + 1] & 0xfc) === 0xd8;

// Looks for a character's beginning at the end of what came, and keeps it; how many bytes that is.
function keep(encoding, bytes, rest) {
  const { length } = bytes;
  let kept = 0, needs = 0;
  if (encoding === "utf16le") {
    if (length % 2 === 1) [kept, needs] = [1, 2];
    else if (length >= 2 && isHigh(bytes, length - 2)) [kept, needs] = [2, 4];
  } else if (encoding === "base64" || encoding === "base64url") {
    kept = length % 3;
    needs = 3;
  } else if (encoding === "utf8") {
    for (let back = 1; back <= Math.min(4, length); back++) {
      const byte = bytes[length - back];
      if ((byte & 0xc0) === 0x80) continue;
      needs = (byte & 0xe0) === 0xc0 ? 2 : (byte & 0xf0) === 0xe0 ? 3 : (byte & 0xf8) === 0xf0 ? 4 : 0;
      if (back < needs) kept = back;
      break;
    }
  }
  rest.bytes = [];
  for (let at = length - kept; at < length; at++) rest.add(bytes[at]);
  rest.lacks = kept === 0 ? 0 : needs - kept;
  return kept;
}

// Gives what is kept the bytes it lacks; how many those were, and the text if it is over.
function complete(encoding, bytes, rest) {
  let used = 0, text = "";
  if (encoding === "utf8") {
    // What does not go on with a character ends it.
    while (used < rest.lacks && used < bytes.length && (bytes[used] & 0xc0) === 0x80) rest.add(bytes[used++]);
    rest.lacks = used < bytes.length ? 0 : rest.lacks - used;
  } else {
    while (rest.lacks > 0 && used < bytes.length) {
      rest.add(bytes[used++]);
      rest.lacks--;
    }
  }
  if (rest.lacks === 0) {
    text = Buffer.from(rest.bytes).toString(encoding);
    rest.bytes = [];
  }
  return [used, text];
}

export function StringDecoder() {
  const encoding = arguments[0];
  this.encoding = normal(encoding);
  Object.defineProperty(this, "_kept", { value: new Rest(), writable: true, enumerable: false });
}

Object.assign(StringDecoder.prototype, {
  write(chunk) {
    if (this._kept === undefined) throw ERR_INVALID_THIS("StringDecoder");
    if (typeof chunk === "string") return chunk;
    if (!ArrayBuffer.isView(chunk)) throw ERR_INVALID_ARG_TYPE("buf", ["string", "Buffer", "TypedArray", "DataView"], chunk);
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), text = "";
    const rest = this._kept;
    if (rest.bytes.length > 0 && bytes.length > 0) {
      const [used, whole] = complete(this.encoding, bytes, rest);
      if (rest.lacks > 0) return "";
      text = whole;
      bytes = bytes.subarray(used);
    }
    if (bytes.length === 0) return text;
    const kept = keep(this.encoding, bytes, rest);
    return text + bytes.toString(this.encoding, 0, bytes.length - kept);
  },
  end(chunk) {
    if (this._kept === undefined) throw ERR_INVALID_THIS("StringDecoder");
    let text = chunk === undefined ? "" : this.write(chunk);
    const { bytes } = this._kept;
    if (bytes.length > 0) {
      // Half a unit is none.
      if (this.encoding === "utf16le" && bytes.length % 2 === 1) bytes.pop();
      text += Buffer.from(bytes).toString(this.encoding);
      this._kept.bytes = [];
      this._kept.lacks = 0;
    }
    return text;
  },
  text(chunk, offset) {
    this._kept = new Rest();
    return this.write(chunk.slice(offset));
  },
});
Object.defineProperties(StringDecoder.prototype, {
  lastChar: { enumerable: true, configurable: true, get() { return Buffer.from(this._kept.shown); } },
  lastNeed: { enumerable: true, configurable: true, get() { return this._kept.lacks; } },
  lastTotal: { enumerable: true, configurable: true, get() { return this._kept.bytes.length + this._kept.lacks; } },
});

export default { StringDecoder };
