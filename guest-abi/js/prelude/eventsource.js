// EventSource: events that a server sends over an answer that does not end.
import { DOMException, scope } from "internal:errors";
import { dispatch, dispatchOrThrow, handlerOf, setHandler, ErrorEvent, Event, EventTarget, KEY, MessageEvent, NO_ORIGIN } from "internal:events";
import { platform, text, wrongConstructorParameter, wrongField, wrongParameter } from "internal:platform";
import { reportUncaught } from "internal:console";
import { Fetcher } from "internal:rpc/services";
import { globals as subrequests } from "internal:subrequest";
import { contentType } from "internal:body";
import { isLocked, isStream, readerOf } from "internal:streams";
import { urlParts } from "internal:url";
import { globals as encodings } from "internal:encoding";
import { globals as timers } from "internal:timers";

const CONNECTING = 0, OPEN = 1, CLOSED = 2;
const RETRY_MS = 2000, RETRY_MIN_MS = 1000, RETRY_MAX_MS = 10_000;
// Characters of an event, at most.
const EVENT_MAX = 4 * 1024 * 1024;
const { TextDecoder } = encodings;
const { setTimeout, clearTimeout } = timers;
const { fetch } = subrequests;

class OpenEvent extends Event {
  constructor() {
    super("open");
  }
}
platform(OpenEvent);

function insideRequest() {
  if (!scope.global) return;
  throw new DOMException("An EventSource can only be created within the context of a worker request.", "NotSupportedError");
}

// Takes apart what comes; `tell(type, data, id)` is called for an event, `retry(ms)` for a delay.
class Parser {
  #decoder = new TextDecoder();
  #rest = "";
  #skipsNewline = false;
  #data = [];
  #size = 0;
  // One that is told to be empty is not the usual one.
  #type = "message";
  id = "";
  constructor(tell, retry) {
    this.tell = tell;
    this.retry = retry;
  }

  feed(bytes) {
    let come = typeof bytes === "string" ? bytes : this.#decoder.decode(bytes, { stream: true });
    if (this.#skipsNewline && come !== "") {
      if (come[0] === "\n") come = come.slice(1);
      this.#skipsNewline = false;
    }
    let all = this.#rest + come;
    const ends = /\r\n|\r|\n/g;
    let at = 0;
    for (let end = ends.exec(all); end !== null; end = ends.exec(all)) {
      this.#line(all.slice(at, end.index));
      at = ends.lastIndex;
      if (end[0] === "\r" && at === all.length) this.#skipsNewline = true;
    }
    all = all.slice(at);
    this.#rest = all;
    if (all.length + this.#size > EVENT_MAX) throw new RangeError(`An event has more than ${EVENT_MAX} characters.`);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    switch (name) {
      case "data":
        this.#data.push(value);
        this.#size += value.length + 1;
        break;
      case "event":
        this.#type = value;
        break;
      case "id":
        this.id = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.retry(Number(value));
    }
  }

  #dispatch() {
    const data = this.#data.join("\n");
    const type = this.#type;
    this.#data = [];
    this.#size = 0;
    this.#type = "message";
    if (data !== "") this.tell(type, data, this.id);
  }
}

export class EventSource extends EventTarget {
  #state = CONNECTING;
  #url = "";
  #origin = null;
  #fetch = null;
  #reader = null;
  #retry = RETRY_MS;
  #lastId = "";
  #timer = undefined;

  constructor(url, init) {
    if (url === KEY) {
      super();
      return;
    }
    if (arguments.length === 0) throw wrongConstructorParameter("EventSource", 1, "string");
    if (init !== undefined && init !== null && typeof init !== "object" && typeof init !== "function") {
      throw wrongConstructorParameter("EventSource", 2, "EventSourceInit");
    }
    const address = text(url);
    insideRequest();
    const { withCredentials, fetcher } = init ?? {};
    if (fetcher !== undefined && !(fetcher instanceof Fetcher)) throw wrongField("fetcher", "EventSourceInit", "Fetcher");
    if (withCredentials) {
      throw new DOMException(
        "The init.withCredentials option is not supported. It must be false or undefined.",
        "NotSupportedError",
      );
    }
    const parsed = urlParts(address);
    if (parsed === null) throw new DOMException(`Cannot open an EventSource to '${address}'. The URL is invalid.`, "SyntaxError");
    super();
    this.#url = parsed.href;
    this.#fetch = fetcher === undefined ? (url, init) => fetch(url, init) : (url, init) => fetcher.fetch(url, init);
    this.#connect();
  }

