// Bodies: what Request and Response share (spec: SEMANTICS §20).
//
// A body is kept as what it was made of. A string or bytes that are only sent on or read
// whole never become a stream; a stream is made when `body` is asked for.
import native from "internal:native";
import { flag, scope, insideHandler } from "internal:errors";
import { platform, wrongField } from "internal:platform";
import { ReadableStream, bodyPart, bytesStream, drain, isDisturbed, moved, sourceStream } from "internal:streams";
import { Blob, FormData, blobOf, bodyType, serializeForm, parseForm, blobBytes } from "internal:blob";
import { URLSearchParams } from "internal:url";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const { bodyForm, bodyCollect, bodyPull, text, bodySlot, setSlot } = native;
const { toString: objectText } = Object.prototype;

// The slots in which a body's parts are (src/parts.rs).
export const SOURCE = 0, STREAM = 1, USED_UP = 2, HEADERS = 3, TYPE = 4, MORE = 5, STATUS = 6, METHOD = 6, URL_SLOT = 7, REDIRECT = 8, SIGNAL = 9;

// Bodies of requests that are read as streams, by the request's number.
const incoming = new Map();

class Incoming {
  constructor(id, length) {
    this.id = id;
    this.length = length;
  }
  // As a stream; `raw`: as it came, in whatever coding.
  stream(raw) {
    return incomingStream(this);
  }
  // All of it in a form.
  collect(form) {
    return bodyCollect(this.id, form);
  }
}

function incomingStream(source) {
  const [stream, sink] = sourceStream(
    {
      pull: () => bodyPull(source.id, 65536),
      cancel: () => incoming.delete(source.id),
    },
    source.length >= 0 ? source.length : null,
  );
  incoming.set(source.id, {
    chunk: sink.chunk,
    end() {
      incoming.delete(source.id);
      sink.end();
    },
    error(message) {
      incoming.delete(source.id);
      sink.error(new Error(message));
    },
  });
  return stream;
}

export const bodyHooks = {
  bodyChunk(id, bytes) {
    incoming.get(id)?.chunk(bytes);
  },
  bodyEnd(id) {
    incoming.get(id)?.end();
  },
  bodyError(id, message) {
    incoming.get(id)?.error(message);
  },
  forget(id) {
    incoming.delete(id);
  },
  isStreaming: () => incoming.size > 0,
};

// The type that the body last given to `extract` implies, or null.
export let impliedType = null;

// What a value is as a body: null, a string, bytes or a stream.
export function extract(value) {
  // Streams, which take nothing yet, are bodies in global scope too.
  if (scope.global && !(value instanceof ReadableStream)) insideHandler();
  if (typeof value === "string") {
    impliedType = "text/plain;charset=UTF-8";
    return value;
  }
  impliedType = null;
  if (typeof value === "object") {
    if (value instanceof ReadableStream) {
      if (isDisturbed(value)) {
        throw new TypeError("This ReadableStream is disturbed (has already been read from), and cannot be used as a body.");
      }
      if (value.locked) {
        throw new TypeError("This ReadableStream is locked to a reader, and cannot be used as a body.");
      }
      return value;
    }
    if (value instanceof ArrayBuffer || isView(value)) {
      // A buffer that was given away is empty.
      return value.byteLength === 0 ? new Uint8Array(0) : bodyForm(value, BYTES);
    }
    if (value instanceof Blob) {
      impliedType = value.type || null;
      return blobBytes(value);
    }
    if (value instanceof FormData) {
      const [bytes, type] = serializeForm(value);
      impliedType = type;
      return bytes;
    }
    if (value instanceof URLSearchParams) {
      impliedType = "application/x-www-form-urlencoded;charset=UTF-8";
      return `${value}`;
    }
  }
  if ((typeof value === "object" || typeof value === "function") && isStreamable(value)) return ReadableStream.from(value);
  impliedType = "text/plain;charset=UTF-8";
  return text(value);
}

