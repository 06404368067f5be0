// MessageChannel and MessagePort.
import { dispatch, dispatchOrThrow, handlerOf, isListenedOn, setHandler, EventTarget, Event, KEY, MessageEvent, NO_ORIGIN } from "internal:events";
import { flag } from "internal:errors";
import { closed, illegalConstructor, platform, wrongParameter } from "internal:platform";
import { structuredCopy } from "internal:clone";
import { reportUncaught } from "internal:console";

// Messages that wait for a port to be started.
const WAITING_MAX = 10_000;

let entangle;

export class MessagePort extends EventTarget {
  #other = null;
  #open = true;
  #started = false;
  #waiting = [];

  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
    super();
  }

  postMessage(message, options) {
    const other = this.#other;
    const isObject = typeof options === "object" || typeof options === "function";
    if (options !== undefined && !isObject) throw wrongParameter("postMessage", "MessagePort", 2, "Array or PostMessageOptions");
    const transfer = isArray(options) ? options : options?.transfer;
    if (transfer !== undefined && transfer.length > 0) throw new Error("Transfer list is not supported");
    const copy = structuredCopy(message);
    if (!this.#open || !other.#open) return;
    if (other.#started || isListenedOn(other, "message")) other.#deliver(copy);
    else if (other.#waiting.length < WAITING_MAX) other.#waiting.push(copy);
    else throw new Error("The port has too many messages that nobody has read.");
  }
  close() {
    if (!this.#open) return;
    const other = this.#other;
    this.#open = other.#open = false;
    dispatch(other, new Event("close"));
    dispatch(this, new Event("close"));
  }
  start() {
    this.#begin();
  }
  #begin() {
    if (this.#started) return;
    this.#started = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const copy of waiting) this.#deliver(copy);
  }
  get onmessage() {
    return handlerOf(this, "message");
  }
  set onmessage(value) {
    setHandler(this, "message", value);
    if (handlerOf(this, "message") !== null) this.#begin();
  }

  #deliver(data) {
    resolved.then(() => {
      try {
        dispatchOrThrow(this, messageOf("message", data, this));
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  // What a listener throws comes to the port as a message of its own.
  #fail(error) {
    try {
      dispatch(this, messageOf(flag("spec_compliant_dispatch_exceptions") ? "messageerror" : "message", error, this));
    } catch (error) {
      reportUncaught(error);
    }
  }

  static {
    entangle = (one, other) => {
      one.#other = other;
      other.#other = one;
    };
  }
}
const resolved = resolvedWith(undefined);

const messageOf = (type, data, source) => new MessageEvent(type, { data, source, origin: NO_ORIGIN });

export class MessageChannel {
  constructor() {
    this.port2 = new MessagePort(KEY);
    this.port1 = new MessagePort(KEY);
    for (const name of ["port1", "port2"]) Object.defineProperty(this, name, { writable: false });
    entangle(this.port1, this.port2);
  }
}

export const globals = { MessageChannel, MessagePort };
for (const c of Object.values(globals)) platform(c);
closed(MessagePort);
