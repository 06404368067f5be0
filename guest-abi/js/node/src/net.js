// node:net: addresses, and connections by cloudflare:sockets.
import { addAbortSignal, Duplex } from "node:stream";
import { EventEmitter } from "node:events";
import { Buffer } from "node:buffer";
import process from "node:process";
import { connect as open, isUnknownName } from "internal:sockets";
import { kAdopt, kConnect } from "internal:node/net";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_MISSING_ARGS, ERR_OUT_OF_RANGE, validateAbortSignal, validateBoolean, validateFunction, validateInteger, validateNumber, validateObject } from "internal:node/errors";
import { BlockList, BoundSocket, isIP, isIPv4, isIPv6, SocketAddress } from "./net/addresses.js";

export { BlockList, BoundSocket, isIP, isIPv4, isIPv6, SocketAddress };

const { setPrototypeOf, defineProperty, defineProperties } = Object;
// What the host says of a server that does not answer; with more behind it, it says why.
const UNREACHED = "proxy request failed, cannot connect to the specified address";
const HINT = `${UNREACHED}. It looks like`;
const LOST = "Network connection lost.";
const LOCAL = "240.1.0.1", PORTS = 49152;
const TIMEOUT_MAX = 2 ** 31 - 1;
let ports = 0;
// Options of Duplex that a socket has no other way.
const MODES = ["objectMode", "readableObjectMode", "writableObjectMode"];
const NORMAL = Symbol("normalized");

function systemError(code, syscall, more, where = "") {
  const { errno, ...facts } = { errno: ERRNO[code], ...more };
  return Object.assign(new Error(`${syscall} ${code}${where}`), { code, errno, syscall, ...facts });
}
const ERRNO = { ECONNREFUSED: -111, ECONNRESET: -104, ENOTFOUND: -3008 };
const notImplemented = (name) => coded(Error, "ERR_OPTION_NOT_IMPLEMENTED", `The options.${name} option is not implemented`);
const familyOf = (host) => [undefined, "IPv4", "IPv6"][isIP(host) && (isIPv4(host) ? 1 : 2)];

// What was read or written, as an error of the system.
function broken(error, syscall) {
  if (error?.message !== LOST) return error;
  return systemError("ECONNRESET", syscall);
}

// Why there is no connection.
function unconnected(error, host, port) {
  if (isUnknownName(error)) return systemError("ENOTFOUND", "getaddrinfo", { hostname: host }, ` ${host}`);
  const { message } = error ?? {};
  if (message !== UNREACHED && !message?.startsWith(HINT)) return error;
  return systemError("ECONNREFUSED", "connect", { address: host, port }, ` ${host}:${port}`);
}

// A connection, and the socket that has it.
class Handle {
  reader = null;
  writer = null;
  bytesRead = 0;
  bytesWritten = 0;
  isReading = false;

  constructor(socket, options) {
    this.socket = socket;
    this.options = options;
    this.open();
    this.localPort = PORTS + (ports++ % (65536 - PORTS));
  }
  open() {
    this.reader = this.socket.readable.getReader();
    this.writer = this.socket.writable.getWriter();
    for (const { closed } of [this.socket, this.reader, this.writer]) closed.catch(() => {});
  }
  // Reads until its socket has enough.
  async read(owner) {
    if (this.isReading) return;
    this.isReading = true;
    try {
      for (;;) {
        const { reader } = this;
        const { done, value } = await reader.read();
        if (owner._handle !== this || owner.destroyed) return;
        owner._unrefTimer();
        if (done) {
          owner.push(null);
          owner.read(0);
          return;
        }
        this.bytesRead += value.byteLength;
        if (!deliver(owner, value)) return;
      }
    } catch (error) {
      if (owner._handle === this) owner.destroy(broken(error, "read"));
    } finally {
      this.isReading = false;
    }
  }
  close() {
    this.socket.close().catch(() => {});
  }
}

