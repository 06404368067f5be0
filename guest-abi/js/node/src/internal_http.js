// What node:http and its siblings share: messages, a client over fetch(), a server behind the
// Worker's own handler. Sockets are not there; what Node does with them does nothing here.
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, validateFunction, validateInteger, validateString } from "internal:node/errors";
import tables from "./http.json";

const { fetch, Headers, Request, Response, ReadableStream, queueMicrotask, setTimeout, clearTimeout } = globalThis;
export const METHODS = tables.methods;
export const STATUS_CODES = tables.codes;

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
export const _checkIsHttpToken = (value) => TOKEN.test(value);
export const _checkInvalidHeaderChar = (value) => BAD_VALUE.test(value);
const badToken = (what, value) => coded(TypeError, "ERR_INVALID_HTTP_TOKEN", `${what} must be a valid HTTP token ["${value}"]`);
export function validateHeaderName(name) {
  if (typeof name !== "string" || !TOKEN.test(name)) throw badToken("Header name", name);
}
export function validateHeaderValue(name, value) {
  if (value === undefined) throw coded(TypeError, "ERR_HTTP_INVALID_HEADER_VALUE", `Invalid value "${value}" for header "${name}"`);
  if (BAD_VALUE.test(value)) throw coded(TypeError, "ERR_INVALID_CHAR", `Invalid character in header content ["${name}"]`);
}
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
    this._socket = {};
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
  this.socket = null;
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
    const all = { __proto__: null };
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
  addTrailers() {},
  flushHeaders() {
    this._implicitHeader();
  },
  setTimeout(millis, callback) {
    if (callback) this.on("timeout", callback);
    return this;
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
    // What is all there is known to be so when the head goes.
    if (this._header === null && !this.finished) this._whole = chunk === undefined || chunk === null ? 0 : typeof chunk === "string" ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
    this.finished = true;
    if (this._header === null) this._implicitHeader();
    return Writable.prototype.end.call(this, chunk ?? undefined, encoding, callback);
  },
  _finish() {},
  _flush() {},
  _flushOutput() {},
  _renderHeaders() {
    return this.getHeaders();
  },
  _send() {},
  _storeHeader() {},
  _writeRaw() {},
});
for (const [name, get] of [["headersSent", function () { return this._header !== null; }], ["connection", function () { return this.socket; }]]) Object.defineProperty(OutgoingMessage.prototype, name, { get, set() {}, configurable: true });

// ---- The client ----

export class Agent extends EventEmitter {
  constructor(options) {
    super();
    this.defaultPort = 80;
    this.protocol = "http:";
    this.options = { __proto__: null, path: null, noDelay: true, ...options };
    this.agentKeepAliveTimeoutBuffer = 1000;
    this.keepAliveMsecs = this.options.keepAliveMsecs ?? 1000;
    this.keepAlive = this.options.keepAlive ?? false;
    this.maxSockets = this.options.maxSockets ?? Infinity;
    this.maxFreeSockets = this.options.maxFreeSockets ?? 256;
    this.scheduling = this.options.scheduling ?? "lifo";
    this.maxTotalSockets = this.options.maxTotalSockets ?? Infinity;
    this.totalSocketCount = 0;
    this.freeSockets = {};
    this.sockets = {};
    this.requests = {};
  }
  getName({ host, port, localAddress, family, socketPath } = {}) {
    return `${host || "localhost"}:${port || ""}:${localAddress || ""}${family === 4 || family === 6 ? `:${family}` : ""}${socketPath ? `:${socketPath}` : ""}`;
  }
  addRequest() {}
  createConnection() {
    throw ERR_METHOD_NOT_IMPLEMENTED("agent.createConnection");
  }
  createSocket() {}
  destroy() {}
  keepSocketAlive() {
    return true;
  }
  removeSocket() {}
  reuseSocket() {}
}
export const globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

// What would name another server than the one that is asked.
const AUTHORITY = /^(?:[/\\]{2}|[^/\\]*:)/;
const wrongPath = (path) => ERR_INVALID_ARG_VALUE("options.path", path, "must be a path-only request target");
const INVALID_PATH = /[^\x21-\xff]/;
// As the URL's parts, in the client's options.
export function optionsOfUrl(url) {
  const { hostname } = url;
  const options = { __proto__: null, protocol: url.protocol, hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname, hash: url.hash, search: url.search, pathname: url.pathname, path: `${url.pathname || ""}${url.search || ""}`, href: url.href };
  if (url.port !== "") options.port = Number(url.port);
  if (url.username || url.password) options.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return options;
}

