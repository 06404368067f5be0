// Headers, Request, Response and what they share: bodies (spec: SEMANTICS §20).
//
// A body is kept as what it was made of. A string or bytes that are only sent on or read
// whole never become a stream; a stream is made when `body` is asked for.
import native from "internal:native";
import { ReadableStream, isDisturbed } from "internal:streams";
import { Blob, FormData, serializeForm, parseForm, blobBytes } from "internal:blob";
import { URLSearchParams, URL } from "internal:url";
import { AbortSignal } from "internal:events";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";

// ---- Headers ----

let listOf, headersOf;

export class Headers {
  #list;
  #guard = false;

  constructor(init = undefined) {
    if (init === undefined || init === null) {
      this.#list = native.headersNew();
      return;
    }
    if (typeof init === "object" && #list in init) {
      this.#list = native.headersClone(init.#list);
      return;
    }
    this.#list = native.headersNew();
    fill(this.#list, init);
  }

  #writable() {
    if (this.#guard) throw new TypeError("Can't modify immutable headers.");
    return this.#list;
  }

  get(name) {
    return native.headersGet(this.#list, `${name}`) ?? null;
  }
  has(name) {
    return native.headersHas(this.#list, `${name}`);
  }
  set(name, value) {
    native.headersSet(this.#writable(), `${name}`, `${value}`);
  }
  append(name, value) {
    native.headersAppend(this.#writable(), `${name}`, `${value}`);
  }
  delete(name) {
    native.headersDelete(this.#writable(), `${name}`);
  }
  getSetCookie() {
    return native.headersValues(this.#list, "set-cookie");
  }
  getAll(name) {
    if (`${name}`.toLowerCase() !== "set-cookie") {
      throw new TypeError('getAll() can only be used with the header name "Set-Cookie".');
    }
    return native.headersValues(this.#list, "set-cookie");
  }
  forEach(callback, thisArg = undefined) {
    for (const [name, value] of this) callback.call(thisArg, value, name, this);
  }
  *entries() {
    const flat = native.headersSorted(this.#list);
    for (let at = 0; at < flat.length; at += 2) yield [flat[at], flat[at + 1]];
  }
  *keys() {
    const flat = native.headersSorted(this.#list);
    for (let at = 0; at < flat.length; at += 2) yield flat[at];
  }
  *values() {
    const flat = native.headersSorted(this.#list);
    for (let at = 0; at < flat.length; at += 2) yield flat[at + 1];
  }

  static {
    listOf = (headers) => headers.#list;
    headersOf = (list, guard) => {
      const headers = new Headers();
      headers.#list = list;
      headers.#guard = guard;
      return headers;
    };
  }
}
Object.defineProperties(Headers.prototype, {
  [Symbol.iterator]: { value: Headers.prototype.entries, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: "Headers", configurable: true },
});

function fill(list, init) {
  if (typeof init !== "object") {
    throw new TypeError(
      "Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or ByteString sequence or record'.",
    );
  }
  if (typeof init[Symbol.iterator] === "function") {
    for (const pair of init) {
      const [name, value, ...rest] = pair;
      if (rest.length > 0 || value === undefined) {
        throw new TypeError("To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.");
      }
      native.headersAppend(list, `${name}`, `${value}`);
    }
    return;
  }
  for (const name of Object.keys(init)) native.headersAppend(list, name, `${init[name]}`);
}

// ---- Bodies ----

// Bodies of requests that are read as streams, by the request's number.
const incoming = new Map();

class Incoming {
  constructor(id, length) {
    this.id = id;
    this.length = length;
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
      native.bodyPull(source.id, 65536);
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

// What a value is as a body: its source and the type that it implies.
function extract(value) {
  if (typeof value === "string") return [value, "text/plain;charset=UTF-8"];
  if (typeof value === "object") {
    if (value instanceof ReadableStream) {
      if (value.locked) {
        throw new TypeError("This ReadableStream is currently locked to a reader.");
      }
      if (isDisturbed(value)) {
        throw new TypeError("This ReadableStream is disturbed (has already been read from), and cannot be used as a body.");
      }
      return [value, null];
    }
    if (value instanceof ArrayBuffer) return [new Uint8Array(value.slice(0)), null];
    if (ArrayBuffer.isView(value)) {
      const copy = new Uint8Array(value.byteLength);
      copy.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      return [copy, null];
    }
    if (value instanceof Blob) return [blobBytes(value), value.type || null];
    if (value instanceof FormData) {
      const [bytes, type] = serializeForm(value);
      return [bytes, type];
    }
    if (value instanceof URLSearchParams) {
      return [value.toString(), "application/x-www-form-urlencoded;charset=UTF-8"];
    }
  }
  return [`${value}`, "text/plain;charset=UTF-8"];
}

const encoder = (text) => native.bodyForm(text, BYTES);

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

let takeSource, peekSource, cloneSource, setSource;

class Body {
  #source;
  #stream = null;
  #used = false;

  constructor(source) {
    this.#source = source;
  }

  get body() {
    if (this.#stream !== null) return this.#stream;
    const source = this.#source;
    if (source === null) return null;
    if (source instanceof ReadableStream) this.#stream = source;
    else if (source instanceof Incoming) this.#stream = incomingStream(source);
    else {
      const bytes = typeof source === "string" ? encoder(source) : source;
      this.#stream = new ReadableStream({
        type: "bytes",
        pull(controller) {
          if (bytes.byteLength > 0) controller.enqueue(bytes.slice());
          controller.close();
          controller.byobRequest?.respond(0);
        },
      });
    }
    return this.#stream;
  }

  get bodyUsed() {
    if (this.#used) return true;
    const stream = this.#stream ?? (this.#source instanceof ReadableStream ? this.#source : null);
    return stream !== null && isDisturbed(stream);
  }

  // The body in a form, once.
  #read(form) {
    if (this.bodyUsed) return Promise.reject(new TypeError(USED));
    const source = this.#source;
    if (this.#stream !== null || source instanceof ReadableStream) {
      const stream = this.#stream ?? source;
      if (stream.locked) {
        return Promise.reject(new TypeError("This ReadableStream is currently locked to a reader."));
      }
      this.#used = true;
      return readAll(stream).then((bytes) => native.bodyForm(bytes, form));
    }
    if (source === null) {
      return form === JSON_VALUE
        ? Promise.reject(new SyntaxError("Unexpected end of JSON input"))
        : Promise.resolve(native.bodyForm("", form));
    }
    this.#used = true;
    if (source instanceof Incoming) return native.bodyCollect(source.id, form);
    if (form === TEXT && typeof source === "string") return Promise.resolve(source);
    try {
      return Promise.resolve(native.bodyForm(source, form));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  text() {
    return this.#read(TEXT);
  }
  json() {
    return this.#read(JSON_VALUE);
  }
  arrayBuffer() {
    return this.#read(BUFFER);
  }
  bytes() {
    return this.#read(BYTES);
  }
  async blob() {
    const type = this.headers.get("content-type") ?? "";
    return new Blob([await this.#read(BYTES)], { type });
  }
  async formData() {
    const type = this.headers.get("content-type") ?? "";
    return parseForm(await this.#read(BYTES), type);
  }

  static {
    // What to send: null, a string, bytes, or a stream; the body is used up by it.
    takeSource = (body) => {
      if (body.#used || body.bodyUsed) throw new TypeError(USED);
      const source = body.#stream ?? body.#source;
      if (source === null) return null;
      body.#used = true;
      if (source instanceof Incoming) return incomingStream(source);
      return source;
    };
    peekSource = (body) => body.#stream ?? body.#source;
    setSource = (body, source) => {
      body.#source = source;
    };
    cloneSource = (body) => {
      if (body.bodyUsed) throw new TypeError(USED);
      const source = body.#stream ?? body.#source;
      if (source === null || typeof source === "string" || source instanceof Uint8Array) {
        return source;
      }
      const stream = body.body;
      if (stream.locked) {
        throw new TypeError("This ReadableStream is currently locked to a reader.");
      }
      const [one, other] = stream.tee();
      body.#source = body.#stream = one;
      return other;
    };
  }
}

// ---- Response ----

const NULL_BODY = new Set([101, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

let responseParts, responseOf;

export class Response extends Body {
  #status = 200;
  #statusText = "";
  #headers = null;
  #list = null;
  #type = null;
  #webSocket = null;
  #cf = undefined;
  #url = "";
  #redirected = false;
  #guard = false;
  #encodeBody = "automatic";

  constructor(body = undefined, init = undefined) {
    if (body === null || body === undefined) super(null);
    else {
      const [source, type] = extract(body);
      super(source);
      this.#type = type;
    }
    if (init === undefined || init === null) return;
    if (typeof init !== "object") {
      throw new TypeError(
        "Failed to construct 'Response': constructor parameter 2 is not of type 'ResponseInit or Response'.",
      );
    }
    const { status, statusText, headers, webSocket, cf, encodeBody } = init;
    if (status !== undefined) {
      const number = Number(status) & 0xffff;
      if ((number < 200 || number > 599) && !(number === 101 && webSocket)) {
        throw new RangeError(
          number === 101
            ? "Responses with status code 101 must have a WebSocket."
            : `Responses may only be constructed with status codes in the range 200 to 599, inclusive.`,
        );
      }
      this.#status = number;
    }
    if (statusText !== undefined) this.#statusText = `${statusText}`;
    if (headers !== undefined && headers !== null) {
      this.#list = listOf(new Headers(headers));
    }
    if (webSocket !== undefined && webSocket !== null) {
      if (this.#status !== 101) {
        throw new RangeError("Responses with a WebSocket must have status code 101.");
      }
      this.#webSocket = webSocket;
    }
    if (cf !== undefined) this.#cf = cf;
    if (encodeBody !== undefined) {
      if (encodeBody !== "manual" && encodeBody !== "automatic") {
        throw new TypeError(`encodeBody: unexpected value: ${encodeBody}`);
      }
      this.#encodeBody = encodeBody;
    }
    if (body !== null && body !== undefined && NULL_BODY.has(this.#status)) {
      throw new TypeError("Response with null body status (101, 204, 205, or 304) cannot have a body.");
    }
  }

  get status() {
    return this.#status;
  }
  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }
  get statusText() {
    return this.#statusText || STATUS_TEXTS[this.#status] || "";
  }
  get headers() {
    if (this.#headers === null) {
      this.#list ??= native.headersNew();
      if (this.#type !== null && !native.headersHas(this.#list, "content-type")) {
        native.headersSet(this.#list, "content-type", this.#type);
      }
      this.#type = null;
      this.#headers = headersOf(this.#list, this.#guard);
    }
    return this.#headers;
  }
  get url() {
    return this.#url;
  }
  get redirected() {
    return this.#redirected;
  }
  get webSocket() {
    return this.#webSocket;
  }
  get cf() {
    return this.#cf;
  }
  get type() {
    return "default";
  }

  clone() {
    if (this.#webSocket !== null) {
      throw new TypeError("Cannot clone a response to a WebSocket handshake.");
    }
    const copy = new Response(null);
    const source = cloneSource(this);
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copy.#list = this.#list === null ? null : native.headersClone(this.#list);
    copy.#type = this.#type;
    copy.#cf = this.#cf;
    copy.#url = this.#url;
    copy.#encodeBody = this.#encodeBody;
    setSource(copy, source);
    return copy;
  }

  static json(data, init = undefined) {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Value is not JSON serializable.");
    const response = new Response(text, init);
    response.#type = "application/json";
    return response;
  }
  static redirect(url, status = 302) {
    if (!REDIRECTS.has(status)) {
      throw new RangeError(`${status} is not a redirect status code.`);
    }
    let parsed;
    try {
      parsed = new URL(url).href;
    } catch {
      throw new TypeError(`Unable to parse URL: ${url}`);
    }
    const response = new Response(null, { status, headers: { location: parsed } });
    response.#guard = true;
    return response;
  }
  static error() {
    const response = new Response(null);
    response.#status = 0;
    return response;
  }

  static {
    responseParts = (response) =>
      #status in response
        ? [response.#status, response.#list, response.#type, response.#webSocket, response.#encodeBody]
        : null;
    // A response of another server or Worker.
    responseOf = (status, statusText, list, source, url, redirected) => {
      const response = new Response(null);
      response.#status = status;
      response.#statusText = statusText;
      response.#list = list;
      response.#url = url;
      response.#redirected = redirected;
      response.#guard = true;
      setSource(response, source);
      return response;
    };
  }
}
Object.defineProperty(Response.prototype, Symbol.toStringTag, { value: "Response", configurable: true });

const STATUS_TEXTS = {
  200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
  205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
  300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
  305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect",
  400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
  405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
  408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed",
  413: "Payload Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
  417: "Expectation Failed", 418: "I'm a teapot", 421: "Misdirected Request", 422: "Unprocessable Entity",
  423: "Locked", 424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required",
  428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 501: "Not Implemented",
  502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
  506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected", 510: "Not Extended",
  511: "Network Authentication Required",
};

// ---- Request ----

let requestParts, incomingRequest;

const METHODS = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]);

export class Request extends Body {
  #method = "GET";
  #url = "";
  #headers = null;
  #list = null;
  #type = null;
  #guard = false;
  #redirect = "follow";
  #signal = null;
  #cf = undefined;
  #fetcher = null;
  #cache = undefined;

  constructor(input, init = undefined) {
    const from = typeof input === "object" && input !== null && #method in input ? input : null;
    let source = null;
    let type = null;
    const body = init?.body;
    if (body !== undefined && body !== null) [source, type] = extract(body);
    else if (from !== null && peekSource(from) !== null && body !== null) source = takeSource(from);
    super(source);
    this.#type = type;
    if (from !== null) {
      this.#method = from.#method;
      this.#url = from.#url;
      this.#list = from.#list === null ? null : native.headersClone(from.#list);
      if (this.#type === null) this.#type = from.#type;
      this.#redirect = from.#redirect;
      this.#signal = from.#signal;
      this.#cf = from.#cf;
      this.#cache = from.#cache;
      if (from.#guard) this.#redirect = "follow";
    } else {
      const text = `${input}`;
      try {
        this.#url = new URL(text).href;
      } catch {
        throw new TypeError(`Invalid URL: ${text}`);
      }
    }
    if (init === undefined || init === null) return;
    const { method, headers, redirect, signal, cf, fetcher, cache } = init;
    if (method !== undefined) {
      const text = `${method}`;
      const upper = text.toUpperCase();
      this.#method = METHODS.has(upper) ? upper : text;
      if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) {
        throw new TypeError(`Invalid HTTP method string: ${text}`);
      }
      if (upper === "CONNECT") throw new TypeError("HTTP CONNECT method is not supported.");
    }
    if (headers !== undefined && headers !== null) this.#list = listOf(new Headers(headers));
    if (redirect !== undefined) {
      if (redirect !== "follow" && redirect !== "manual" && redirect !== "error") {
        throw new TypeError(`Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).`);
      }
      if (redirect === "error") {
        throw new TypeError(`Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).`);
      }
      this.#redirect = redirect;
    }
    if (signal !== undefined) {
      if (signal !== null && !(signal instanceof AbortSignal)) {
        throw new TypeError(
          "Failed to construct 'Request': constructor parameter 2: 'signal' is not of type 'AbortSignal'.",
        );
      }
      this.#signal = signal;
    }
    if (cf !== undefined) this.#cf = cf;
    if (fetcher !== undefined) this.#fetcher = fetcher;
    if (cache !== undefined && cache !== null) {
      if (cache !== "no-store" && cache !== "no-cache" && cache !== "reload") {
        throw new TypeError(`Unsupported cache mode: ${cache}`);
      }
      this.#cache = cache;
    }
    if (source !== null && (this.#method === "GET" || this.#method === "HEAD") && body !== undefined && body !== null) {
      throw new TypeError("Request with a GET or HEAD method cannot have a body.");
    }
  }

  get method() {
    return this.#method;
  }
  get url() {
    return this.#url;
  }
  get headers() {
    if (this.#headers === null) {
      this.#list ??= native.headersNew();
      if (this.#type !== null && !native.headersHas(this.#list, "content-type")) {
        native.headersSet(this.#list, "content-type", this.#type);
      }
      this.#type = null;
      this.#headers = headersOf(this.#list, this.#guard);
    }
    return this.#headers;
  }
  get redirect() {
    return this.#redirect;
  }
  get fetcher() {
    return this.#fetcher;
  }
  get signal() {
    this.#signal ??= neverAborted();
    return this.#signal;
  }
  get cf() {
    return this.#cf;
  }
  get integrity() {
    return "";
  }
  get keepalive() {
    return false;
  }
  get cache() {
    return this.#cache;
  }

  clone() {
    const source = cloneSource(this);
    const copy = new Request(this.#url);
    copy.#method = this.#method;
    copy.#list = this.#list === null ? null : native.headersClone(this.#list);
    copy.#type = this.#type;
    copy.#redirect = this.#redirect;
    copy.#signal = this.#signal;
    copy.#cf = this.#cf;
    copy.#cache = this.#cache;
    setSource(copy, source);
    return copy;
  }

  static {
    requestParts = (request) => ({
      method: request.#method,
      url: request.#url,
      list: request.#list ?? native.headersNew(),
      type: request.#type,
      redirect: request.#redirect,
      signal: request.#signal,
      cf: request.#cf,
      cache: request.#cache,
    });
    incomingRequest = (id, method, url, list, length) => {
      const request = new Request(BLANK);
      request.#method = method;
      request.#url = url;
      request.#list = list;
      request.#guard = true;
      request.#redirect = "manual";
      if (length !== -1) setSource(request, new Incoming(id, length));
      return request;
    };
  }
}
Object.defineProperty(Request.prototype, Symbol.toStringTag, { value: "Request", configurable: true });

function neverAborted() {
  return new AbortController().signal;
}

const BLANK = "http://a/";

export { takeSource, responseParts, responseOf, requestParts, incomingRequest, listOf, headersOf, Incoming };

export const globals = { Headers, Request, Response };