// Gives what was read to whoever wants it; false when that is enough for now.
function deliver(owner, value) {
  const { onread } = owner._handle.options;
  if (onread === undefined) return owner.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  for (let at = 0; at < value.byteLength; ) {
    const into = typeof onread.buffer === "function" ? onread.buffer() : onread.buffer;
    const part = value.subarray(at, at + into.byteLength);
    into.set(part);
    at += part.byteLength;
    if (part.byteLength === 0 || onread.callback(part.byteLength, into) === false) return false;
  }
  return true;
}

export function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  if (typeof options === "number") options = { fd: options };
  else options = { ...options };
  if (options.fd !== undefined) throw notImplemented("fd");
  for (const mode of MODES) if (options[mode]) throw ERR_INVALID_ARG_VALUE(`options.${mode}`, options[mode], "is not supported");
  validateAbortSignal(options.signal, "signal");
  const { onread, signal } = options;
  this.connecting = false;
  this._hadError = false;
  this._handle = null;
  this._host = null;
  this._parent = null;
  this._parentWrap = null;
  this._pendingData = null;
  this._pendingEncoding = "";
  this._closeAfterHandlingError = false;
  this.autoSelectFamilyAttemptedAddresses = [];
  this.server = null;
  this._server = null;
  const { highWaterMark, readableHighWaterMark, writableHighWaterMark, readable, writable } = options;
  const duplex = { allowHalfOpen: Boolean(options.allowHalfOpen), emitClose: false, autoDestroy: true, decodeStrings: false, highWaterMark, readableHighWaterMark, writableHighWaterMark, readable, writable };
  for (const name of Object.keys(duplex)) if (duplex[name] === undefined) delete duplex[name];
  Duplex.call(this, duplex);
  hide(this, kTold, { onread: typeof onread === "object" && onread !== null && typeof onread.callback === "function" ? onread : undefined, timer: undefined, noted: { read: 0, written: 0 } });
  this.on("end", ended);
  if (options.handle) this._handle = options.handle;
  if (signal !== undefined) addAbortSignal(signal, this);
}
const kTold = Symbol("told");
const hide = (object, key, value) => defineProperty(object, key, { value, writable: true, configurable: true });
setPrototypeOf(Socket.prototype, Duplex.prototype);
setPrototypeOf(Socket, Duplex);

// Nobody writes on to whom nobody reads any more.
function ended() {
  if (!this.allowHalfOpen) this.write = writeAfterEnd;
}
function writeAfterEnd(_chunk, encoding, callback) {
  if (typeof encoding === "function") callback = encoding;
  const error = Object.assign(new Error("This socket has been ended by the other party"), { code: "EPIPE" });
  if (typeof callback === "function") process.nextTick(callback, error);
  this.destroy(error);
  return false;
}

