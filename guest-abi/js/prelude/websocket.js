// WebSocket and WebSocketPair (spec: SEMANTICS §27). What a socket sends goes to a port: the
// other half of its pair, or a line, which is a WebSocket of the host's (src/socket.rs). A half
// that was returned in a response passes on to its line what it would have received.
import native from "internal:native";
import { DOMException, flag, insideHandler, scope } from "internal:errors";
import { dispatch, dispatchOrThrow, isListenedOn, CloseEvent, ErrorEvent, Event, EventTarget, KEY, MessageEvent, NO_ORIGIN } from "internal:events";
import { platform, text, wrongConstructorParameter, wrongParameter } from "internal:platform";
import { logUncaught } from "internal:console";
import { structuredCopy } from "internal:clone";
import { globals as blobs } from "internal:blob";
import { useWebSockets } from "internal:response";
import { urlParts } from "internal:url";
import { attachmentSize, ATTACHMENT_MAX } from "internal:attachment";

const { bodyForm, headersGet, headersNew, headersSet, opCancel, socketConnect, socketServe, socketSend, socketClose, socketStart, socketDrop, socketWaiting, task } = native;
const { defineProperty } = Object;
const { isWellFormed, replace, toWellFormed } = String.prototype;
const BUFFER = 2;
const REASON_MAX = 123;
const DISCONNECTED = "WebSocket disconnected without sending Close frame.";
const CANCELLED = 7;

const connectionLost = () => Object.assign(new Error("Network connection lost."), { retryable: true });

// What comes in the order of messages, and is none.
class Closing {
  constructor(code, reason) {
    this.code = code;
    this.reason = reason;
  }
}
// The other side is gone; `unread` says whether something was on its way to it.
class Lost {
  constructor(unread) {
    this.unread = unread;
  }
}
class Broken {
  constructor(error) {
    this.error = error;
  }
}

// A string as UTF-8 makes it: each byte of half a pair is replaced.
function wellFormed(string) {
  return isWellFormed.call(string) ? string : replace.call(string, /\p{Surrogate}/gu, "\ufffd\ufffd\ufffd");
}

function integer(value) {
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a number");
  if (typeof value === "bigint") throw new TypeError("Cannot convert a BigInt value to a number");
  const number = Math.trunc(+value);
  if (number > 2147483647 || number < -2147483648) {
    throw new TypeError("Value out of range. Must be between -2147483648 and 2147483647 (inclusive).");
  }
  return number | 0;
}

const isSendable = (code) => code >= 1000 && code < 5000 && code !== 1004 && code !== 1005 && code !== 1006 && code !== 1015;

// Gives what a socket receives to a port.
function pass(port, item) {
  if (item instanceof Closing) port.close(item.code, item.reason);
  else if (item instanceof Lost || item instanceof Broken) port.drop();
  else port.send(item);
}

let feed, halves, couple, clientOf, open, refuse, startPeer, isUsed, unreadBy;

// The port from one half of a pair to the other.
class Half {
  constructor(socket) {
    this.socket = socket;
  }
  send(data) {
    feed(this.socket, data);
  }
  close(code, reason) {
    feed(this.socket, new Closing(code, reason));
  }
  drop(unread = false) {
    feed(this.socket, new Lost(unread));
  }
  start() {
    startPeer(this.socket);
  }
  get waiting() {
    return unreadBy(this.socket);
  }
}

export class WebSocket extends EventTarget {
  #port = null;
  // The other half, while both are in this isolate.
  #peer = null;
  #through = null;
  #inbox = [];
  #at = 0;
  #draining = false;
  #accepted = false;
  #replies = false;
  #closedIn = false;
  #closedOut = false;
  // Its close answered one that it had received.
  #closedLast = false;
  #failed = false;
  #gone = false;
  #binaryType = undefined;
  #attachment = undefined;
  // What new WebSocket() asked for is under way: the operation.
  #connecting = null;
  #url = null;
  #protocol = "";
  #extensions = "";

