// Bodies: what Request and Response share (spec: SEMANTICS §20).
//
// A body is kept as what it was made of. A string or bytes that are only sent on or read
// whole never become a stream; a stream is made when `body` is asked for.
import native from "internal:native";
import { flag, scope, insideHandler } from "internal:errors";
import { platform, wrongField } from "internal:platform";
import { member } from "internal:shape";
import {
  ReadableStream, bodyPart, bytesStream, cancelStream, drain, isDisturbed, isLocked, isStream, moved, readerOf, sourceStream, teeStream,
} from "internal:streams";
import { blobOf, blobType, isBlob, isForm, serializeForm, parseForm, blobBytes } from "internal:blob";
import { URLSearchParams } from "internal:url";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const { bodyForm, bodyCollect, bodyPull, headersClone, headersGet, headersHas, headersNew, headersSet, text, bodySlot, setSlot } = native;
const paramsText = member(URLSearchParams, "toString");
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
  if (scope.global && !isStream(value)) insideHandler();
  if (typeof value === "string") {
    impliedType = "text/plain;charset=UTF-8";
    return value;
  }
  impliedType = null;
  if (typeof value === "object") {
    if (isStream(value)) {
      if (isDisturbed(value)) {
        throw new TypeError("This ReadableStream is disturbed (has already been read from), and cannot be used as a body.");
      }
      if (isLocked(value)) {
        throw new TypeError("This ReadableStream is locked to a reader, and cannot be used as a body.");
      }
      return value;
    }
    if (value instanceof ArrayBuffer || isView(value)) {
      // A buffer that was given away is empty.
      return value.byteLength === 0 ? new Uint8Array(0) : bodyForm(value, BYTES);
    }
    if (isBlob(value)) {
      impliedType = trimmed(blobType(value)) || null;
      return blobBytes(value);
    }
    if (isForm(value)) {
      const [bytes, type] = serializeForm(value);
      impliedType = type;
      return bytes;
    }
    if (value instanceof URLSearchParams) {
      impliedType = "application/x-www-form-urlencoded;charset=UTF-8";
      return paramsText(value);
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

export function isUsed(body) {
  if (bodySlot(body, USED_UP)) return true;
  const stream = streamOrSource(body);
  return isStream(stream) && isDisturbed(stream);
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
  if (isStream(stream)) {
    if (isDisturbed(stream)) return rejectedWith(new TypeError(USED));
    if (isLocked(stream)) return rejectedWith(new TypeError(LOCKED));
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

// What `body` gives.
export function bodyStream(body) {
  const source = bodySlot(body, SOURCE);
  let stream = bodySlot(body, STREAM);
  if (stream !== null || source === null) return stream;
  if (bodySlot(body, USED_UP)) {
    // Read already, without a stream: to whoever asks now, by somebody else.
    stream = new ReadableStream();
    cancelStream(stream);
    readerOf(stream);
  } else if (isStream(source)) stream = source;
  else if (source instanceof Incoming) stream = source.stream(false);
  else stream = streamOf(source);
  setSlot(body, STREAM, stream);
  return stream;
}

// The type that a body is said to be of, or null.
export function contentType(body) {
  const list = bodySlot(body, HEADERS);
  return (list === null ? null : headersGet(list, "content-type")) ?? bodySlot(body, TYPE);
}

// Its fields, as another body may have them: undefined for none.
export function fieldsOf(body) {
  const list = bodySlot(body, HEADERS);
  const type = bodySlot(body, TYPE);
  if (list === null && type === null) return undefined;
  const fields = list === null ? headersNew() : headersClone(list);
  if (type !== null && !headersHas(fields, "content-type")) headersSet(fields, "content-type", type);
  return fields;
}

// The class that Request and Response extend.
export class Body {
  constructor() {
    throw new TypeError("Illegal constructor");
  }

  get body() {
    return bodyStream(this);
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
    const type = contentType(this);
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
    const header = contentType(this) ?? "";
    const type = flag("blob_standard_mime_type") ? lastType(header) : header;
    return read(this, BYTES).then((bytes) => blobOf(bytes, type));
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

function refuseUsed(body) {
  if (isUsed(body)) throw new TypeError("Cannot reconstruct a Request with a used body.");
}

// What another body is made of that takes this one's place.
export function moveSource(body) {
  refuseUsed(body);
  const stream = streamOrSource(body);
  if (isStream(stream)) {
    if (isLocked(stream)) throw new TypeError("The ReadableStream has been locked to a reader.");
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
  const stream = bodyStream(body);
  if (isLocked(stream)) throw new TypeError("This ReadableStream is currently locked to a reader,");
  const [one, other] = teeStream(stream);
  setSlot(body, SOURCE, one);
  setSlot(body, STREAM, one);
  return other;
}

const OTHER_CHARSET = /^\s*application\/x-www-form-urlencoded\s*;.*charset\s*=\s*(?!"?utf-?8"?\s*(?:;|$))/i;
const SPACE = " \t\r\n";
// As in workerd, which takes a backslash for a letter.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z\\]+$/;
const NOT_IN_VALUES = /[\0-\x08\x0a-\x1f\x7f]/;
const NAME = /;[ \t\r\n]*([^;=]*)(=?)/y;
const VALUE = /"((?:[^"\\]|\\[^])*\\?)(?:"[^;]*|$)|([^;]*)/y;

// Without HTTP's white space around it, which is less than the language's.
function trimmed(text) {
  let [from, to] = [0, text.length];
  while (from < to && SPACE.includes(text[from])) from++;
  while (from < to && SPACE.includes(text[to - 1])) to--;
  return text.slice(from, to);
}

// A content type as the MIME Sniffing standard writes it; nothing for what is none.
export function mimeType(header) {
  const [essence] = header.split(";", 1);
  const [type, subtype, more] = trimmed(essence).split("/");
  if (more !== undefined || !TOKEN.test(type) || !TOKEN.test(subtype ?? "")) return "";
  let written = `${type}/${subtype}`.toLowerCase();
  const names = new Set();
  NAME.lastIndex = essence.length;
  for (;;) {
    const found = NAME.exec(header);
    if (found === null) return written;
    const name = found[1].toLowerCase();
    if (found[2] === "") continue;
    if (!TOKEN.test(name)) {
      NAME.lastIndex = header.indexOf(";", NAME.lastIndex) >>> 0;
      continue;
    }
    VALUE.lastIndex = NAME.lastIndex;
    const [, quoted, plain] = VALUE.exec(header);
    NAME.lastIndex = VALUE.lastIndex;
    const value = quoted?.replace(/\\([^])/g, "$1") ?? plain.replace(/[ \t\r\n]+$/, "");
    if ((value === "" && quoted === undefined) || NOT_IN_VALUES.test(value) || names.has(name)) continue;
    names.add(name);
    // As in workerd, with a space before a boundary.
    written += name === "boundary" ? "; " : ";";
    // Of no letters it is written in quotes too.
    written += TOKEN.test(value) ? `${name}=${value}` : `${name}="${value.replace(/["\\]/g, "\\$&")}"`;
  }
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
