// HTMLRewriter (spec: SEMANTICS §29). The host parses and holds the tokens (src/rewriter.rs,
// src/token.rs); here handlers are called, one after the other, and waited for.
import native from "internal:native";
import { DOMException, isDomException, scope } from "internal:errors";
import { illegal } from "internal:shape";
import { platform, wrongField, wrongParameter } from "internal:platform";
import { contentType, hasSource, isDictionary, isUsed, takeSource } from "internal:body";
import { Response } from "internal:response";
import { bodyPart, isLocked, isStream, sourceStream, take } from "internal:streams";

const { rewriterSelector, rewriterOpen, rewriterFeed, rewriterGoOn, rewriterClose, jobsPending, isPart } = native;
const { tokenNew, tokenEnd, tokenEdits, tokenAttribute, tokenMembers, tokenHelpers } = native;
const { apply } = Reflect;
const { getPrototypeOf, setPrototypeOf, defineProperty } = Object;

// How a step of the host's went.
const MORE = 1, HANDLER = 2, CONTENT = 3, END = 4, FAILED = 5;
// How a rewriter goes on.
const GO_ON = 0, PART = 2, PART_END = 3, FLUSH = 4;
// What tokens are; an `on` is called for elements, text and comments.
const ELEMENT = 0, END_TAG = 1, TEXT = 2, COMMENT = 3, DOCTYPE = 4, DOCUMENT_END = 5;
// Handlers' fields by the tokens they are called with, and the host's number for each.
const OF_ELEMENTS = [["element", ELEMENT, 1], ["comments", COMMENT, 2], ["text", TEXT, 4]];
const OF_DOCUMENTS = [["doctype", DOCTYPE, 8], ["comments", COMMENT, 2], ["text", TEXT, 4], ["end", DOCUMENT_END, 16]];
const EMPTY = new Uint8Array(0);
// Bytes of output that nobody has read, at which the parser waits.
const AHEAD = 65536;
const LOCKED = "The ReadableStream has been locked to a reader.";
const ESI = "html_rewriter_treats_esi_include_as_void_tag";

const parserError = (wrong) => new TypeError(`Parser error: ${wrong}`);

// ---- Tokens ----

const tokenClass = (name, kind) => {
  const type = {
    [name]: class {
      constructor() {
        throw new TypeError("Illegal constructor");
      }
    },
  }[name];
  tokenMembers(type.prototype, kind);
  return platform(type);
};
const PROTOTYPES = [
  tokenClass("Element", ELEMENT).prototype,
  tokenClass("EndTag", END_TAG).prototype,
  tokenClass("Text", TEXT).prototype,
  tokenClass("Comment", COMMENT).prototype,
  tokenClass("Doctype", DOCTYPE).prototype,
  tokenClass("DocumentEnd", DOCUMENT_END).prototype,
];

const MAKE = {};

class AttributesIterator {
  #token;
  #edits;
  #at = 0;

  constructor(make, token) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#token = token;
    this.#edits = tokenEdits(token);
  }
  next() {
    if (!(#token in this)) illegal();
    const pair = tokenAttribute(this.#token, this.#at);
    if (tokenEdits(this.#token) !== this.#edits) {
      throw new Error(
        "The attributes of this element have been modified during iteration. You must create a new iterator after modifying attributes.",
      );
    }
    if (pair === null) return { done: true, value: undefined };
    this.#at++;
    return { done: false, value: pair };
  }
  [Symbol.iterator]() {
    return this;
  }
}
setPrototypeOf(AttributesIterator.prototype, getPrototypeOf(getPrototypeOf([][Symbol.iterator]())));
platform(AttributesIterator);
defineProperty(AttributesIterator.prototype[Symbol.iterator], "name", { value: "", configurable: true });

// Rewriters at work by their handles.
const running = new Map();

tokenHelpers(
  // The number of content that comes later; -1 for what is a string.
  (handle, value) => {
    if (!isStream(value) && !isResponse(value)) return -1;
    const rewriting = running.get(handle);
    if (rewriting === undefined) return 0;
    rewriting.contents.set(++rewriting.last, value);
    return rewriting.last;
  },
  // The number of a handler of an end tag.
  (handle, handler) => {
    const rewriting = running.get(handle);
    rewriting.ends.set(++rewriting.last, handler);
    return rewriting.last;
  },
  (token) => new AttributesIterator(MAKE, token),
);

const isResponse = (value) => isPart(value, true);

// ---- Waiting until no microtask does ----

const waiting = [];
let isSettling = false;

// Waits until all other microtasks have run, as they have on the platform before a handler is
// called.
function idle() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!isSettling) settle();
  });
}

