// Messages of node:http, that come and that go, and what is checked of their heads.
import { Buffer } from "node:buffer";
import { Readable, Writable } from "node:stream";
import { coded, ERR_INVALID_ARG_TYPE, ERR_METHOD_NOT_IMPLEMENTED, validateString } from "internal:node/errors";
import tables from "../http.json";

const { queueMicrotask } = globalThis;
export const METHODS = tables.methods;
export const STATUS_CODES = tables.codes;

export const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
export const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
export const _checkIsHttpToken = (value) => TOKEN.test(value);
export const _checkInvalidHeaderChar = (value) => BAD_VALUE.test(value);
export const badToken = (what, value) => coded(TypeError, "ERR_INVALID_HTTP_TOKEN", `${what} must be a valid HTTP token ["${value}"]`);
export function validateHeaderName(name) {
  if (typeof name !== "string" || !TOKEN.test(name)) throw badToken("Header name", name);
}
export function validateHeaderValue(name, value) {
  if (value === undefined) throw coded(TypeError, "ERR_HTTP_INVALID_HEADER_VALUE", `Invalid value "${value}" for header "${name}"`);
  if (BAD_VALUE.test(value)) throw coded(TypeError, "ERR_INVALID_CHAR", `Invalid character in header content ["${name}"]`);
}
export const missing = (name) => ({ [name]() { throw ERR_METHOD_NOT_IMPLEMENTED(name); } })[name];
const sent = (what) => coded(Error, "ERR_HTTP_HEADERS_SENT", `Cannot ${what} headers after they are sent to the client`);

// ---- Messages that come ----

// Headers that count once; others are joined, set-cookie is a list.
const ONCE = new Set(["age", "authorization", "content-length", "content-type", "etag", "expires", "from", "host", "if-modified-since", "if-unmodified-since", "last-modified", "location", "max-forwards", "proxy-authorization", "referer", "retry-after", "server", "user-agent"]);

