// Connections to servers by TCP, for `cloudflare:sockets` and node:net (spec: SEMANTICS §28). The host has
// the connection (src/tcp.rs); here are its two streams, and how one is exchanged for another by
// startTls().
import native from "internal:native";
import { insideHandler } from "internal:errors";
import { closed as closeClass, illegalConstructor, platform, text, wrongParameter } from "internal:platform";
import { Lazy, RESOLVED, quiet, rejected } from "internal:streams/promises";
import { ByteQueue } from "internal:streams/byte_queue";
import { ByteSink } from "internal:streams/byte_sink";
import { streamOf } from "internal:streams/readable";
import { ENDED, writableOf } from "internal:streams/writable";
import { urlParts } from "internal:url";

const { socketDrop, tcpConnect, tcpEnd, tcpPull, tcpSeal, tcpSend } = native;
// Bytes that are asked for when a reader waits.
const PULL = 65536;
// Codes of what the host tells.
const UNKNOWN = 2, UNAVAILABLE = 6, CANCELLED = 7, THROWN = 10;
const READABLE = 0, WRITABLE = 0;
const SECURITY = ["off", "on", "starttls"];
const OFF = 0, ON = 1;
const CLOSED = "This socket has been closed.";
const LOST = "Network connection lost.";
// Who holds a stream that is of no use any more.
const NOBODY = { settled() {}, ready() {}, unready() {}, failedReady() {} };

function lost() {
  const error = new Error(LOST);
  error.retryable = true;
  return error;
}

// Errors that say that there is no such name, for who has other words for it.
const unknownNames = new WeakSet();
export const isUnknownName = (error) => typeof error === "object" && error !== null && unknownNames.has(error);

// What a failure of the host's is for a tenant.
function failure(message, code) {
  if (code === CANCELLED) return lost();
  const error = new Error(code === THROWN && message.startsWith("Error: ") ? message.slice(7) : message);
  if (code === UNAVAILABLE) error.retryable = true;
  if (code === UNKNOWN) unknownNames.add(error);
  return error;
}

// The host's end of a connection, whichever socket has it.
class Wire {
  #op;
  #asked = 0;
  // Writes that wait for the host to take what was sent.
  #waits = [];
  // The socket that hears of it.
  side = null;
  // The host hears of what is asked for.
  #isOpen = false;
  sealing = false;
  over = null;

  constructor(host, port, security) {
    this.#op = tcpConnect(host, port, security, this);
  }