export function ClientRequest(input, options, callback) {
  if (!(this instanceof ClientRequest)) return new ClientRequest(input, options, callback);
  if (typeof input === "string") {
    try {
      input = optionsOfUrl(new URL(input));
    } catch {
      throw new TypeError("Invalid URL string.");
    }
  } else if (input instanceof URL) input = optionsOfUrl(input);
  else {
    callback = options;
    options = input;
    input = null;
  }
  if (typeof options === "function") {
    callback = options;
    options = input ?? {};
  } else options = { ...input, ...options };
  OutgoingMessage.call(this);
  const agent = options.agent === undefined || options.agent === null ? (options._defaultAgent ?? globalAgent) : options.agent === false ? new (options._defaultAgent?.constructor ?? Agent)() : options.agent;
  this.agent = agent;
  const expected = agent.protocol ?? "http:";
  const protocol = options.protocol || expected;
  for (const name of ["host", "hostname"]) {
    const value = options[name];
    if (value !== undefined && value !== null && typeof value !== "string") throw ERR_INVALID_ARG_TYPE(`options.${name}`, ["string", "undefined", "null"], value);
  }
  if (options.path !== undefined) {
    const path = String(options.path);
    if (INVALID_PATH.test(path)) throw coded(TypeError, "ERR_UNESCAPED_CHARACTERS", "Request path contains unescaped characters");
    if (AUTHORITY.test(path)) throw wrongPath(path);
  }
  if (protocol !== expected) throw coded(TypeError, "ERR_INVALID_PROTOCOL", `Protocol "${protocol}" not supported. Expected "${expected}"`);
  const defaultPort = options.defaultPort ?? agent.defaultPort ?? 80;
  this.port = options.port || defaultPort;
  this.host = options.hostname || options.host || "localhost";
  if (options.timeout !== undefined) this.timeout = options.timeout;
  const { method } = options;
  if (method !== undefined && method !== null) {
    if (typeof method !== "string") throw ERR_INVALID_ARG_TYPE("options.method", "string", method);
    if (!TOKEN.test(method)) throw badToken("Method", method);
  }
  this.method = (method ?? "GET").toUpperCase();
  this.path = options.path || "/";
  this.protocol = protocol;
  this.aborted = false;
  this.reusedSocket = false;
  this.maxHeadersCount = null;
  this.res = null;
  this._ended = false;
  this._controller = new AbortController();
  this._parts = [];
  if (callback) this.once("response", callback);
  const { headers } = options;
  if (Array.isArray(headers)) {
    if (Array.isArray(headers[0])) for (const [name, value] of headers) this.appendHeader(name, value);
    else for (let at = 0; at < headers.length; at += 2) this.appendHeader(headers[at], headers[at + 1]);
  } else if (headers) for (const name of Object.keys(headers)) this.setHeader(name, headers[name]);
  if (!this.hasHeader("host") && options.setHost !== false) {
    const host = this.host.includes(":") && !this.host.startsWith("[") ? `[${this.host}]` : this.host;
    this.setHeader("Host", this.port && Number(this.port) !== defaultPort ? `${host}:${this.port}` : host);
  }
  if (options.auth && !this.hasHeader("authorization")) this.setHeader("Authorization", `Basic ${Buffer.from(options.auth).toString("base64")}`);
  if (options.signal) {
    const stop = () => this.destroy(options.signal.reason);
    if (options.signal.aborted) queueMicrotask(stop);
    else options.signal.addEventListener("abort", stop, { once: true });
  }
  if (this.timeout) this.setTimeout(this.timeout);
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);
Object.assign(ClientRequest.prototype, {
  _implicitHeader() {
    this._header = `${this.method} ${this.path} HTTP/1.1\r\n`;
  },
  _write(chunk, encoding, callback) {
    this._header ?? this._implicitHeader();
    this._parts.push(chunk);
    callback();
  },
  _final(callback) {
    callback();
    this._ask();
  },
  // The whole request goes at once: bodies of requests are not streamed.
  _ask() {
    if (this.destroyed) return;
    const host = this.host.includes(":") && !this.host.startsWith("[") ? `[${this.host}]` : this.host;
    const url = new URL(`${this.protocol}//${host}:${this.port}`);
    // It may have been written since.
    if (AUTHORITY.test(this.path)) {
      this.destroy(wrongPath(this.path));
      return;
    }
    const target = `${url.origin}${this.path.startsWith("/") ? "" : "/"}${this.path}`;
    const headers = new Headers(this._pairs().filter(([name]) => !/^(host|connection|content-length|transfer-encoding|expect)$/i.test(name)));
    const body = this._parts.length === 0 || this.method === "GET" || this.method === "HEAD" ? undefined : Buffer.concat(this._parts);
    this._parts = [];
    fetch(target, { method: this.method, headers, body, redirect: "manual", signal: this._controller.signal }).then((response) => {
      clearTimeout(this._timer);
      const message = new IncomingMessage()._take(response.headers, response.body);
      message.statusCode = response.status;
      message.statusMessage = response.statusText;
      message.url = "";
      message.req = this;
      this.res = message;
      if (!this.emit("response", message)) message._dump();
      message.once("close", () => this.emit("close"));
    }, (error) => {
      clearTimeout(this._timer);
      if (!this.destroyed) this.destroy(error);
    });
  },
  abort() {
    if (this.aborted) return;
    this.aborted = true;
    queueMicrotask(() => this.emit("abort"));
    this.destroy();
  },
  _destroy(error, callback) {
    clearTimeout(this._timer);
    if (this.res === null) {
      this._controller.abort();
      error ??= Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    } else if (!this.res.complete) this.res.destroy(error ?? undefined);
    callback(error);
  },
  setTimeout(millis, callback) {
    if (callback !== undefined) {
      validateFunction(callback, "callback");
      this.once("timeout", callback);
    }
    clearTimeout(this._timer);
    if (millis > 0) this._timer = setTimeout(() => this.emit("timeout"), millis);
    return this;
  },
  clearTimeout(callback) {
    return this.setTimeout(0, callback);
  },
  onSocket() {},
  setNoDelay() {},
  setSocketKeepAlive() {},
});

