// Bodies: what Request and Response share (spec: SEMANTICS §20).
//
// A body is kept as what it was made of. A string or bytes that are only sent on or read
// whole never become a stream; a stream is made when `body` is asked for.
import native from "internal:native";
import { scope, insideHandler } from "internal:errors";
import { shape, illegal } from "internal:shape";
import { ReadableStream, bytesStream, drain, isDisturbed, moved, sourceStream } from "internal:streams";
import { Blob, FormData, blobBytes, blobOf, bodyType, parseForm, serializeForm } from "internal:blob";
import { URLSearchParams } from "internal:url";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const { bodyForm, bodyCollect, bodyPull, text } = native;
const { isView } = ArrayBuffer;

// Who may make a body, a request or a response of parts.
export const MAKE = {};

// Bodies of requests that are read as streams, by the request's number.
const incoming = new Map();

class Incoming {
  constructor(id, length) {
    this.id = id;
    this.length = length;
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
    if (value instanceof ArrayBuffer || isView(value)) return bodyForm(value, BYTES);
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

export let takeSource, moveSource, hasSource, cloneSource, setSource;

export class Body {
  #source;
  #stream = null;
  #used = false;

  constructor(make, source) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#source = source;
  }

  get body() {
    if (!(#source in this)) illegal();
    const source = this.#source;
    if (this.#stream !== null || source === null) return this.#stream;
    if (this.#used) {
      // Read already, without a stream: to whoever asks now, by somebody else.
      this.#stream = bytesStream(new Uint8Array(0));
      drain(this.#stream);
      return this.#stream;
    }
    if (source instanceof ReadableStream) this.#stream = source;
    else if (source instanceof Incoming) this.#stream = incomingStream(source);
    else this.#stream = bytesStream(bodyForm(source, BYTES));
    return this.#stream;
  }

  get bodyUsed() {
    if (!(#source in this)) illegal();
    return this.#isUsed();
  }

  #isUsed() {
    if (this.#used) return true;
    const stream = this.#stream ?? this.#source;
    return stream instanceof ReadableStream && isDisturbed(stream);
  }

  // The body in a form, once.
  #read(form) {
    const source = this.#source;
    const stream = this.#stream ?? source;
    if (source === null) {
      return form === JSON_VALUE
        ? Promise.reject(new SyntaxError("Unexpected end of JSON input"))
        : Promise.resolve(bodyForm("", form));
    }
    if (this.#used) return Promise.reject(new TypeError(USED));
    if (stream instanceof ReadableStream) {
      if (isDisturbed(stream)) return Promise.reject(new TypeError(USED));
      if (stream.locked) return Promise.reject(new TypeError(LOCKED));
      this.#used = true;
      return Promise.resolve(drain(stream)).then((bytes) => bodyForm(bytes, form));
    }
    this.#used = true;
    if (source instanceof Incoming) return bodyCollect(source.id, form);
    if (form === TEXT && typeof source === "string" && source.isWellFormed()) return Promise.resolve(source);
    try {
      return Promise.resolve(bodyForm(source, form));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  arrayBuffer() {
    if (!(#source in this)) illegal();
    return this.#read(BUFFER);
  }
  bytes() {
    if (!(#source in this)) illegal();
    return this.#read(BYTES);
  }
  text() {
    if (!(#source in this)) illegal();
    return this.#read(TEXT);
  }
  json() {
    if (!(#source in this)) illegal();
    return this.#read(JSON_VALUE);
  }
  formData() {
    if (!(#source in this)) illegal();
    if (this.#source !== null && this.#isUsed()) return Promise.reject(new TypeError(USED));
    const type = this.headers.get("content-type");
    if (type === null) {
      return Promise.reject(new TypeError("Parsing a Body as FormData requires a Content-Type header."));
    }
    return this.#read(BYTES).then((bytes) => parseForm(bytes, type));
  }
  blob() {
    if (!(#source in this)) illegal();
    const type = this.headers.get("content-type") ?? "";
    return this.#read(BYTES).then((bytes) => blobOf(bytes, bodyType(type)));
  }

  static {
    // What to send: null, a string, bytes, or a stream; the body is used up by it.
    takeSource = (body) => {
      if (body.#source === null) return null;
      if (body.#isUsed()) throw new TypeError(USED);
      const source = body.#stream ?? body.#source;
      body.#used = true;
      return source instanceof Incoming ? incomingStream(source) : source;
    };
    // What another body is made of that takes this one's place.
    moveSource = (body) => {
      if (body.#isUsed()) throw new TypeError("Cannot reconstruct a Request with a used body.");
      const stream = body.#stream ?? body.#source;
      if (stream instanceof ReadableStream) {
        if (stream.locked) throw new TypeError("The ReadableStream has been locked to a reader.");
        body.#used = true;
        return moved(stream);
      }
      body.#used = true;
      return stream;
    };
    hasSource = (body) => body.#source !== null;
    setSource = (body, source) => {
      body.#source = source;
    };
    cloneSource = (body) => {
      const source = body.#source;
      if (source === null) return null;
      // The comma is workerd's.
      if (body.#used) throw new TypeError("This ReadableStream is currently locked to a reader,");
      if (body.#stream === null && (typeof source === "string" || source instanceof Uint8Array)) return source;
      const stream = body.body;
      if (stream.locked) throw new TypeError("This ReadableStream is currently locked to a reader,");
      const [one, other] = stream.tee();
      body.#source = body.#stream = one;
      return other;
    };
  }
}
shape(Body);

// A copy of an object as JSON has it.
export function plainCopy(value, field, dictionary) {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    throw wrongField(field, dictionary, "Object");
  }
  return JSON.parse(JSON.stringify(value) ?? "{}");
}

export function wrongField(field, dictionary, wanted) {
  return new TypeError(
    `Incorrect type for the '${field}' field on '${dictionary}': the provided value is not of type '${wanted}'.`,
  );
}

export function isDictionary(value) {
  return value !== null && (typeof value === "object" || typeof value === "function");
}

export { Incoming };