  // Gives nothing, or the promise of when the host has taken it.
  send(bytes) {
    if (this.over !== null) throw this.over;
    if (!tcpSend(this.#op, bytes)) return undefined;
    return new Promise((resolve, reject) => this.#waits.push({ resolve, reject }));
  }
  endOut() {
    if (this.over === null) tcpEnd(this.#op);
  }
  seal(name) {
    if (this.over !== null) throw this.over;
    this.sealing = true;
    tcpSeal(this.#op, name);
  }
  pull() {
    const more = PULL - this.#asked;
    if (!this.#isOpen || more <= 0 || this.over !== null) return;
    this.#asked = PULL;
    tcpPull(this.#op, more);
  }
  drop() {
    if (this.over === null) socketDrop(this.#op);
    this.#finish(new TypeError(CLOSED));
  }
  #finish(error) {
    this.over ??= error;
    const waits = this.#waits;
    this.#waits = [];
    for (const { reject } of waits) reject(error);
  }

  // What the host tells (src/socket.rs).
  open() {
    this.#isOpen = true;
    this.side.open();
    if (this.side.in.waits) this.pull();
  }
  message(buffer) {
    // With the byte that says what kind of a part it is.
    this.#asked = Math.max(0, this.#asked - buffer.byteLength - 1);
    // What came unsealed is not for who reads what is sealed.
    if (!this.sealing) this.side.came(new Uint8Array(buffer));
  }
  closed() {
    this.side.ended();
  }
  drained() {
    const waits = this.#waits;
    this.#waits = [];
    for (const { resolve } of waits) resolve(undefined);
  }
  sealed() {
    this.sealing = false;
    this.#asked = 0;
    this.open();
  }
  end() {
    this.#finish(new TypeError(CLOSED));
  }
  error(message, code) {
    const error = failure(message, code);
    this.#finish(error);
    this.side.broke(error);
  }
}

// What was read.
class In extends ByteQueue {
  // Its socket is about to be closed.
  isHeld = false;

  constructor(side) {
    super({ pull: () => side.wire.pull(), cancel: () => RESOLVED }, true);
    this.side = side;
  }
  read() {
    return this.isHeld ? held("ReadableStream") : super.read();
  }
  readInto(view, min) {
    return this.isHeld ? held("ReadableStream") : super.readInto(view, min);
  }
  end() {
    const ends = this.state === READABLE && this.closing;
    super.end();
    if (ends) this.side.readToTheEnd();
  }
}

const held = (stream) => rejected(new TypeError(`This ${stream} belongs to an object that is closing.`));

// What is written.
class Out extends ByteSink {
  isHeld = false;
  // When all that was written is with the host.
  tail;
  #waiting = 0;
  #hwm;

  constructor(side, hwm) {
    super();
    this.side = side;
    this.tail = side.opened.get();
    this.#hwm = hwm;
  }

  get desired() {
    if (this.state !== WRITABLE) return this.failed ? null : 0;
    if (this.ended) return 0;
    return this.#hwm === null ? 1 : this.#hwm - this.#waiting;
  }
  get busy() {
    return this.#waiting > 0;
  }

  write(chunk) {
    if (this.isHeld) return held("WritableStream");
    // Whoever writes on learns why nobody takes it.
    if (this.failed && this.error === this.side.failure) return rejected(this.error);
    return super.write(chunk);
  }
  take(bytes) {
    // It would be sealed, and was not meant to be.
    if (this.side.isMoved) return rejected(new TypeError(CLOSED));
    const size = bytes.byteLength;
    this.#wait(size);
    // What is empty is sent to nobody, and so does not fail where nobody is.
    const sent = this.tail.then(() => (size === 0 ? undefined : this.side.wire.send(bytes)));
    this.tail = quiet(
      sent.finally(() => {
        this.#wait(-size);
      }),
    );
    return sent;
  }
  #wait(size) {
    this.#waiting += size;
    if (this.#hwm === null || this.state !== WRITABLE) return;
    const backpressure = this.#hwm <= this.#waiting;
    if (backpressure === this.backpressure) return;
    this.backpressure = backpressure;
    if (backpressure) this.writer?.unready();
    else this.writer?.ready();
  }

  end() {
    this.tail = this.tail.then(() => {
      if (this.state !== WRITABLE) throw new TypeError(ENDED);
      this.side.wire.endOut();
      this.done();
      this.side.writtenToTheEnd();
    });
    return quiet(this.tail);
  }
  abort(reason) {
    if (this.state === WRITABLE) this.side.wire.endOut();
    return super.abort(reason);
  }
}

// What a socket is made of.
class Side {
  opened = new Lazy();
  closed = new Lazy();
  isOpen = false;
  isClosing = false;
  isMoved = false;
  upgraded = false;
  // Why the connection broke.
  failure = null;
  #endedIn = false;
  #endedOut = false;

  constructor(wire, address, security, halfOpen, hwm) {
    this.wire = wire;
    this.address = address;
    this.security = security;
    this.halfOpen = halfOpen;
    this.hwm = hwm;
    wire.side = this;
    this.in = new In(this);
    this.out = new Out(this, hwm);
    this.readable = streamOf(this.in);
    this.writable = writableOf(this.out);
  }

  open() {
    this.isOpen = true;
    this.opened.resolve({ remoteAddress: this.address, localAddress: undefined });
  }
  came(bytes) {
    if (this.in.state !== READABLE) return;
    this.in.push(bytes);
    if (this.in.waits) this.wire.pull();
  }
  ended() {
    if (this.in.state === READABLE) this.in.finish();
  }
  broke(error) {
    this.failure = error;
    if (!this.isOpen) {
      this.opened.reject(error);
      this.closed.reject(error);
      if (this.wire.sealing) this.in.fail(error);
      else {
        this.in.refuse(error);
        this.in.finish();
        this.in.end();
      }
    } else {
      this.in.fail(error);
      this.closed.resolve(undefined);
    }
    this.out.fail(error);
  }

  readToTheEnd() {
    if (!this.isOpen) return;
    this.#endedIn = true;
    if (!this.halfOpen && this.out.state === WRITABLE && !this.out.ended) quiet(this.out.close());
    this.#over();
  }
  writtenToTheEnd() {
    this.#endedOut = true;
    this.#over();
  }
  #over() {
    if (this.#endedIn && this.#endedOut) this.closed.resolve(undefined);
  }

  close() {
    if (this.isClosing || this.isMoved) return RESOLVED;
    this.isClosing = true;
    if (!this.isOpen) {
      this.in.isHeld = this.out.isHeld = true;
    }
    const shut = () => {
      const error = new TypeError(CLOSED);
      quiet(this.in.cancel(error));
      if (this.out.state === WRITABLE) this.out.fail(error);
      this.wire.drop();
      this.closed.resolve(undefined);
    };
    // What was written before is sent, if it can be.
    return this.opened.get().then(() => this.out.tail.then(shut, shut));
  }

  // Its streams are of no use any more.
  #leave() {
    const error = new TypeError(CLOSED);
    this.in.reader ??= NOBODY;
    this.in.refuse(error);
    this.in.finish();
    this.in.isHeld = true;
    this.out.writer ??= NOBODY;
    this.out.fail(error);
  }

  // Gives another socket the connection, sealed.
  startTls(name) {
    if (this.security === OFF) throw new TypeError("The `secureTransport` socket option must be set to 'starttls' for startTls to be used.");
    if (this.security === ON) throw new TypeError("Cannot startTls on a TLS socket.");
    if (this.isMoved && !this.upgraded) throw new TypeError("startTls has already been called on this socket, or the socket was transferred over RPC.");
    if (this.isClosing || this.upgraded || this.wire.over !== null) throw new TypeError("The connection was closed before startTls could be started.");
    this.isMoved = true;
    const { wire } = this;
    const { tail } = this.out;
    const next = new Side(wire, this.address, ON, this.halfOpen, this.hwm);
    // It hears of the connection itself as long as it is not there.
    wire.side = this.isOpen ? next : this;
    const begin = () => {
      this.#leave();
      wire.side = next;
      wire.seal(name);
    };
    tail.then(begin).catch((error) => {
      if (!next.isOpen) next.broke(error);
    });
    next.opened.get().then(
      () => {
        this.upgraded = true;
        this.closed.resolve(undefined);
      },
      () => this.closed.resolve(undefined),
    );
    return next;
  }
}

const MAKE = {};

class Socket {
  #side;

  constructor(make = undefined, side = undefined) {
    if (make !== MAKE) throw illegalConstructor();
    this.#side = side;
  }
  get readable() {
    return this.#side.readable;
  }
  get writable() {
    return this.#side.writable;
  }
  get closed() {
    return this.#side.closed.get();
  }
  get opened() {
    return this.#side.opened.get();
  }
  get upgraded() {
    return this.#side.upgraded;
  }
  get secureTransport() {
    return SECURITY[this.#side.security];
  }
  close() {
    try {
      return this.#side.close();
    } catch (error) {
      return rejectedWith(error);
    }
  }
  startTls(options = undefined) {
    const side = this.#side;
    if (options !== undefined && !isObject(options)) throw wrongParameter("startTls", "Socket", 1, "TlsOptions");
    const name = options?.expectedServerHostname;
    return new Socket(MAKE, side.startTls(name === undefined ? "" : text(name)));
  }
}
platform(Socket);
closeClass(Socket);

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// ---- connect() ----

const ADDRESS_MAX = 255;
const ADDRESS = /^[0-9A-Za-z\-._[\]:]+$/;
const unparsed = () => new TypeError("Specified address could not be parsed.");
const uninitialized = (name) => new TypeError(`Cannot initialize N7workerd3api${name}E with required members from an undefined or null value.`);

function portOf(value) {
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a number");
  const port = Math.trunc(Number(value));
  if (!Number.isFinite(port)) throw new TypeError("The value cannot be converted because it is not an integer.");
  if (port < 0) throw new TypeError("The value cannot be converted because it is negative and this API expects a positive number.");
  if (port > 65535) throw new TypeError("Value out of range. Must be less than or equal to 65535.");
  return port;
}

function markOf(value) {
  if (value === undefined) return null;
  const mark = typeof value === "bigint" ? Number(value) : Math.trunc(Number(value));
  if (!Number.isFinite(mark)) throw new TypeError("The value cannot be converted because it is not an integer.");
  if (mark < 0) throw new TypeError("The value cannot be converted because it is negative and this API expects a positive bigint.");
  return mark;
}

// What is asked for: how it is written, host and port.
function addressOf(address) {
  if (address === undefined || address === null) throw uninitialized("13SocketAddress");
  let written, host, port;
  if (isObject(address)) {
    host = text(address.hostname);
    port = portOf(address.port);
    written = `${host}:${port}`;
  } else {
    written = text(address);
    const url = urlParts(`fake://${written}`);
    if (url === null) throw unparsed();
    if (url.hostname === "") throw new TypeError("Specified address is missing hostname.");
    if (url.port === "") throw new TypeError("Specified address is missing port.");
    host = url.hostname;
    port = Number(url.port);
  }
  if (written.length > ADDRESS_MAX || !ADDRESS.test(written)) {
    throw new TypeError("Specified address is empty string, contains unsupported characters or is too long.");
  }
  return [written, host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host, port];
}

export function connect(address, options) {
  const [written, host, port] = addressOf(address);
  let security = OFF;
  let halfOpen = false;
  let hwm = null;
  if (options === null) throw uninitialized("13SocketOptions");
  if (options !== undefined) {
    if (!isObject(options)) throw wrongParameter("connect", "SocketsModule", 2, "SocketOptions");
    const { allowHalfOpen, highWaterMark, secureTransport } = options;
    hwm = markOf(highWaterMark);
    halfOpen = Boolean(allowHalfOpen);
    if (secureTransport !== undefined) {
      const asked = text(secureTransport);
      security = SECURITY.indexOf(asked);
      if (security === -1) throw new TypeError(`Unsupported value in secureTransport socket option: ${asked}`);
    }
  }
  insideHandler();
  return new Socket(MAKE, new Side(new Wire(host, port, security), written, security, halfOpen, hwm));
}
