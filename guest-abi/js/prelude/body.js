// Bodies: what Request and Response share (spec: SEMANTICS §20).
//
// A body is kept as what it was made of. A string or bytes that are only sent on or read
// whole never become a stream; a stream is made when `body` is asked for.
import native from "internal:native";
import { scope, insideHandler } from "internal:errors";
import { platform, wrongField } from "internal:platform";
import { ReadableStream, isDisturbed } from "internal:streams";
import { Blob, FormData, serializeForm, parseForm, blobBytes } from "internal:blob";
import { URLSearchParams } from "internal:url";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const { bodyForm, bodyCollect, bodyPull, text, bodySlot, setSlot } = native;
const { isView } = ArrayBuffer;

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
  let wanted = null;
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      incoming.set(source.id, {
        chunk(bytes) {
          controller.enqueue(bytes);
          wanted?.();
          wanted = null;
        },
        end() {
          incoming.delete(source.id);
          controller.close();
          controller.byobRequest?.respond(0);
          wanted?.();
        },
        error(message) {
          incoming.delete(source.id);
          controller.error(new Error(message));
          wanted?.();
        },
      });
    },
    pull() {
      bodyPull(source.id, 65536);
      return new Promise((resolve) => (wanted = resolve));
    },
    cancel() {
      incoming.delete(source.id);
    },
  });
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
  if (scope.global) insideHandler();
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
  impliedType = "text/plain;charset=UTF-8";
  return text(value);
}

// All bytes of a stream.
export async function readAll(stream) {
  const reader = stream.getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const bytes = chunkBytes(value);
    chunks.push(bytes);
    length += bytes.byteLength;
  }
  if (chunks.length === 1) return chunks[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

export function chunkBytes(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw new TypeError(
    "This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side. If you want to write objects, use the standard TransformStream constructor.",
  );
}

// A stream of the bytes that a string or bytes are.
function streamOf(source) {
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const bytes = bodyForm(source, BYTES);
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

// A stream that reads another, which is locked by it.
function relay(stream) {
  const reader = stream.getReader();
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else {
        controller.enqueue(chunkBytes(value));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

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
      ? Promise.reject(new SyntaxError("Unexpected end of JSON input"))
      : Promise.resolve(bodyForm("", form));
  }
  if (bodySlot(body, USED_UP)) return Promise.reject(new TypeError(USED));
  if (stream instanceof ReadableStream) {
    if (isDisturbed(stream)) return Promise.reject(new TypeError(USED));
    if (stream.locked) return Promise.reject(new TypeError(LOCKED));
    setSlot(body, USED_UP, true);
    return readAll(stream).then((bytes) => bodyForm(bytes, form));
  }
  setSlot(body, USED_UP, true);
  if (source instanceof Incoming) return source.collect(form);
  if (form === TEXT && typeof source === "string" && source.isWellFormed()) return Promise.resolve(source);
  try {
    return Promise.resolve(bodyForm(source, form));
  } catch (error) {
    return Promise.reject(error);
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
    if (bodySlot(this, SOURCE) !== null && isUsed(this)) return Promise.reject(new TypeError(USED));
    const type = this.headers.get("content-type");
    if (type === null) {
      return Promise.reject(new TypeError("Parsing a Body as FormData requires a Content-Type header."));
    }
    return read(this, BYTES).then((bytes) => {
      if (OTHER_CHARSET.test(type)) throw new TypeError("Non-utf-8 application/x-www-form-urlencoded body.");
      return parseForm(bytes, type);
    });
  }
  blob() {
    bodySlot(this, SOURCE);
    const type = mimeType(this.headers.get("content-type") ?? "");
    return read(this, BYTES).then((bytes) => new Blob([bytes], { type }));
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

// What another body is made of that takes this one's place.
export function moveSource(body) {
  if (isUsed(body)) throw new TypeError("Cannot reconstruct a Request with a used body.");
  const stream = streamOrSource(body);
  if (stream instanceof ReadableStream) {
    if (stream.locked) throw new TypeError("The ReadableStream has been locked to a reader.");
    setSlot(body, USED_UP, true);
    return relay(stream);
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
function mimeType(header) {
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

// A copy of an object as JSON has it.
export function plainCopy(value, field, dictionary) {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    throw wrongField(field, dictionary, "Object");
  }
  return JSON.parse(JSON.stringify(value) ?? "{}");
}

export function isDictionary(value) {
  return value !== null && (typeof value === "object" || typeof value === "function");
}

export { Incoming };