  constructor(url, protocols) {
    if (url !== KEY) {
      if (arguments.length === 0) throw wrongConstructorParameter("WebSocket", 1, "string");
      const address = text(url);
      const [href, tokens] = checkAddress(address, protocols);
      if (scope.global) insideHandler();
      super();
      this.#url = address;
      this.#connect(href, tokens);
      return;
    }
    super();
  }

  #connect(href, tokens) {
    const line = new Line(null, null);
    const port = new Half(this);
    line.to = port;
    this.#port = line;
    const fields = headersNew();
    if (tokens.length > 0) headersSet(fields, "sec-websocket-protocol", tokens.join(", "));
    // Answers of other kinds are not read.
    const ignored = { chunk() {}, end() {}, error() {} };
    const make = (status, statusText, list) => [status, headersGet(list, "sec-websocket-protocol"), headersGet(list, "sec-websocket-extensions")];
    const parts = [null, "GET", href.replace(/^ws/, "http"), fields, null, false, null, null];
    const [op, promise] = socketConnect(parts, line, ignored, make);
    line.op = this.#connecting = op;
    promise.then(
      ([status, protocol, extensions]) => {
        if (status === 101) return this.#connecting === op && open(this, protocol, extensions);
        opCancel(op);
        refuse(
          this,
          new TypeError(
            `Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 (switching protocols), but received ${status} instead.`,
          ),
        );
      },
      (error) => refuse(this, error),
    );
  }

  accept(options) {
    const port = this.#port;
    if (options !== undefined && options !== null && typeof options !== "object" && typeof options !== "function") {
      throw wrongParameter("accept", "WebSocket", 1, "AcceptOptions");
    }
    const halfOpen = options?.allowHalfOpen;
    if (this.#connecting !== null) {
      throw new TypeError("Websockets obtained from the 'new WebSocket()' constructor cannot call accept");
    }
    if (this.#through !== null) throw new TypeError("Can't accept() WebSocket that was already used in a response.");
    if (this.#accepted) return;
    this.#accepted = true;
    this.#replies = halfOpen === undefined ? flag("web_socket_auto_reply_to_close") : !halfOpen;
    port.start();
    if (this.#inbox.length > 0) this.#wake();
  }

  send(message) {
    if (arguments.length === 0) {
      if (!(#port in this)) this.#port;
      throw wrongParameter("send", "WebSocket", 1, "ArrayBuffer or ArrayBufferView or string");
    }
    const port = this.#port;
    const isBinary = typeof message === "object" && message !== null && (isView(message) || message instanceof ArrayBuffer);
    const data = isBinary ? bodyForm(message, BUFFER) : wellFormed(text(message));
    if (this.#through !== null) return;
    this.#mayTalk();
    if (this.#closedOut) throw new TypeError("Can't call WebSocket send() after close().");
    if (!this.#failed && !this.#gone) port.send(data);
  }

  close(code, reason) {
    const port = this.#port;
    if (code !== undefined) code = integer(code);
    if (reason !== undefined) reason = toWellFormed.call(text(reason));
    if (code !== undefined) {
      if (!isSendable(code)) throw new DOMException(`Invalid WebSocket close code: ${code}.`, "InvalidAccessError");
    } else if (reason !== undefined) {
      throw new DOMException("If you specify a WebSocket close reason, you must also specify a code.", "InvalidAccessError");
    }
    if (reason !== undefined && reason.length > REASON_MAX / 3 && flag("websocket_close_reason_byte_limit")) {
      if (bodyForm(reason, BUFFER).byteLength > REASON_MAX) {
        throw new DOMException(
          `WebSocket close reason must not be longer than ${REASON_MAX} bytes when UTF-8 encoded.`,
          "SyntaxError",
        );
      }
    }
    if (this.#through !== null) return;
    if (this.#connecting !== null) {
      opCancel(this.#connecting);
      task(() => refuse(this, connectionLost()));
      return;
    }
    this.#mayTalk();
    if (!this.#closedOut && !this.#gone) this.#close(port, code, reason);
  }

  serializeAttachment(attachment) {
    this.#port;
    if (arguments.length === 0) throw wrongParameter("serializeAttachment", "WebSocket", 1, "Value");
    const copy = structuredCopy(attachment);
    const size = attachmentSize(copy);
    if (size > ATTACHMENT_MAX) {
      throw new Error(`A WebSocket 'attachment' cannot be larger than ${ATTACHMENT_MAX} bytes.'attachment' was ${size} bytes.`);
    }
    this.#attachment = [copy];
  }
  deserializeAttachment() {
    const kept = this.#attachment;
    return kept === undefined ? null : structuredCopy(kept[0]);
  }

  get readyState() {
    if (this.#failed) return 3;
    if (this.#connecting !== null) return 0;
    if (this.#gone) return this.#closedOut ? 3 : 2;
    if (this.#closedIn && this.#closedOut) return 3;
    return this.#closedIn || this.#closedOut ? 2 : 1;
  }
  get bufferedAmount() {
    return this.#port.waiting;
  }
  get url() {
    return this.#url;
  }
  get protocol() {
    return this.#protocol;
  }
  get extensions() {
    return this.#extensions;
  }
  get binaryType() {
    return this.#binaryType ?? (flag("websocket_standard_binary_type") ? "blob" : "arraybuffer");
  }
  set binaryType(value) {
    this.#port;
    const type = text(value);
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  #mayTalk() {
    if (!this.#accepted) {
      throw new TypeError("You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.");
    }
  }

  #close(port, code, reason) {
    this.#closedOut = true;
    this.#closedLast = this.#closedIn;
    if (!this.#failed) port.close(code, reason);
  }

  // What came is handled one by one, each after the microtasks of the one before.
  #wake() {
    if (this.#draining) return;
    this.#draining = true;
    task(() => this.#drain());
  }
  #drain() {
    this.#draining = false;
    const inbox = this.#inbox;
    if (this.#at >= inbox.length) return;
    const item = inbox[this.#at];
    inbox[this.#at++] = undefined;
    if (this.#at === inbox.length) {
      this.#inbox = [];
      this.#at = 0;
    } else {
      this.#wake();
    }
    if (!this.#failed && !this.#gone && !this.#closedIn) this.#take(item);
  }

  #take(item) {
    if (item instanceof Closing) return this.#closed(item.code, item.reason);
    if (item instanceof Lost) return this.#lost(item.unread);
    if (item instanceof Broken) return this.#break(item.error);
    const data = typeof item === "string" || this.binaryType === "arraybuffer" ? item : new blobs.Blob([item]);
    const event = new MessageEvent("message", { data, origin: NO_ORIGIN });
    this.#deliver(event);
  }

  #closed(code, reason = "") {
    this.#closedIn = true;
    if (this.#replies && !this.#closedOut) this.#close(this.#port, code, reason);
    this.#deliver(new CloseEvent("close", { code: code ?? 1005, reason, wasClean: true }), dispatch);
    if (this.#failed) return;
    const peer = this.#peer;
    if (peer !== null && this.#closedOut && peer.#closedIn && peer.#closedOut) {
      // Whose end goes last finds that the other is gone already.
      const late = peer.#closedLast ? peer : this;
      if (isListenedOn(late, "error")) task(() => late.#report(connectionLost()));
    }
  }

  #lost(unread) {
    if (unread) {
      this.#failed = true;
      this.#report(connectionLost());
    }
    this.#deliver(new CloseEvent("close", { code: 1006, reason: DISCONNECTED, wasClean: false }));
    this.#gone = true;
  }

  // Ends at once, and tells the tenant why, which may be `told` to the global scope already.
  #break(error, told = false) {
    const unread = this.#at < this.#inbox.length;
    this.#failed = true;
    this.#inbox = [];
    this.#at = 0;
    this.#port.drop(unread);
    this.#report(error, told);
  }

  #report(error, told = false) {
    if (!(error instanceof Error)) error = new Error(`${error}`);
    if (!told && !isListenedOn(this, "error") && typeof this.onerror !== "function") logUncaught(error);
    try {
      dispatch(this, new ErrorEvent("error", { message: `Uncaught ${error.name}: ${error.message}`, error }));
    } catch (error) {
      logUncaught(error);
    }
  }

  #deliver(event, send = dispatchOrThrow) {
    try {
      send(this, event);
    } catch (error) {
      this.#break(error, flag("spec_compliant_dispatch_exceptions"));
    }
  }

  static {
    halves = () => {
      const [one, other] = [new WebSocket(KEY), new WebSocket(KEY)];
      one.#port = new Half(other);
      other.#port = new Half(one);
      one.#peer = other;
      other.#peer = one;
      return [one, other];
    };
    feed = (socket, item) => {
      if (socket.#through !== null) return pass(socket.#through, item);
      socket.#inbox.push(item);
      if (socket.#accepted) socket.#wake();
    };
    // A socket of a server that has agreed to it, before it is accepted.
    clientOf = (line) => {
      const socket = new WebSocket(KEY);
      socket.#port = line;
      line.to = new Half(socket);
      return socket;
    };
    open = (socket, protocol, extensions) => {
      socket.#connecting = null;
      socket.#accepted = true;
      socket.#replies = flag("web_socket_auto_reply_to_close");
      socket.#protocol = protocol;
      socket.#extensions = extensions;
      socket.#port.start();
      socket.#deliver(new Event("open"));
    };
    refuse = (socket, error) => {
      if (socket.#connecting === null) return;
      socket.#connecting = null;
      socket.#failed = true;
      socket.#report(error);
      socket.#deliver(new CloseEvent("close", { code: 1006, reason: "Failed to establish websocket connection", wasClean: false }));
    };
    startPeer = (socket) => socket.#through?.start();
    unreadBy = (socket) => {
      if (socket.#through !== null) return socket.#through.waiting;
      let bytes = 0;
      for (let at = socket.#at; at < socket.#inbox.length; at++) {
        const item = socket.#inbox[at];
        bytes += typeof item === "string" ? bodyForm(item, BUFFER).byteLength : (item.byteLength ?? 0);
      }
      return bytes;
    };
    useWebSockets((value) => typeof value === "object" && value !== null && #port in value);
    // Why a socket cannot be an answer; undefined if it can.
    isUsed = (socket) => {
      if (socket.#url !== null) {
        return new TypeError("Can't return WebSocket in a Response if it was created with `new WebSocket()`");
      }
      if (socket.#accepted) return new TypeError("Can't return WebSocket in a Response after calling accept().");
      if (socket.#through !== null) return new TypeError("Can't return WebSocket that was already used in a response.");
    };
    // From now on what the socket would receive goes to the line, and what comes from the line
    // goes where the socket would send it.
    couple = (socket, line) => {
      socket.#through = line;
      line.to = socket.#port;
      const peer = socket.#peer;
      if (peer !== null) {
        peer.#peer = socket.#peer = null;
        if (peer.#accepted) line.start();
      } else if (socket.#port instanceof Line) {
        // Between two connections nobody says when to start.
        socket.#port.start();
        line.start();
      }
      const inbox = socket.#inbox.slice(socket.#at);
      socket.#inbox = [];
      for (const item of inbox) pass(line, item);
    };
  }
}

// A WebSocket of the host's that answers a request.
class Line {
  op = 0;
  // Where what comes goes.
  to = null;
  #opened;
  #over;
  constructor(opened, over) {
    this.#opened = opened;
    this.#over = over;
  }

  // The port.
  send(data) {
    socketSend(this.op, data, data);
  }
  close(code, reason) {
    socketClose(this.op, code ?? null, reason ?? null);
  }
  drop() {
    socketDrop(this.op);
    this.finish();
  }
  start() {
    socketStart(this.op);
  }
  get waiting() {
    return socketWaiting(this.op);
  }

  // What the host tells (src/socket.rs).
  open() {
    const opened = this.#opened;
    this.#opened = null;
    opened?.(null);
  }
  message(data) {
    this.to.send(data);
  }
  closed(code, reason) {
    this.to.close(code, reason);
  }
  end() {
    this.finish();
  }
  error(message, code) {
    const opened = this.#opened;
    this.#opened = null;
    const [, name, said] = /^(\w+): (.*)$/s.exec(message) ?? [null, "Error", message];
    const error = name === "TypeError" ? new TypeError(said) : new Error(said);
    if (opened !== null) opened(error);
    if (code === CANCELLED) this.to.drop();
    else breakOff(this.to, error);
    this.finish();
  }
  finish() {
    const over = this.#over;
    this.#over = null;
    over?.();
  }
}

// The line of a server's socket: what `socketConnect` is told of it, and what becomes of it.
export function clientLine() {
  return new Line(null, null);
}
export function clientSocket(line, op) {
  line.op = op;
  return clientOf(line);
}

// Tells who is behind a port of an error, if that is a half of a pair.
function breakOff(port, error) {
  if (port instanceof Half) feed(port.socket, new Broken(error));
  else port.drop();
}

// Answers a request with a socket. `opened(error)` is called once it is known whether the client
// has it, `over()` when it is over. Gives what ends it at once.
export function serveSocket(request, socket, list, opened, over) {
  const error = isUsed(socket);
  if (error !== undefined) throw error;
  const line = new Line(opened, over);
  line.op = socketServe(request, list, line);
  couple(socket, line);
  return () => line.drop();
}

// ---- WebSocketPair ----

export class WebSocketPair {
  #brand;
  constructor() {
    if (scope.global) insideHandler();
    const [one, other] = halves();
    defineProperty(this, 0, { value: one, enumerable: true, configurable: true });
    defineProperty(this, 1, { value: other, enumerable: true, configurable: true });
  }
  [Symbol.iterator]() {
    this.#brand;
    return [this[0], this[1]][Symbol.iterator]();
  }
}

export class WebSocketRequestResponsePair {
  #request;
  #response;
  constructor(request, response) {
    const { length } = arguments;
    if (length === 0) throw wrongConstructorParameter("WebSocketRequestResponsePair", 1, "string");
    this.#request = text(request);
    if (length === 1) throw wrongConstructorParameter("WebSocketRequestResponsePair", 2, "string");
    this.#response = text(response);
  }
  get request() {
    return this.#request;
  }
  get response() {
    return this.#response;
  }
}

["CONNECTING", "OPEN", "CLOSING", "CLOSED"].forEach((name, value) => {
  for (const holder of [WebSocket, WebSocket.prototype]) {
    for (const key of [`READY_STATE_${name}`, name]) {
      defineProperty(holder, key, { value, enumerable: true, configurable: true });
    }
  }
});
// After them come the accessors.
for (const key of ["readyState", "bufferedAmount", "url", "protocol", "extensions", "binaryType"]) {
  const accessor = Object.getOwnPropertyDescriptor(WebSocket.prototype, key);
  delete WebSocket.prototype[key];
  defineProperty(WebSocket.prototype, key, accessor);
}

// ---- Addresses ----

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const wrongAddress = (what) => new DOMException(`WebSocket Constructor: ${what}`, "SyntaxError");

function checkAddress(address, protocols) {
  const url = urlParts(address);
  // As in workerd: one that names no host is none.
  if (url === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) throw wrongAddress("The url is invalid.");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw wrongAddress("The url scheme must be ws or wss.");
  if (address.includes("#")) throw wrongAddress("The url fragment must be empty.");
  if (protocols === undefined || protocols === null) return [url.href, []];
  if (!isArray(protocols)) {
    const token = text(protocols);
    if (!TOKEN.test(token)) throw wrongAddress("The protocol header token is invalid.");
    return [url.href, [token]];
  }
  const tokens = protocols.map(text);
  if (!tokens.every((token) => TOKEN.test(token))) throw wrongAddress("One of the protocol header tokens is invalid.");
  if (new Set(tokens).size !== tokens.length) throw wrongAddress("The protocols header cannot have repeating values.");
  return [url.href, tokens];
}

export const globals = { WebSocket, WebSocketPair, WebSocketRequestResponsePair };
for (const c of Object.values(globals)) platform(c);
defineProperty(WebSocketPair.prototype, Symbol.iterator, { enumerable: false });
defineProperty(WebSocketPair.prototype[Symbol.iterator], "name", { value: "", configurable: true });
