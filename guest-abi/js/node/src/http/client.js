// The client of node:http, over fetch().
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, validateAbortSignal, validateBoolean, validateFunction, validateInteger, validateNumber, validateOneOf, validateString } from "internal:node/errors";
import { badToken, IncomingMessage, OutgoingMessage, TOKEN } from "./messages.js";

const { fetch, Headers, queueMicrotask, setTimeout, clearTimeout } = globalThis;

export class Agent extends EventEmitter {
  static defaultMaxSockets = Infinity;
  defaultPort;
  protocol;
  options;
  constructor(options) {
    super();
    this.options = { __proto__: null, ...options };
    this.defaultPort = this.options.defaultPort || 80;
    this.protocol = this.options.protocol || "http:";
    this.options.path = null;
    if (!("proxyEnv" in this.options)) this.options.proxyEnv = undefined;
    this.options.noDelay ??= true;
    const { keepAliveMsecs, keepAlive, maxSockets, maxFreeSockets, scheduling, maxTotalSockets } = this.options;
    this.agentKeepAliveTimeoutBuffer = 1000;
    this.keepAliveMsecs = keepAliveMsecs || 1000;
    this.keepAlive = keepAlive || false;
    this.maxSockets = maxSockets || Agent.defaultMaxSockets;
    this.maxFreeSockets = maxFreeSockets || 256;
    this.scheduling = scheduling || "lifo";
    validateOneOf(this.scheduling, "scheduling", ["fifo", "lifo"]);
    if (maxTotalSockets !== undefined) validateNumber(maxTotalSockets, "maxTotalSockets", 1);
    this.maxTotalSockets = maxTotalSockets ?? Infinity;
    this.totalSocketCount = 0;
    this.freeSockets = {};
    this.sockets = {};
    this.requests = {};
  }
  getName({ host, port, localAddress, family, socketPath } = {}) {
    return `${host || "localhost"}:${port || ""}:${localAddress || ""}${family === 4 || family === 6 ? `:${family}` : ""}${socketPath ? `:${socketPath}` : ""}`;
  }
  addRequest(request, options) {}
  createConnection(options, callback) {
    throw ERR_METHOD_NOT_IMPLEMENTED("createConnection");
  }
  createSocket(request, options, callback) {}
  destroy(error) {}
  keepSocketAlive(socket) {
    return false;
  }
  removeSocket(socket) {}
  reuseSocket(socket, request) {}
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
  const { method, insecureHTTPParser, joinDuplicateHeaders, maxHeaderSize, lookup } = options;
  if (options.timeout !== undefined) validateNumber(options.timeout, "timeout");
  if (maxHeaderSize !== undefined) validateInteger(maxHeaderSize, "maxHeaderSize", 0);
  if (insecureHTTPParser !== undefined) validateBoolean(insecureHTTPParser, "options.insecureHTTPParser");
  if (joinDuplicateHeaders !== undefined) validateBoolean(joinDuplicateHeaders, "options.joinDuplicateHeaders");
  if (options.signal !== undefined && options.signal !== null) validateAbortSignal(options.signal, "signal");
  if (lookup !== undefined) validateFunction(lookup, "options.lookup");
  for (const name of ["socketPath", "createConnection"]) if (options[name]) throw coded(Error, "ERR_OPTION_NOT_IMPLEMENTED", `The options.${name} option is not implemented`);
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
    const isPairs = Array.isArray(headers[0]);
    if (isPairs ? !headers.every((pair) => pair.length === 2) : headers.length % 2 !== 0) throw ERR_INVALID_ARG_VALUE("headers", headers);
    if (isPairs) for (const [name, value] of headers) this.appendHeader(name, value);
    else for (let at = 0; at < headers.length; at += 2) this.appendHeader(headers[at], headers[at + 1]);
  } else if (headers) {
    if (headers.host !== undefined) validateString(headers.host, "host");
    for (const name of Object.keys(headers)) this.setHeader(name, headers[name]);
  }
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
    validateNumber(millis, "msecs");
    if (callback !== undefined) {
      validateFunction(callback, "listener");
      this.once("timeout", callback);
    }
    clearTimeout(this._timer);
    if (millis > 0) this._timer = setTimeout(() => this.emit("timeout"), millis);
    return this;
  },
  clearTimeout(callback) {
    return this.setTimeout(0, callback);
  },
  addTrailers(headers) {
    throw ERR_METHOD_NOT_IMPLEMENTED("addTrailers");
  },
  onSocket(socket) {},
  setNoDelay(noDelay) {
    validateBoolean(noDelay, "noDelay");
  },
  setSocketKeepAlive(enable, delay) {},
});

export function request(input, options, callback) {
  return new ClientRequest(input, options, callback);
}
export function get(input, options, callback) {
  const made = request(input, options, callback);
  made.end();
  return made;
}
