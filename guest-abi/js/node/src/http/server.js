// The server of node:http, behind the Worker's own handler.
import { EventEmitter } from "node:events";
import { coded, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, validateBoolean, validateInteger, validateNumber, validateObject } from "internal:node/errors";
import { BAD_VALUE, IncomingMessage, missing, OutgoingMessage } from "./messages.js";

const { Headers, Response, ReadableStream, queueMicrotask } = globalThis;

const servers = new Map();

export function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  // What a listener rejects with fails the answer.
  EventEmitter.call(this, { captureRejections: true });
  if (typeof options === "function") {
    listener = options;
    options = {};
  }
  options ??= {};
  validateObject(options, "options");
  storeHTTPOptions.call(this, options);
  if (listener) this.on("request", listener);
  Object.defineProperty(this, "_port", { value: null, writable: true, configurable: true });
  this.timeout = 0;
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
}
export function storeHTTPOptions(options) {
  const number = (name, standard) => {
    const value = options[name];
    if (value !== undefined) validateInteger(value, name, 0);
    return value ?? standard;
  };
  const flag = (name, standard) => {
    const value = options[name];
    if (value !== undefined) validateBoolean(value, `options.${name}`);
    return value ?? standard;
  };
  const { highWaterMark } = options;
  number("maxHeaderSize");
  flag("insecureHTTPParser");
  this.requestTimeout = number("requestTimeout", 300000);
  this.headersTimeout = number("headersTimeout", Math.min(60000, this.requestTimeout));
  if (this.requestTimeout > 0 && this.headersTimeout > this.requestTimeout) throw ERR_OUT_OF_RANGE("headersTimeout", "<= requestTimeout", this.headersTimeout);
  this.keepAliveTimeout = number("keepAliveTimeout", 5000);
  this.keepAliveTimeoutBuffer = number("keepAliveTimeoutBuffer", 1000);
  this.connectionsCheckingInterval = number("connectionsCheckingInterval", 30000);
  this.requireHostHeader = flag("requireHostHeader", true);
  this.joinDuplicateHeaders = flag("joinDuplicateHeaders", false);
  this.rejectNonStandardBodyWrites = flag("rejectNonStandardBodyWrites", false);
  if (highWaterMark !== undefined) validateNumber(highWaterMark, "options.highWaterMark");
  this.highWaterMark = highWaterMark > 0 ? highWaterMark : 64 * 1024;
  this.httpAllowHalfOpen = false;
}
let nextPort = 49152;
// The port that is asked for; a name of something else is none.
function portAsked(asked) {
  if (typeof asked === "object" && asked !== null) asked = asked.port;
  if (typeof asked === "string" && asked.trim() !== "" && !Number.isNaN(Number(asked))) asked = Number(asked);
  if (typeof asked !== "number" || asked === 0) return nextPort++;
  if (!Number.isInteger(asked) || asked < 0 || asked > 65535) throw coded(Error, "ERR_SOCKET_BAD_PORT", "options.port should be >= 0 and < 65536. Received number.");
  return asked;
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);
Object.assign(Server.prototype, {
  listen(...args) {
    const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
    if (this._port !== null) throw coded(Error, "ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once without closing.");
    const port = portAsked(args[0]);
    if (servers.has(port)) throw Object.assign(new Error(`bind EADDRINUSE 127.0.0.1:${port}`), { errno: -98, code: "EADDRINUSE", syscall: "bind", address: "127.0.0.1", port });
    servers.set(port, this);
    this._port = port;
    if (callback !== undefined) this.once("listening", callback);
    queueMicrotask(() => this.emit("listening"));
    return this;
  },
  close(callback) {
    if (typeof callback === "function") this.once("close", callback);
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
    if (typeof millis === "function") callback = millis;
    else if (typeof millis === "number") this.timeout = millis;
    if (typeof callback === "function") this.once("timeout", callback);
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
Object.defineProperties(Server.prototype, {
  maxConnections: { get() { return Infinity; }, set() {}, configurable: true },
  connections: { get() { return 0; }, set() {}, configurable: true },
});
const asyncDispose = { async [Symbol.asyncDispose]() { await new Promise((resolve) => this.close(resolve)); } }[Symbol.asyncDispose];
Object.defineProperty(Server.prototype, Symbol.asyncDispose, { value: asyncDispose, writable: true, configurable: true });
const rejected = Symbol.for("nodejs.rejection");
Object.defineProperty(Server.prototype, rejected, { value: { [rejected](error, event, ...args) { if (event === "request") args[1].destroy(error); else this.emit("error", error); } }[rejected], writable: true, configurable: true });

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
    if (BAD_VALUE.test(this.statusMessage)) throw coded(TypeError, "ERR_INVALID_CHAR", "Invalid character in statusMessage");
    if (Array.isArray(headers)) {
      if (headers.length % 2 !== 0) throw ERR_INVALID_ARG_VALUE("headers", headers);
      // They take the place of what was set before.
      for (let at = 0; at < headers.length; at += 2) this.removeHeader(headers[at]);
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
    if (this.sendDate && !headers.has("date")) headers.set("date", new Date().toUTCString());
    if (!headers.has("content-length") && !headers.has("transfer-encoding") && !isBodiless) {
      if (this._whole !== undefined) headers.set("content-length", String(this._whole));
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
    else if (!this._writableState.finished) this._stream?.error(error ?? new Error("The response was destroyed"));
    callback(error);
  },
});
for (const [name, length] of [["assignSocket", 1], ["detachSocket", 1], ["writeContinue", 1], ["writeEarlyHints", 2], ["writeProcessing", 1]]) ServerResponse.prototype[name] = Object.defineProperty(missing(name), "length", { value: length });
Object.defineProperty(ServerResponse.prototype, "writeHeader", { value: ServerResponse.prototype.writeHead, writable: true, configurable: true, enumerable: false });

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

// Answers a Request with the server that listens on a port.
export async function handleAsNodeRequest(described, request, env, context) {
  const port = portOf({ port: typeof described === "number" ? described : described?.port });
  const server = servers.get(port);
  if (server === undefined) {
    throw Object.assign(new Error(`Http server with port ${port} not found. This is likely a bug with your code. You should check if server.listen() was called with the same port (${port})`), { code: "ERR_INVALID_ARG_VALUE" });
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
  if (typeof server === "number") return portOf({ port: server });
  const isServer = (server.port === undefined || server.port === null) && typeof server.listen === "function";
  if (isServer && typeof server.address()?.port !== "number") server.listen();
  const port = isServer ? server.address()?.port : server.port;
  if (!Number.isFinite(port) || port < 0 || port > 65535) throw new Error("Failed to determine port for server");
  return port;
}

export function createServer(options, listener) {
  return new Server(options, listener);
}