// Whether an object is taken for the chunks that it gives, and not for its text: one that has no
// text of its own, from some date on.
function isStreamable(value) {
  if (value === null || !flag("fetch_iterable_type_support")) return false;
  if (typeof value[Symbol.asyncIterator] === "function") return true;
  if (typeof value[Symbol.iterator] !== "function") return false;
  if (!flag("fetch_iterable_type_support_override_adjustment")) return !(value instanceof String);
  return isArray(value) || (value.toString === objectText && value[Symbol.toPrimitive] === undefined);
}

// The bytes of a part of a stream that is used as a body.
export const chunkBytes = bodyPart;

// All bytes of a stream, which is locked by it.
export const readAll = (stream) => resolvedWith(drain(stream));

// A stream of the bytes that a string or bytes are.
const streamOf = (source) => bytesStream(bodyForm(source, BYTES));

function streamOrSource(body) {
  return bodySlot(body, STREAM) ?? bodySlot(body, SOURCE);
}

function isUsed(body) {
  if (bodySlot(body, USED_UP)) return true;
  const stream = streamOrSource(body);
  return stream instanceof ReadableStream && isDisturbed(stream);
}

// The body in a form, once.
function read(body, form) {
  const source = bodySlot(body, SOURCE);
  const stream = bodySlot(body, STREAM) ?? source;
  if (source === null) {
    return form === JSON_VALUE
      ? rejectedWith(new SyntaxError("Unexpected end of JSON input"))
      : resolvedWith(bodyForm("", form));
  }
  if (bodySlot(body, USED_UP)) return rejectedWith(new TypeError(USED));
  if (stream instanceof ReadableStream) {
    if (isDisturbed(stream)) return rejectedWith(new TypeError(USED));
    if (stream.locked) return rejectedWith(new TypeError(LOCKED));
    setSlot(body, USED_UP, true);
    return readAll(stream).then((bytes) => bodyForm(bytes, form));
  }
  setSlot(body, USED_UP, true);
  if (source instanceof Incoming) return source.collect(form);
  if (form === TEXT && typeof source === "string" && source.isWellFormed() && source[0] !== "\ufeff") return resolvedWith(source);
  try {
    return resolvedWith(bodyForm(source, form));
  } catch (error) {
    return rejectedWith(error);
  }
}

// The class that Request and Response extend.
export class Body {
  constructor() {
    throw new TypeError("Illegal constructor");
  }

  get body() {
    const source = bodySlot(this, SOURCE);
    let stream = bodySlot(this, STREAM);
    if (stream !== null || source === null) return stream;
    if (bodySlot(this, USED_UP)) {
      // Read already, without a stream: to whoever asks now, by somebody else.
      stream = new ReadableStream();
      stream.cancel();
      stream.getReader();
    } else if (source instanceof ReadableStream) stream = source;
    else if (source instanceof Incoming) stream = source.stream(false);
    else stream = streamOf(source);
    setSlot(this, STREAM, stream);
    return stream;
  }

  get bodyUsed() {
    return isUsed(this);
  }

  arrayBuffer() {
    return read(this, BUFFER);
  }
  bytes() {
    return read(this, BYTES);
  }
  text() {
    return read(this, TEXT);
  }
  json() {
    return read(this, JSON_VALUE);
  }
  formData() {
    if (bodySlot(this, SOURCE) !== null && isUsed(this)) return rejectedWith(new TypeError(USED));
    const type = this.headers.get("content-type");
    if (type === null) {
      return rejectedWith(new TypeError("Parsing a Body as FormData requires a Content-Type header."));
    }
    return read(this, BYTES).then((bytes) => {
      if (OTHER_CHARSET.test(type)) throw new TypeError("Non-utf-8 application/x-www-form-urlencoded body.");
      return parseForm(bytes, type);
    });
  }
  blob() {
    bodySlot(this, SOURCE);
    const type = lastType(this.headers.get("content-type") ?? "");
    return read(this, BYTES).then((bytes) => blobOf(bytes, bodyType(type)));
  }
}
platform(Body);