// One loop for all who wait, since each sees the others' microtasks.
async function settle() {
  isSettling = true;
  while (waiting.length > 0) {
    do await undefined;
    while (jobsPending());
    waiting.shift()();
  }
  isSettling = false;
}

// ---- A rewriter at work ----

class Rewriting {
  open = true;
  // Numbers of contents and of handlers of end tags.
  last = 0;
  contents = new Map();
  ends = new Map();
  // What contents are read with, once their place was reached.
  readers = new Map();
  reader = null;
  // Bytes of output since somebody asked for some.
  unread = 0;
  wake = null;

  constructor(handle, sets, source) {
    this.handle = handle;
    this.sets = sets;
    this.source = source;
    if (isStream(source)) this.reader = take(source);
    const [stream, sink] = sourceStream({
      pull: () => {
        this.unread = 0;
        this.wake?.();
      },
      cancel: (reason) => {
        this.close();
        return this.reader?.cancel(reason);
      },
    });
    this.stream = stream;
    this.sink = sink;
    running.set(handle, this);
  }

  close() {
    if (!this.open) return;
    this.open = false;
    running.delete(this.handle);
    rewriterClose(this.handle);
    this.wake?.();
  }

  async run() {
    const { reader } = this;
    try {
      await idle();
      if (reader === null) await this.feed(this.source, true);
      else {
        for (;;) {
          const { done, value } = await reader.read();
          if (!this.open) return;
          if (await this.feed(done ? EMPTY : bodyPart(value), done)) break;
          await this.room(0);
        }
      }
      if (!this.open) return;
      this.close();
      this.sink.end();
    } catch (error) {
      if (!this.open) return;
      this.close();
      if (reader !== null) reader.cancel(error).catch(() => {});
      this.sink.error(passedOn(error));
    }
  }

  put(bytes) {
    this.unread += bytes.byteLength;
    this.sink.chunk(bytes);
  }

  // Waits until no more than this is ahead of who reads.
  async room(ahead) {
    while (this.open && this.unread > ahead) {
      await new Promise((resolve) => (this.wake = resolve));
      this.wake = null;
    }
  }

  // Gives the parser more of the document and does what it stops for, until it needs more; gives
  // whether it is at the end.
  async feed(input, last) {
    const { handle } = this;
    let step = rewriterFeed(handle, input, last);
    for (;;) {
      const status = step[0];
      if (status === FAILED) throw parserError(step[3]);
      if (step[3] !== null) this.put(step[3]);
      if (status === HANDLER) {
        const pending = this.call(step[1], step[2]);
        if (pending !== undefined) {
          await pending;
          if (!this.open) return true;
        }
        step = rewriterGoOn(handle, GO_ON);
      } else if (status === MORE) {
        if (this.unread > AHEAD) {
          await this.room(AHEAD);
          if (!this.open) return true;
        }
        step = rewriterGoOn(handle, GO_ON);
      } else if (status === CONTENT) {
        const part = await this.content(step[2]);
        if (!this.open) return true;
        step = part === null ? rewriterGoOn(handle, PART_END) : rewriterGoOn(handle, PART, part);
      } else {
        return status === END;
      }
    }
  }

  // Calls a handler; gives a promise if there is something to wait for.
  call(kind, number) {
    let handler, receiver;
    if (kind === END_TAG) {
      handler = this.ends.get(number);
      this.ends.delete(number);
    } else {
      receiver = this.sets[number];
      handler = receiver[kind];
      receiver = receiver.receiver;
    }
    const token = tokenNew(PROTOTYPES[kind], this.handle, kind);
    let result;
    try {
      result = apply(handler, receiver, [token]);
    } catch (error) {
      tokenEnd(token);
      this.flush();
      throw error;
    }
    if (result === undefined && !jobsPending()) {
      tokenEnd(token);
      return undefined;
    }
    return this.settled(result, token);
  }

  async settled(result, token) {
    this.flush();
    try {
      await result;
      await idle();
    } finally {
      tokenEnd(token);
    }
  }

  // Hands over what was made so far, before a handler that takes its time.
  flush() {
    while (this.open) {
      const output = rewriterGoOn(this.handle, FLUSH)[3];
      if (output === null) break;
      this.put(output);
    }
  }