Object.assign(Socket.prototype, {
  connect(...args) {
    const [options, callback] = args[0]?.[NORMAL] ? args[0] : _normalizeArgs(args);
    if (this.connecting) throw coded(Error, "ERR_SOCKET_CONNECTING", "Socket is already connecting");
    const { path, port, lookup, localAddress, localPort, autoSelectFamily, autoSelectFamilyAttemptTimeout } = options;
    if (path !== undefined && path !== null) throw ERR_INVALID_ARG_VALUE("path", path, "is not supported");
    if (port === undefined || port === null) throw ERR_MISSING_ARGS(["options", "port", "path"]);
    if (!isPort(port)) throw coded(Error, "ERR_SOCKET_BAD_PORT", `Port should be >= 0 and < 65536. Received ${typeof port}.`);
    if (localAddress !== undefined && !isIP(localAddress)) throw coded(TypeError, "ERR_INVALID_IP_ADDRESS", `Invalid IP address: ${localAddress}`);
    if (localPort !== undefined && localPort !== null) validateNumber(localPort, "options.localPort");
    if (autoSelectFamily !== undefined && autoSelectFamily !== null) validateBoolean(autoSelectFamily, "options.autoSelectFamily");
    if (autoSelectFamilyAttemptTimeout !== undefined) validateInteger(autoSelectFamilyAttemptTimeout, "options.autoSelectFamilyAttemptTimeout", 1, TIMEOUT_MAX);
    if (lookup !== undefined && typeof lookup !== "function") throw ERR_INVALID_ARG_TYPE("options.lookup", "function", lookup);
    if (this.write !== Socket.prototype.write) delete this.write;
    if (this.destroyed) reset(this);
    this.connecting = true;
    if (typeof callback === "function") this.once("connect", callback);
    if (options.timeout) this.setTimeout(options.timeout);
    this._unrefTimer();
    const host = options.host === undefined ? "localhost" : `${options.host}`;
    this._host = host;
    if (isIP(host)) this[kConnect](host, Number(port), isIP(host), options);
    else if (lookup !== undefined) {
      lookup(host, { family: options.family, hints: options.hints ?? 0, all: false }, (error, address, family) => {
        this.emit("lookup", error, address, family, host);
        if (!this.connecting) return;
        if (error) this.destroy(error);
        else this[kConnect](`${Array.isArray(address) ? address[0].address : address}`, Number(port), family, options);
      });
    } else process.nextTick(() => this.connecting && this[kConnect](host, Number(port), 0, options));
    return this;
  },
  _read(_size) {
    if (this.connecting || this._handle === null) this.once("connect", () => this._read(0));
    else this._handle.read?.(this);
  },
  read(size) {
    if (this.connecting && this[kTold].onread) return Duplex.prototype.read.call(this, 0);
    return Duplex.prototype.read.call(this, size);
  },
  pause() {
    return Duplex.prototype.pause.call(this);
  },
  resume() {
    return Duplex.prototype.resume.call(this);
  },
  end(chunk, encoding, callback) {
    Duplex.prototype.end.call(this, chunk, encoding, callback);
    return this;
  },
  _write(chunk, encoding, callback) {
    this._writeGeneric(false, chunk, encoding, callback);
  },
  _writev(chunks, callback) {
    this._writeGeneric(true, chunks, "", callback);
  },
  _writeGeneric(many, data, encoding, callback) {
    if (this.connecting) {
      this._pendingData = data;
      this._pendingEncoding = encoding;
      const connected = () => {
        this.off("close", closed);
        this._writeGeneric(many, data, encoding, callback);
      };
      const closed = () => {
        this.off("connect", connected);
        callback(coded(Error, "ERR_SOCKET_CLOSED_BEFORE_CONNECTION", "Socket closed before the connection was established"));
      };
      this.once("connect", connected);
      this.once("close", closed);
      return;
    }
    this._pendingData = null;
    this._pendingEncoding = "";
    const handle = this._handle;
    if (handle === null) return callback(coded(Error, "ERR_SOCKET_CLOSED", "Socket is closed"));
    this._unrefTimer();
    const bytes = many ? Buffer.concat(data.map((each) => bytesOf(each.chunk, each.encoding))) : bytesOf(data, encoding);
    handle.bytesWritten += bytes.byteLength;
    handle.writer.write(bytes).then(
      () => {
        this._unrefTimer();
        callback();
      },
      (error) => callback(this._handle === handle ? broken(error, "write") : error),
    );
  },
  _final(callback) {
    if (this.connecting) {
      this.once("connect", () => this._final(callback));
      return;
    }
    const handle = this._handle;
    if (handle === null) return callback();
    handle.writer.close().then(
      () => callback(),
      () => callback(),
    );
  },
  _destroy(error, callback) {
    this.connecting = false;
    clearTimeout(this[kTold].timer);
    const handle = this._handle;
    if (handle !== null) {
      this[kTold].noted = { read: handle.bytesRead, written: handle.bytesWritten };
      this._handle = null;
      handle.close();
    }
    callback(error);
    process.nextTick(() => this.emit("close", Boolean(error)));
  },
  _reset() {
    return this.destroy();
  },
  resetAndDestroy() {
    return this.destroy();
  },
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", this.destroy);
  },
  address() {
    return this._getsockname();
  },
  _getsockname() {
    const { localAddress: address, localFamily: family, localPort: port } = this;
    return address === undefined ? {} : { address, family, port };
  },
  _getpeername() {
    const { remoteAddress: address, remoteFamily: family, remotePort: port } = this;
    return address === undefined ? {} : { address, family, port };
  },
  setTimeout(msecs, callback) {
    if (this.destroyed) return this;
    if (typeof msecs !== "number") throw ERR_INVALID_ARG_TYPE("msecs", "number", msecs);
    if (!(msecs >= 0) || !Number.isFinite(msecs)) throw ERR_OUT_OF_RANGE("msecs", "a non-negative finite number", msecs);
    if (callback !== undefined) validateFunction(callback, "callback");
    this.timeout = Math.min(msecs, TIMEOUT_MAX);
    if (callback !== undefined) this[msecs === 0 ? "off" : "once"]("timeout", callback);
    this._unrefTimer();
    return this;
  },
  _unrefTimer() {
    const told = this[kTold];
    clearTimeout(told.timer);
    told.timer = this.timeout > 0 && !this.destroyed ? setTimeout(() => this._onTimeout(), this.timeout) : undefined;
  },
  _onTimeout() {
    this.emit("timeout");
  },
  setNoDelay(_enable) {
    return this;
  },
  setKeepAlive(_enable, _delay) {
    return this;
  },
  ref() {},
  unref() {},
  [kConnect](host, port, family, options, security = "starttls") {
    // A name is attempted when it was found.
    const attempt = () => this.emit("connectionAttempt", host, port, family ?? 0);
    if (isIP(host)) attempt();
    this.autoSelectFamilyAttemptedAddresses = [`${host}:${port}`];
    let handle;
    try {
      const socket = open({ hostname: isIPv6(host) ? `[${host}]` : host, port }, { allowHalfOpen: true, secureTransport: security });
      socket.opened.catch(() => {});
      handle = new Handle(socket, { host, port, family, onread: this[kTold].onread });
    } catch (error) {
      process.nextTick(() => this.destroy(error));
      return;
    }
    this._handle = handle;
    handle.socket.opened.then(
      () => {
        if (!isIP(host) && this._handle === handle) attempt();
        this[kAdopt](handle);
      },
      (error) => {
        if (this._handle !== handle || this.destroyed) return;
        const why = unconnected(error, host, port);
        if (!isIP(host) && why.code !== "ENOTFOUND") attempt();
        if (why.code === "ENOTFOUND") this.emit("lookup", why, undefined, undefined, host);
        else this.emit("connectionAttemptFailed", host, port, isIP(host), why);
        this.destroy(why);
      },
    );
  },
  // A connection is there.
  [kAdopt](handle) {
    if (this._handle !== handle || this.destroyed) return;
    this.connecting = false;
    this._unrefTimer();
    this.emit("connect");
    this.emit("ready");
    if (this.readable && !this.isPaused()) this.read(0);
  },
});