  static from(stream) {
    if (!isStream(stream)) throw wrongParameter("from", "EventSource", 1, "JsReadableStream");
    insideRequest();
    if (isLocked(stream)) throw new TypeError("This ReadableStream is locked.");
    const source = new EventSource(KEY);
    source.#state = OPEN;
    source.#read(stream);
    return source;
  }

  get url() {
    return this.#url;
  }
  get withCredentials() {
    this.#state;
    return false;
  }
  get readyState() {
    return this.#state;
  }
  get onopen() {
    return handlerOf(this, "open");
  }
  set onopen(value) {
    setHandler(this, "open", value);
  }
  get onmessage() {
    return handlerOf(this, "message");
  }
  set onmessage(value) {
    setHandler(this, "message", value);
  }
  get onerror() {
    return handlerOf(this, "error");
  }
  set onerror(value) {
    setHandler(this, "error", value);
  }
  close() {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    // A stream that was given is not this one's to cancel.
    if (this.#fetch !== null) this.#reader?.cancel().catch(() => {});
  }
  [Symbol.dispose]() {
    this.close();
  }

  async #connect() {
    this.#timer = undefined;
    let response;
    try {
      const headers = { accept: "text/event-stream", "cache-control": "no-cache" };
      if (this.#lastId !== "") headers["last-event-id"] = this.#lastId;
      response = await this.#fetch(this.#url, { headers });
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#state === CLOSED) return response.body?.cancel().catch(() => {});
    const { status } = response;
    if (status !== 200 && status !== 204) return this.#refuse(response, `The response status code was ${status}.`);
    const type = contentType(response);
    if (type === null) return this.#refuse(response, "No content type header was present in the response.");
    if (!/^text\/event-stream\s*(;|$)/i.test(type)) return this.#refuse(response, `The content type '${type}' is invalid.`);
    if (status === 204) return this.#again("The server provided no content. Will try reconnecting.");
    if (response.redirected) this.#url = response.url;
    this.#origin = urlParts(this.#url).origin;
    this.#state = OPEN;
    try {
      this.#deliver(new OpenEvent());
    } catch (error) {
      response.body?.cancel().catch(() => {});
      return this.#fail(error);
    }
    if (this.#state !== OPEN) return response.body?.cancel().catch(() => {});
    if (response.body === null) return this.#again("The server disconnected.");
    this.#read(response.body);
  }

  async #read(stream) {
    const parser = new Parser(
      (type, data, id) => {
        if (this.#state !== OPEN) return;
        const event = new MessageEvent(type, { data, lastEventId: id, origin: this.#origin ?? NO_ORIGIN });
        this.#lastId = id;
        this.#deliver(event);
      },
      (ms) => {
        this.#retry = Math.min(Math.max(ms, RETRY_MIN_MS), RETRY_MAX_MS);
      },
    );
    parser.id = this.#lastId;
    try {
      const reader = (this.#reader = readerOf(stream));
      for (;;) {
        const { done, value } = await reader.read();
        if (this.#state !== OPEN) return;
        if (done) break;
        parser.feed(value);
        if (this.#state !== OPEN) return;
      }
    } catch (error) {
      if (this.#fetch !== null) this.#reader?.cancel().catch(() => {});
      if (this.#state !== CLOSED) this.#fail(error);
      return;
    } finally {
      this.#reader = null;
    }
    if (this.#fetch === null) this.#fail(new Error("The server disconnected."));
    else this.#again("The server disconnected.");
  }

  // Tries anew in a while.
  #again(reason) {
    this.#state = CONNECTING;
    this.#error(new Error(reason));
    if (this.#state !== CONNECTING) return;
    this.#timer = setTimeout(() => this.#connect(), this.#retry);
  }

  #refuse(response, reason) {
    response.body?.cancel().catch(() => {});
    this.#fail(new DOMException(reason, "AbortError"));
  }

  #fail(error) {
    this.#state = CLOSED;
    this.#error(error);
  }

  #error(error) {
    this.#tell(new ErrorEvent("error", { error }));
  }

  // What a handler throws is the caller's to bear.
  #deliver(event) {
    dispatchOrThrow(this, event);
  }

  #tell(event) {
    try {
      dispatch(this, event);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

["CONNECTING", "OPEN", "CLOSED"].forEach((name, value) => {
  for (const holder of [EventSource, EventSource.prototype]) {
    Object.defineProperty(holder, name, { value, enumerable: true, configurable: true });
  }
});

export const globals = { EventSource };
platform(EventSource);
Object.defineProperty(EventSource.prototype[Symbol.dispose], "name", { value: "", configurable: true });