// ---- The server ----

const servers = new Map();

export function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  EventEmitter.call(this);
  if (typeof options === "function") {
    listener = options;
    options = {};
  }
  storeHTTPOptions.call(this, options ?? {});
  if (listener !== undefined) {
    validateFunction(listener, "requestListener");
    this.on("request", listener);
  }
  this._port = null;
  this.timeout = 0;
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
}
export function storeHTTPOptions(options) {
  this.requestTimeout = options.requestTimeout ?? 300000;
  this.headersTimeout = options.headersTimeout ?? 60000;
  this.keepAliveTimeout = options.keepAliveTimeout ?? 5000;
  this.connectionsCheckingInterval = options.connectionsCheckingInterval ?? 30000;
  this.httpAllowHalfOpen = false;
}
let nextPort = 32768;
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);
Object.assign(Server.prototype, {
  listen(...args) {
    let callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
    let port = typeof args[0] === "object" && args[0] !== null ? args[0].port : args[0];
    if (this._port !== null) throw coded(Error, "ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once without closing.");
    port = port === undefined || port === null || Number(port) === 0 ? nextPort++ : Number(port);
    validateInteger(port, "options.port", 0, 65535);
    if (servers.has(port)) throw Object.assign(new Error(`listen EADDRINUSE: address already in use :::${port}`), { code: "EADDRINUSE", errno: -98, syscall: "listen", port });
    servers.set(port, this);
    this._port = port;
    if (callback !== undefined) this.once("listening", callback);
    queueMicrotask(() => this.emit("listening"));
    return this;
  },
  close(callback) {
    if (typeof callback === "function") {
      if (this._port === null) this.once("close", () => callback(coded(Error, "ERR_SERVER_NOT_RUNNING", "Server is not running.")));
      else this.once("close", callback);
    }
    servers.delete(this._port);
    this._port = null;
    queueMicrotask(() => this.emit("close"));
    return this;
  },
  address() {
    return this._port === null ? null : { port: this._port, family: "IPv4", address: "127.0.0.1" };
  },
  closeAllConnections() {},
  closeIdleConnections() {},
  getConnections(callback) {
    queueMicrotask(() => callback(null, 0));
    return this;
  },
  setTimeout(millis, callback) {
    this.timeout = millis;
    if (callback) this.on("timeout", callback);
    return this;
  },
  ref() {
    return this;
  },
  unref() {
    return this;
  },
});
Object.defineProperty(Server.prototype, "listening", { get() { return this._port !== null; }, configurable: true });
Object.defineProperty(Server.prototype, Symbol.asyncDispose, { value() { return new Promise((resolve) => this.close(() => resolve())); }, writable: true, configurable: true });