  // The next part of content that comes from elsewhere; null at its end.
  async content(number) {
    let reader = this.readers.get(number);
    if (reader === undefined) {
      const value = this.contents.get(number);
      this.contents.delete(number);
      const source = sourceOf(value);
      if (!isStream(source)) {
        this.readers.set(number, null);
        return source;
      }
      reader = take(source);
      this.readers.set(number, reader);
    }
    if (reader !== null) {
      const { done, value } = await reader.read();
      if (!done) return typeof value === "string" ? value : bodyPart(value);
    }
    this.readers.delete(number);
    return null;
  }
}

// What a response or a stream gives: null, a string, bytes or a stream that nobody holds.
function sourceOf(value) {
  let source = value;
  if (!isStream(value)) {
    if (isUsed(value)) throw new TypeError(LOCKED);
    source = takeSource(value);
  }
  if (isStream(source) && isLocked(source)) throw new TypeError(LOCKED);
  return source;
}

const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const NAMED = /^((?:Type|Range|Syntax|Reference|Eval|URI)?Error)(?:: ([^]*))?$/;

// An error as it comes out at the other end: one of the language's, with the same message.
function passedOn(error) {
  if (isDomException(error)) return new DOMException(error.message, error.name);
  let text;
  try {
    const isPlain = typeof error === "object" && error !== null && !(error instanceof Error);
    text = isPlain ? `#<${error.constructor?.name ?? "Object"}>` : `${String(error)}`;
  } catch {
    text = "";
  }
  const named = error instanceof Error ? NAMED.exec(text) : null;
  return named === null ? new Error(text) : new ERRORS[named[1]](named[2] ?? "");
}

// ---- The class ----

export class HTMLRewriter {
  // Of each set its receiver, and its functions by what they are called with.
  #sets = [];
  // For the host: a selector or null, and which functions there are, in turn.
  #flat = [];

  #add(selector, handlers, fields, dictionary) {
    const set = { receiver: handlers };
    let which = 0;
    if (handlers !== null && handlers !== undefined) {
      for (const [field, kind, bit] of fields) {
        const handler = handlers[field];
        if (handler === undefined) continue;
        if (typeof handler !== "function") throw wrongField(field, dictionary, "function");
        set[kind] = handler;
        which |= bit;
      }
    }
    if (selector !== null) {
      const wrong = rewriterSelector(selector);
      if (wrong !== "") throw parserError(wrong);
    }
    if (which === 0) return;
    this.#sets.push(set);
    this.#flat.push(selector, which);
  }

  on(selector, handlers) {
    if (!(#sets in this)) illegal();
    if (arguments.length === 0) throw wrongParameter("on", "HTMLRewriter", 1, "string");
    if (typeof selector === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
    selector = `${selector}`;
    if (arguments.length < 2 || (handlers !== undefined && handlers !== null && !isDictionary(handlers))) {
      throw wrongParameter("on", "HTMLRewriter", 2, "ElementContentHandlers");
    }
    this.#add(selector, handlers, OF_ELEMENTS, "ElementContentHandlers");
    return this;
  }

  onDocument(handlers) {
    if (!(#sets in this)) illegal();
    if (arguments.length === 0 || (handlers !== undefined && handlers !== null && !isDictionary(handlers))) {
      throw wrongParameter("onDocument", "HTMLRewriter", 1, "DocumentContentHandlers");
    }
    this.#add(null, handlers, OF_DOCUMENTS, "DocumentContentHandlers");
    return this;
  }

  transform(response) {
    if (!(#sets in this)) illegal();
    if (!isResponse(response)) throw wrongParameter("transform", "HTMLRewriter", 1, "Response");
    if (!hasSource(response)) return response;
    const opened = rewriterOpen(charsetOf(contentType(response)), scope.flags.has(ESI), this.#flat);
    if (typeof opened === "string") throw parserError(opened);
    try {
      const rewriting = new Rewriting(opened, [...this.#sets], sourceOf(response));
      rewriting.run();
      return new Response(rewriting.stream, response);
    } catch (error) {
      rewriterClose(opened);
      throw error;
    }
  }
}
platform(HTMLRewriter);

const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|([^;\s]*))/i;

// The label of the encoding that a content type names.
function charsetOf(type) {
  const found = type === null ? null : CHARSET.exec(type);
  return found === null ? "utf-8" : found[1] || found[2] || "utf-8";
}

export const globals = { HTMLRewriter };