for (const key of [kConnect, kAdopt]) defineProperty(Socket.prototype, key, { enumerable: false });

const getters = {
  _connecting: [false, (socket) => socket.connecting],
  pending: [false, (socket) => socket.connecting || (socket._handle === null && !socket.destroyed)],
  readyState: [false, ({ connecting, readable, writable }) => (connecting ? "opening" : readable ? (writable ? "open" : "readOnly") : writable ? "writeOnly" : "closed")],
  bufferSize: [false, (socket) => (socket._handle === null ? undefined : socket.writableLength)],
  bytesRead: [true, (socket) => (socket._handle ?? { bytesRead: socket[kTold].noted.read }).bytesRead ?? 0],
  _bytesDispatched: [true, (socket) => (socket._handle ?? { bytesWritten: socket[kTold].noted.written }).bytesWritten ?? 0],
  bytesWritten: [true, written],
  remoteAddress: [true, (socket) => socket._handle?.options?.host],
  remotePort: [true, (socket) => socket._handle?.options?.port],
  remoteFamily: [true, (socket) => (socket._handle === null ? undefined : familyOf(socket._handle.options?.host))],
  localAddress: [true, (socket) => (socket._handle === null ? undefined : LOCAL)],
  localPort: [true, (socket) => socket._handle?.localPort],
  localFamily: [true, (socket) => (socket._handle === null ? undefined : "IPv4")],
};
for (const [name, [enumerable, get]] of Object.entries(getters)) {
  // The prototype is no socket, and is looked at.
  defineProperties(Socket.prototype, { [name]: { get() { return this[kTold] === undefined && name !== "pending" ? undefined : get(this); }, enumerable, configurable: true } });
}