// What to send: null, a string, bytes, or a stream; the body is used up by it.
export function takeSource(body, raw = false) {
  if (bodySlot(body, SOURCE) === null) return null;
  if (isUsed(body)) throw new TypeError(USED);
  const source = streamOrSource(body);
  setSlot(body, USED_UP, true);
  return source instanceof Incoming ? source.stream(raw) : source;
}

export function refuseUsed(body) {
  if (isUsed(body)) throw new TypeError("Cannot reconstruct a Request with a used body.");
}

// What another body is made of that takes this one's place.
export function moveSource(body) {
  refuseUsed(body);
  const stream = streamOrSource(body);
  if (stream instanceof ReadableStream) {
    if (stream.locked) throw new TypeError("The ReadableStream has been locked to a reader.");
    setSlot(body, USED_UP, true);
    return moved(stream);
  }
  setSlot(body, USED_UP, true);
  return stream;
}

export const hasSource = (body) => bodySlot(body, SOURCE) !== null;

export function setSource(body, source) {
  setSlot(body, SOURCE, source);
}

export function cloneSource(body) {
  const source = bodySlot(body, SOURCE);
  if (source === null) return null;
  // The comma is workerd's.
  if (bodySlot(body, USED_UP)) throw new TypeError("This ReadableStream is currently locked to a reader,");
  if (bodySlot(body, STREAM) === null && (typeof source === "string" || source instanceof Uint8Array)) return source;
  const stream = body.body;
  if (stream.locked) throw new TypeError("This ReadableStream is currently locked to a reader,");
  const [one, other] = stream.tee();
  setSlot(body, SOURCE, one);
  setSlot(body, STREAM, one);
  return other;
}

const OTHER_CHARSET = /^\s*application\/x-www-form-urlencoded\s*;.*charset\s*=\s*(?!"?utf-?8"?\s*(?:;|$))/i;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PARAMETER = /;\s*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*)"[^;]*|([^;]*)))?/g;

// A content type as the MIME Sniffing standard writes it; nothing for what is none.
export function mimeType(header) {
  const [essence] = header.split(";", 1);
  const [type, subtype, more] = essence.trim().split("/");
  if (more !== undefined || !TOKEN.test(type) || !TOKEN.test(subtype ?? "")) return "";
  let written = `${type}/${subtype}`.toLowerCase();
  const names = new Set();
  for (const [, key, quoted, plain] of header.slice(essence.length).matchAll(PARAMETER)) {
    const name = key.trim().toLowerCase();
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain?.trim();
    if (value === undefined || (value === "" && quoted === undefined) || names.has(name) || !TOKEN.test(name)) continue;
    names.add(name);
    written += TOKEN.test(value) ? `;${name}=${value}` : `;${name}="${value.replace(/["\\]/g, "\\$&")}"`;
  }
  return written;
}

const VALUES = /(?:"(?:[^"\\]|\\.)*"?|[^",])+/g;
const CHARSET = /;charset=([^;]*)/;

// The type that a field means which may have several, as the Fetch standard extracts it.
export function lastType(header) {
  if (!header.includes(",")) return mimeType(header);
  let [type, known, charset] = ["", "", null];
  for (const [value] of header.matchAll(VALUES)) {
    const found = mimeType(value);
    const [essence] = found.split(";", 1);
    if (essence === "" || essence === "*/*") continue;
    type = found;
    if (essence !== known) charset = null;
    known = essence;
    const own = CHARSET.exec(found);
    if (own !== null) charset = own[1];
    else if (charset !== null) type += `;charset=${charset}`;
  }
  return type;
}

// A copy of an object as JSON has it.
export function plainCopy(value, field, dictionary) {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    throw wrongField(field, dictionary, "Object");
  }
  return JSON.parse(JSON.stringify(value));
}

export function isDictionary(value) {
  return value !== null && (typeof value === "object" || typeof value === "function");
}

export { Incoming };