export class IncomingMessage extends Readable {
  constructor() {
    super();
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.httpVersion = "1.1";
    this.complete = false;
    this.rawHeaders = [];
    this.rawTrailers = [];
    this.aborted = false;
    this.upgrade = null;
    this.url = "";
    this.method = null;
    this.statusCode = null;
    this.statusMessage = null;
    this._headers = undefined;
    this._socket = undefined;
    this._reader = undefined;
  }
  // Takes the fields and the body of a Request or a Response.
  _take(fields, body) {
    for (const [name, value] of fields) this.rawHeaders.push(name, value);
    this._reader = body === null ? null : body.getReader();
    return this;
  }
  get headers() {
    if (this._headers === undefined) {
      const all = {};
      for (let at = 0; at < this.rawHeaders.length; at += 2) {
        this._addHeaderLine(this.rawHeaders[at], this.rawHeaders[at + 1], all);
      }
      this._headers = all;
    }
    return this._headers;
  }
  set headers(value) {
    this._headers = value;
  }
  get headersDistinct() {
    const all = { __proto__: null };
    for (let at = 0; at < this.rawHeaders.length; at += 2) (all[this.rawHeaders[at].toLowerCase()] ??= []).push(this.rawHeaders[at + 1]);
    return all;
  }
  get trailers() {
    return {};
  }
  get trailersDistinct() {
    return {};
  }
  get socket() {
    return this._socket;
  }
  set socket(value) {
    this._socket = value;
  }
  get connection() {
    return this._socket;
  }
  set connection(value) {
    this._socket = value;
  }
  setTimeout(millis, callback) {
    return this;
  }
  _read() {
    if (this._reader === null || this._reader === undefined) {
      this.complete = true;
      this.push(null);
      return;
    }
    this._reader.read().then(({ value, done }) => {
      if (done) {
        this.complete = true;
        this.push(null);
      } else this.push(typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    }, (error) => this.destroy(error));
  }
  _destroy(error, callback) {
    if (!this.complete) {
      this.aborted = true;
      this._reader?.cancel(error ?? undefined).catch(() => {});
    }
    callback(error);
  }
  _dump() {
    this.resume();
  }
  _addHeaderLine(name, value, all) {
    name = name.toLowerCase();
    if (name === "set-cookie") {
      if (all[name] === undefined) all[name] = [value];
      else all[name].push(value);
    } else if (ONCE.has(name)) all[name] ??= value;
    else if (typeof all[name] === "string") all[name] += (name === "cookie" ? "; " : ", ") + value;
    else all[name] = value;
  }
  _addHeaderLineDistinct(name, value, all) {
    (all[name.toLowerCase()] ??= []).push(value);
  }
  _addHeaderLines(lines) {
    for (let at = 0; at < lines.length; at += 2) this.rawHeaders.push(lines[at], lines[at + 1]);
    this._headers = undefined;
  }
}

// ---- Messages that go ----

export const kHighWaterMark = Symbol("kHighWaterMark"), kUniqueHeaders = Symbol("kUniqueHeaders");
export function parseUniqueHeadersOption(headers) {
  return Array.isArray(headers) ? new Set(headers.map((name) => String(name).toLowerCase())) : null;
}

function sizeOf(chunk, encoding) {
  if (typeof chunk === "string") return Buffer.byteLength(chunk, encoding);
  if (chunk instanceof Uint8Array) return chunk.byteLength;
  throw ERR_INVALID_ARG_TYPE("chunk", ["string", "Buffer", "Uint8Array"], chunk);
}
// What comes after the end is told, and takes nothing from what was sent.
function failLate(message, callback) {
  const error = coded(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end");
  queueMicrotask(() => {
    callback?.(error);
    if (!message.errored) message.emit("error", error);
  });
}
function endedAgain(message, chunk, callback) {
  if (chunk !== undefined && chunk !== null) failLate(message, callback);
  else if (!message.writableFinished) callback && message.once("finish", callback);
  else callback?.(coded(Error, "ERR_STREAM_ALREADY_FINISHED", "Cannot call end after a stream was finished"));
  return message;
}

export function OutgoingMessage(options) {
  if (!(this instanceof OutgoingMessage)) return new OutgoingMessage(options);
  Writable.call(this, { highWaterMark: options?.highWaterMark ?? 64 * 1024, decodeStrings: true });
  this._fields = new Map();
  this._header = null;
  this.sendDate = false;
  this.shouldKeepAlive = true;
  this.chunkedEncoding = false;
  this.useChunkedEncodingByDefault = true;
  this.finished = false;
  this.strictContentLength = false;
  this.maxRequestsOnConnectionReached = false;
  this.socket = undefined;
}
Object.defineProperty(OutgoingMessage, "length", { value: 2 });
Object.setPrototypeOf(OutgoingMessage.prototype, Writable.prototype);
Object.setPrototypeOf(OutgoingMessage, Writable);
Object.assign(OutgoingMessage.prototype, {
  setHeader(name, value) {
    if (this._header !== null) throw sent("set");
    validateHeaderName(name);
    if (Array.isArray(value)) for (const one of value) validateHeaderValue(name, one);
    else validateHeaderValue(name, value);
    this._fields.set(name.toLowerCase(), [name, value]);
    return this;
  },
  setHeaders(headers) {
    if (this._header !== null) throw sent("set");
    if (!headers || typeof headers.keys !== "function" || typeof headers.get !== "function") throw ERR_INVALID_ARG_TYPE("headers", ["Headers", "Map"], headers);
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  },
  appendHeader(name, value) {
    if (this._header !== null) throw sent("append");
    validateHeaderName(name);
    for (const one of [].concat(value)) validateHeaderValue(name, one);
    const before = this._fields.get(name.toLowerCase());
    const list = before === undefined ? [] : [].concat(before[1]);
    this._fields.set(name.toLowerCase(), [before?.[0] ?? name, before === undefined ? value : [...list, ...[].concat(value)]]);
    return this;
  },
  getHeader(name) {
    validateString(name, "name");
    return this._fields.get(name.toLowerCase())?.[1];
  },
  getHeaderNames() {
    return [...this._fields.keys()];
  },
  getRawHeaderNames() {
    return Array.from(this._fields.values(), ([name]) => name);
  },
  getHeaders() {
    const all = {};
    for (const [name, [, value]] of this._fields) all[name] = value;
    return all;
  },
  hasHeader(name) {
    validateString(name, "name");
    return this._fields.has(name.toLowerCase());
  },
  removeHeader(name) {
    validateString(name, "name");
    if (this._header !== null) throw sent("remove");
    this._fields.delete(name.toLowerCase());
  },
  _pairs() {
    const all = [];
    for (const [name, value] of this._fields.values()) for (const one of [].concat(value)) all.push([name, String(one)]);
    return all;
  },
  flushHeaders() {
    if (this._header === null) this._implicitHeader();
  },
  _implicitHeader() {
    throw ERR_METHOD_NOT_IMPLEMENTED("_implicitHeader()");
  },
  end(chunk, encoding, callback) {
    if (typeof chunk === "function") {
      callback = chunk;
      chunk = undefined;
    } else if (typeof encoding === "function") {
      callback = encoding;
      encoding = undefined;
    }
    if (this.finished) return endedAgain(this, chunk, callback);
    const size = chunk === undefined || chunk === null ? 0 : sizeOf(chunk, encoding);
    this._holdLength(size);
    // What is all there is known to be so when the head goes.
    if (this._header === null) this._whole = size;
    this.finished = true;
    if (this._header === null) this._implicitHeader();
    if (callback) this.once("finish", callback);
    return Writable.prototype.end.call(this, chunk ?? undefined, encoding);
  },
  write(chunk, encoding, callback) {
    if (typeof encoding === "function") {
      callback = encoding;
      encoding = undefined;
    }
    if (chunk !== null) this._sent = (this._sent ?? 0) + sizeOf(chunk, encoding);
    // A message of no kind has nobody to begin it.
    if (this._header === null && this._write === Writable.prototype._write) this._implicitHeader();
    if (!this.finished) return Writable.prototype.write.call(this, chunk, encoding, callback);
    failLate(this, callback);
    return false;
  },
  // A length that was promised has to be kept, if that is asked for.
  _holdLength(size) {
    if (!this.strictContentLength || !this.hasHeader("content-length")) return;
    const expected = Number(this.getHeader("content-length")), actual = (this._sent ?? 0) + size;
    if (actual !== expected) throw coded(Error, "ERR_HTTP_CONTENT_LENGTH_MISMATCH", `Request body length does not match content-length header. Expected: ${expected}, Actual: ${actual}`);
  },
  _finish() {},
  _flush() {},
  _flushOutput() {},
  _renderHeaders() {
    if (this._header !== null) throw sent("render");
    return { ...this.getHeaders() };
  },
  _send() {},
  _storeHeader() {},
  _writeRaw() {},
});
for (const [name, get] of [["headersSent", function () { return this._header !== null; }], ["connection", function () { return this.socket; }]]) Object.defineProperty(OutgoingMessage.prototype, name, { get, set() {}, configurable: true });
Object.defineProperties(OutgoingMessage.prototype, {
  // It stays so when it has ended.
  writable: { value: true, writable: true, configurable: true },
  writableFinished: { get() { return this.finished && this.writableLength === 0; }, configurable: true },
});