// What was written, with what still waits.
function written(socket) {
  const size = (chunk, encoding) => (typeof chunk === "string" ? Buffer.byteLength(chunk, encoding) : chunk.byteLength);
  const pending = socket._pendingData;
  let bytes = socket._bytesDispatched;
  for (const each of socket._writableState?.getBuffer() ?? []) bytes += size(each.chunk, each.encoding);
  if (Array.isArray(pending)) for (const each of pending) bytes += size(each.chunk, each.encoding);
  else if (pending !== null) bytes += size(pending, socket._pendingEncoding);
  return bytes;
}

const bytesOf = (chunk, encoding) => (typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
const isPort = (port) => (typeof port === "number" || (typeof port === "string" && port.trim() !== "")) && +port === +port >>> 0 && +port <= 65535;

// One that was closed can connect again.
function reset(socket) {
  socket._handle = null;
  socket[kTold].noted = { read: 0, written: 0 };
  socket._undestroy();
}

// Nothing comes in but requests; a server can listen and hears nobody.
export class Server extends EventEmitter {
  constructor(options, listener) {
    super();
    if (typeof options === "function") {
      listener = options;
      options = {};
    }
    if (options !== undefined && options !== null) validateObject(options, "options");
    if (listener !== undefined && listener !== null) {
      validateFunction(listener, "connectionListener");
      this.on("connection", listener);
    }
    const { allowHalfOpen = false, pauseOnConnect = false, noDelay = false, keepAlive = false, keepAliveInitialDelay = 0 } = options ?? {};
    Object.assign(this, { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay });
  }
  listen() {
    return this;
  }
  close(callback) {
    if (callback) this.once("close", callback);
    queueMicrotask(() => this.emit("close"));
    return this;
  }
  address() {
    return null;
  }
  getConnections(callback) {
    queueMicrotask(() => callback(null, 0));
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  get listening() {
    return false;
  }
}
export function createServer(options, listener) {
  return new Server(options, listener);
}
const isPath = (value) => typeof value === "string" && !(Number(value) >= 0);
export function _normalizeArgs(args) {
  const callback = typeof args.at(-1) === "function" ? args.at(-1) : null;
  const [first, second] = args;
  let options = {};
  if (args.length > 0 && typeof first === "object" && first !== null) options = first;
  else if (isPath(first)) options = { path: first };
  else if (args.length > 0 && first !== callback) {
    options = { port: first };
    if (typeof second === "string") options.host = second;
  }
  return defineProperty([options, callback], NORMAL, { value: true });
}
export function connect(...args) {
  const normal = _normalizeArgs(args);
  const [options] = normal;
  const socket = new Socket(options);
  if (options.timeout) socket.setTimeout(options.timeout);
  return socket.connect(normal);
}
let select = false, attempt = 10;
export function getDefaultAutoSelectFamily() {
  return select;
}
export function setDefaultAutoSelectFamily(value) {
  if (typeof value !== "boolean") throw ERR_INVALID_ARG_TYPE("value", "boolean", value);
  select = value;
}
export function getDefaultAutoSelectFamilyAttemptTimeout() {
  return attempt;
}
export function setDefaultAutoSelectFamilyAttemptTimeout(value) {
  validateInteger(value, "val", 1, TIMEOUT_MAX);
  attempt = Math.max(10, value);
}
export { connect as createConnection, Socket as Stream };
export default { BlockList, BoundSocket, SocketAddress, Stream: Socket, Server, Socket, connect, createConnection: connect, createServer, getDefaultAutoSelectFamily, setDefaultAutoSelectFamily, getDefaultAutoSelectFamilyAttemptTimeout, setDefaultAutoSelectFamilyAttemptTimeout, isIP, isIPv4, isIPv6, _normalizeArgs };