export function ServerResponse(request, options) {
  if (!(this instanceof ServerResponse)) return new ServerResponse(request, options);
  OutgoingMessage.call(this, options);
  this.req = request;
  this.statusCode = 200;
  this.statusMessage = "unknown";
  this._sentStatus = undefined;
  this._given = new Promise((resolve, reject) => {
    this._give = resolve;
    this._refuse = reject;
  });
  this._given.catch(() => {});
}
Object.defineProperty(ServerResponse, "length", { value: 1 });
Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ServerResponse, OutgoingMessage);
const BODILESS = new Set([101, 204, 205, 304]);
Object.assign(ServerResponse.prototype, {
  writeHead(status, message, headers) {
    if (this._header !== null) throw coded(Error, "ERR_HTTP_HEADERS_SENT", "Cannot write headers after they are sent to the client");
    const code = status | 0;
    if (code < 100 || code > 999) throw coded(RangeError, "ERR_HTTP_INVALID_STATUS_CODE", `Invalid status code: ${status}`);
    if (typeof message === "string") this.statusMessage = message;
    else headers ??= message;
    this.statusCode = code;
    if (Array.isArray(headers)) {
      if (headers.length % 2 !== 0) throw coded(TypeError, "ERR_INVALID_ARG_VALUE", "The argument 'headers' is invalid.");
      for (let at = 0; at < headers.length; at += 2) this.appendHeader(headers[at], headers[at + 1]);
    } else if (headers) for (const name of Object.keys(headers)) this.setHeader(name, headers[name]);
    this._header = `HTTP/1.1 ${code} ${this.statusMessage}\r\n`;
    return this;
  },
  _implicitHeader() {
    this.writeHead(this.statusCode);
  },
  _begin() {
    if (this._stream !== undefined) return;
    if (this._header === null) this._implicitHeader();
    const headers = new Headers(this._pairs());
    const isBodiless = BODILESS.has(this.statusCode) || this.req?.method === "HEAD";
    if (!headers.has("connection")) headers.set("connection", "keep-alive");
    if (!headers.has("content-length") && !headers.has("transfer-encoding") && !BODILESS.has(this.statusCode)) {
      if (this._whole === 0) headers.set("content-length", "0");
      else headers.set("transfer-encoding", "chunked");
    }
    let controller;
    const body = isBodiless || this._whole === 0 ? null : new ReadableStream({
      start: (it) => (controller = it),
      cancel: () => this.destroy(),
      pull: () => {
        const { _more } = this;
        this._more = undefined;
        _more?.();
      },
    }, { highWaterMark: 16 });
    this._stream = controller ?? null;
    this._give(new Response(body, { status: this.statusCode, statusText: this.statusMessage, headers }));
  },
  _write(chunk, encoding, callback) {
    this._begin();
    if (this._stream === null) {
      callback();
      return;
    }
    this._stream.enqueue(new Uint8Array(chunk));
    if (this._stream.desiredSize > 0) callback();
    else this._more = callback;
  },
  _final(callback) {
    this._begin();
    this._stream?.close();
    callback();
  },
  _destroy(error, callback) {
    if (this._stream === undefined) this._refuse(error ?? new Error("The response was destroyed"));
    else if (!this.writableFinished) this._stream?.error(error ?? new Error("The response was destroyed"));
    callback(error);
  },
  assignSocket() {},
  detachSocket() {},
  writeContinue(callback) {
    if (callback) queueMicrotask(callback);
  },
  writeProcessing() {},
  writeEarlyHints(hints, callback) {
    if (callback) queueMicrotask(callback);
  },
});
Object.defineProperty(ServerResponse.prototype, "writeHeader", { value: ServerResponse.prototype.writeHead, writable: true, configurable: true, enumerable: false });

// Answers a Request with the server that listens on a port.
// What a message that comes has for a socket: who is at its other end. There is none to write to.
class Peer extends EventEmitter {
  #encrypted;
  #address;
  #port;
  #remotePort = 32768 + Math.floor(Math.random() * 28232);
  constructor(encrypted, address, port) {
    super();
    this.#encrypted = encrypted;
    this.#address = address;
    this.#port = port;
  }
  get encrypted() {
    return this.#encrypted;
  }
  get remoteFamily() {
    return this.#address.includes(":") ? "IPv6" : "IPv4";
  }
  get remoteAddress() {
    return this.#address;
  }
  get localAddress() {
    return "127.0.0.1";
  }
  get localPort() {
    return this.#port;
  }
  get readable() {
    return true;
  }
  get remotePort() {
    return this.#remotePort;
  }
}

export function handleAsNodeRequest(port, request) {
  const server = servers.get(Number(port));
  if (server === undefined) {
    throw new Error(`Http server with port ${port} not found. This is likely a bug with your code. You should check if server.listen() was called with the same port (${port})`);
  }
  const url = new URL(request.url);
  const message = new IncomingMessage()._take(request.headers, request.body);
  message.method = request.method;
  message.url = url.pathname + url.search;
  const response = new ServerResponse(message);
  message._socket = new Peer(url.protocol === "https:", request.headers.get("cf-connecting-ip") ?? "127.0.0.1", Number(port));
  response.socket = undefined;
  const handled = server.emit("request", message, response);
  if (!handled) throw new Error("The server has no request listener");
  return response._given;
}

// The port of a server, or of what says one.
export function portOf(server) {
  if (server === undefined || server === null) throw new Error("Server descriptor cannot be null or undefined");
  const port = typeof server.port === "number" ? server.port : server.address?.()?.port;
  if (typeof port !== "number") throw new Error("Failed to determine port for server");
  return port;
}

export function request(input, options, callback) {
  return new ClientRequest(input, options, callback);
}
export function get(input, options, callback) {
  const made = request(input, options, callback);
  made.end();
  return made;
}
export function createServer(options, listener) {
  return new Server(options, listener);
}
