// node:string_decoder: bytes that come in parts become whole characters.
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS, ERR_UNKNOWN_ENCODING } from "internal:node/errors";

const NAMES = { "utf-8": "utf8", utf8: "utf8", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le", latin1: "latin1", binary: "latin1", base64: "base64", base64url: "base64url", ascii: "ascii", hex: "hex" };

function normal(encoding) {
  const name = encoding === undefined || encoding === null || encoding === "" ? "utf8" : NAMES[String(encoding).toLowerCase()];
  if (name === undefined) throw ERR_UNKNOWN_ENCODING(encoding);
  return name;
}

// How many of the last bytes begin a character that is not over.
function unfinished(encoding, bytes) {
  const length = bytes.length;
  if (encoding === "base64" || encoding === "base64url") return length % 3;
  if (encoding === "utf16le") {
    const odd = length % 2;
    const last = length - odd;
    return last >= 2 && (bytes[last - 1] & 0xfc) === 0xd8 ? odd + 2 : odd;
  }
  if (encoding !== "utf8") return 0;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const need = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? (byte < 0xf0 ? 3 : 1) : byte >= 0xc2 ? 2 : 1;
    if (need <= back) return 0;
    // What can no longer become a character is not waited for.
    if (back >= 2) {
      const second = bytes[length - back + 1];
      if ((byte === 0xe0 && second < 0xa0) || (byte === 0xed && second > 0x9f) || (byte === 0xf0 && second < 0x90) || (byte === 0xf4 && second > 0x8f)) return 0;
    }
    return back;
  }
  return 0;
}

export function StringDecoder() {
  const encoding = arguments[0];
  this.encoding = normal(encoding);
  Object.defineProperty(this, "_kept", { value: Buffer.alloc(0), writable: true, enumerable: false });
}

Object.assign(StringDecoder.prototype, {
  write(chunk) {
    if (typeof chunk === "string") return chunk;
    if (!ArrayBuffer.isView(chunk)) throw ERR_INVALID_ARG_TYPE("buf", ["string", "Buffer", "TypedArray", "DataView"], chunk);
    if (this._kept === undefined) throw ERR_INVALID_THIS("StringDecoder");
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this._kept.length > 0) bytes = Buffer.concat([this._kept, bytes]);
    const keep = unfinished(this.encoding, bytes);
    this._kept = Buffer.from(bytes.subarray(bytes.length - keep));
    return bytes.toString(this.encoding, 0, bytes.length - keep);
  },
  end(chunk) {
    let text = chunk === undefined ? "" : this.write(chunk);
    if (this._kept.length > 0) {
      text += this._kept.toString(this.encoding);
      this._kept = Buffer.alloc(0);
    }
    return text;
  },
  text(chunk, offset) {
    this._kept = Buffer.alloc(0);
    return this.write(chunk.slice(offset));
  },
});
Object.defineProperties(StringDecoder.prototype, {
  lastChar: { enumerable: true, configurable: true, get() { return Buffer.concat([this._kept], 4); } },
  lastNeed: { enumerable: true, configurable: true, get() { return this._kept.length > 0 ? needOf(this.encoding, this._kept) : 0; } },
  lastTotal: { enumerable: true, configurable: true, get() { return this._kept.length + this.lastNeed; } },
});

function needOf(encoding, kept) {
  if (encoding === "utf8") return (kept[0] >= 0xf0 ? 4 : kept[0] >= 0xe0 ? 3 : 2) - kept.length;
  if (encoding === "utf16le") return kept.length === 1 ? 1 : 4 - kept.length;
  return 3 - kept.length;
}

export default { StringDecoder };
