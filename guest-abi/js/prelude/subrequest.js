// Subrequests: fetch(), and what others send (spec: SEMANTICS §20, §25).
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { ofGlobal, wrongParameter } from "internal:platform";
import { Request, requestParts, responseOf, takeSource, Incoming } from "internal:fetch";
import { bodyPart, isStream, lengthOf, readerOf, sourceStream } from "internal:streams";
import { isAborted, reasonOf, whenAborted } from "internal:events";
import { clientLine, clientSocket } from "internal:websocket";
import { dataResponse } from "internal:data_url";

const { bodyForm, fetchPlain, fetchStart, headersGet, socketConnect, opCancel, opChunk, opCollect, opDecode, opPull, isPart, headersClone, headersHas, headersSet, text } = native;
const EMPTY = new Uint8Array(0);
// Bytes of a part of a body that is handed to the host in one.
const PART = 65536;
const PULL = 65536;
// The credit that says: nobody takes more.
const OVER = 0xffffffff;
const AT_FIRST = 65536;

// Streams of bodies that are as they came, with the answers that they are of.
const untouched = new WeakMap();
export const isRaw = (source) => isStream(source) && untouched.has(source);

// A body that is passed on as it came goes its way without the request's code, which ends it no
// more. Gives what it was ended with before, in an array, or null.
export function passOn(source) {
  const answered = untouched.get(source);
  answered.release?.();
  return answered.failure;
}

// What fetch() is rejected with when a signal was aborted for `reason`.
const asError = (reason) => (reason instanceof Error ? reason : new Error(text(reason)));

// The body of an answer that comes over time.
export class Answered extends Incoming {
  isEncoded = false;
  sink = null;
  // Forgets the signal that may end this.
  release = null;
  // What this was ended with before it was read, in an array.
  failure = null;
  // Rejects what is collected.
  reject = null;
  // All of it, if it came in one and a signal may still end it.
  whole = null;

  constructor() {
    super(0, -1);
  }

  stream(raw) {
    if (this.failure !== null) {
      const [stream, sink] = sourceStream({ pull() {} });
      sink.error(this.failure[0]);
      if (raw) untouched.set(stream, this);
      return stream;
    }
    if (this.whole !== null) return this.wholeStream();
    const isAsItCame = raw || !this.isEncoded;
    if (!isAsItCame) opDecode(this.id);
    const [stream, sink] = sourceStream(
      {
        pull: () => opPull(this.id, PULL),
        cancel: () => {
          opCancel(this.id);
          this.release?.();
        },
      },
      isAsItCame && this.length >= 0 ? this.length : null,
    );
    this.sink = sink;
    if (isAsItCame) untouched.set(stream, this);
    return stream;
  }

  wholeStream() {
    const { whole } = this;
    const [stream, sink] = sourceStream(
      {
        pull: () => {
          sink.chunk(whole);
          this.end();
        },
        cancel: () => this.release?.(),
      },
      whole.byteLength,
    );
    this.sink = sink;
    untouched.set(stream, this);
    return stream;
  }

  collect(form) {
    if (this.failure !== null) return rejectedWith(this.failure[0]);
    if (this.whole !== null) {
      this.release?.();
      return new Promise((resolve) => resolve(bodyForm(this.whole, form)));
    }
    if (this.isEncoded) opDecode(this.id);
    const collected = opCollect(this.id, form);
    if (this.release === null) return collected;
    return new Promise((resolve, reject) => {
      this.reject = reject;
      const over = () => this.release?.();
      collected.then(resolve, reject);
      collected.then(over, over);
    });
  }

  // What the operation calls.
  chunk(bytes) {
    this.sink.chunk(bytes);
  }
  end() {
    this.sink.end();
    this.release?.();
  }
  error(error) {
    this.failure = [error];
    this.sink?.error(error);
    this.reject?.(error);
    this.release?.();
  }
}

native.useAnswered((id, length, isEncoded) => {
  const answered = new Answered();
  answered.id = id;
  answered.length = length;
  answered.isEncoded = isEncoded;
  return answered;
});

// Sends a body that is a stream, as fast as it is taken.
export class Sending {
  credit = AT_FIRST;
  wake = null;

  constructor(stream) {
    this.reader = readerOf(stream);
  }

  heard(credit) {
    this.credit = credit;
    if (credit === OVER) this.reader.cancel().catch(() => {});
    const wake = this.wake;
    this.wake = null;
    wake?.();
  }

  async run(op) {
    const { reader } = this;
    for (;;) {
      const { done, value } = await reader.read();
      if (this.credit === OVER) return;
      if (done) break;
      const bytes = bodyPart(value);
      for (let at = 0; at < bytes.byteLength; at += PART) {
        const part = bytes.byteLength > PART ? bytes.subarray(at, at + PART) : bytes;
        this.credit -= part.byteLength;
        opChunk(op, part, false);
        if (this.credit <= 0) await new Promise((resolve) => (this.wake = resolve));
        if (this.credit === OVER) return;
      }
    }
    opChunk(op, EMPTY, true);
  }
}

// Makes a response of what an operation gives; `asked` is the URL that was asked for.
export function receiver(answered, asked) {
  return (status, statusText, headers, at, kind, body, isEncoded) => {
    let source = body;
    if (kind === 2) {
      answered.isEncoded = isEncoded;
      answered.length = body;
      source = answered;
    } else if (kind === 1 && answered.release !== null) {
      answered.whole = body;
      source = answered;
    } else {
      answered.release?.();
    }
    return responseOf(status, statusText, headers, source, at === "" ? asked : at, at !== "");
  };
}

// Streams the argument of an operation whose result is promised.
export function untilSent(op, promise, sending) {
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    sending.run(op).catch((error) => {
      opCancel(op);
      reject(error);
    });
  });
}

// Sends a request: to the server that its URL names (null), to what a binding of a name stands
// for, to an export of this Worker and with what props, or to a user Worker (prelude/dispatch.js).
export function send(target, request) {
  // Most have nothing rare about them (src/passing.rs).
  return fetchPlain(target, request) ?? sendRare(target, request);
}

// What `cf` and `cache` ask of the cache, for `fetchStart`: null if nothing. What is of another
// type than it should be counts as absent, as in the field.
function cachingOf(cf, cache) {
  if (cf === undefined || cf === null) return null;
  const { cacheEverything, cacheKey, cacheTtl, cacheTtlByStatus, cacheTags } = cf;
  const seconds = (value) => typeof value === "number";
  const key = typeof cacheKey === "string" && cacheKey !== "" ? cacheKey : null;
  const ranges = [];
  if (typeof cacheTtlByStatus === "object" && cacheTtlByStatus !== null) {
    for (const name of Object.keys(cacheTtlByStatus)) {
      const range = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(name);
      const ttl = cacheTtlByStatus[name];
      if (range !== null && seconds(ttl)) ranges.push(+range[1], +(range[2] ?? range[1]), Math.floor(ttl));
    }
  }
  const tags = isArray(cacheTags) ? cacheTags.filter((tag) => typeof tag === "string").join(",") : "";
  const everything = cacheEverything === true;
  const ttl = seconds(cacheTtl) ? Math.floor(cacheTtl) : null;
  if (!everything && key === null && ttl === null && ranges.length === 0 && tags === "") return null;
  const mode = cache === undefined ? 0 : cache === "no-store" ? 1 : 2;
  return [mode, everything, key, ttl, ranges, tags];
}

// How a message shows a value that is JSON.
const shown = (value) => (isArray(value) || typeof value !== "object" || value === null ? text(value) : "#<Object>");

function sendRare(target, request) {
  const { method, url, list, type, redirect, signal, cache, cf } = requestParts(request);
  if (target === null && url.startsWith("data:")) {
    const answer = dataResponse(url, method);
    if (answer !== undefined) return resolvedWith(answer);
  }
  if (signal !== null && isAborted(signal)) {
    // It was sent all the same, as far as its body is concerned.
    const unsent = takeSource(request);
    if (isStream(unsent)) readerOf(unsent);
    throw reasonOf(signal);
  }
  if (!url.startsWith("http:") && !url.startsWith("https:")) {
    throw new TypeError(`Fetch API cannot load: ${url}`);
  }
  let fields = list;
  if (cache !== undefined) {
    const ttl = cf?.cacheTtl;
    if (cache === "no-store" && ttl !== undefined && ttl !== -1) {
      throw new TypeError(`CacheTtl: ${shown(ttl)}, is not compatible with cache: no-store header.`);
    }
    fields = headersClone(list);
    for (const name of ["pragma", "cache-control"]) {
      if (!headersHas(fields, name)) headersSet(fields, name, "no-cache");
    }
  }
  let source;
  try {
    source = takeSource(request);
  } catch {
    throw new TypeError("Cannot reconstruct a Request with a used body.");
  }
  let sending = null;
  let length = null;
  if (isStream(source)) {
    length = lengthOf(source) ?? -1;
    sending = new Sending(source);
    source = null;
  }
  const answered = new Answered();
  const hash = url.indexOf("#");
  const make = receiver(answered, hash === -1 ? url : url.slice(0, hash));
  const parts = [target, method, url, fields, type, redirect === "follow", source, length, target === null ? cachingOf(cf, cache) : null];
  if ((headersGet(fields, "upgrade") ?? "").toLowerCase() === "websocket") {
    if (sending !== null) sending.reader.cancel().catch(() => {});
    parts[6] = parts[7] = null;
    return upgrade(parts, answered, make, signal);
  }
  const [op, promise] = fetchStart(parts, answered, make, sending === null ? undefined : (credit) => sending.heard(credit));
  answered.id = op;
  if (sending === null && signal === null) return promise;
  return new Promise((resolve, reject) => {
    const stop = (reason) => {
      opCancel(op);
      if (sending !== null) sending.heard(OVER);
      reject(reason);
      answered.error(reason);
    };
    if (signal !== null) {
      const forget = whenAborted(signal, (reason) => stop(asError(reason)));
      answered.release = () => {
        forget();
        answered.release = null;
      };
    }
    promise.then(resolve, (error) => {
      answered.release?.();
      reject(error);
    });
    sending?.run(op).catch(stop);
  });
}

// Asks for a WebSocket: a response that has one, or another if the server does not agree.
function upgrade(parts, answered, make, signal) {
  const line = clientLine();
  const answer = (status, statusText, headers, at, kind, body, isEncoded) => {
    if (status !== 101) return make(status, statusText, headers, at, kind, body, isEncoded);
    answered.release?.();
    return responseOf(status, statusText, headers, null, at === "" ? parts[2] : at, at !== "", clientSocket(line, answered.id));
  };
  const [op, promise] = socketConnect(parts, line, answered, answer);
  answered.id = op;
  if (signal === null) return promise;
  return new Promise((resolve, reject) => {
    const forget = whenAborted(signal, (reason) => {
      opCancel(op);
      const error = asError(reason);
      reject(error);
      answered.error(error);
    });
    answered.release = () => {
      forget();
      answered.release = null;
    };
    promise.then(resolve, (error) => {
      answered.release?.();
      reject(error);
    });
  });
}

// What fetch() of `owner` was called with, as a request.
export function asked(owner, input, init, count) {
  if (scope.global) insideHandler();
  if (count === 0) throw wrongParameter("fetch", owner, 1, "Request or string");
  if (init === undefined || init === null) return isPart(input, 0) ? input : new Request(input);
  if (typeof init !== "object" && typeof init !== "function") {
    throw wrongParameter("fetch", owner, 2, "RequestInitializerDict or Request");
  }
  return new Request(input, init);
}

export const globals = {
  fetch(input, init) {
    ofGlobal(this);
    try {
      const request = asked("ServiceWorkerGlobalScope", input, init, arguments.length);
      const plain = fetchPlain(null, request);
      if (plain !== undefined) return plain;
      const { fetcher } = requestParts(request);
      return fetcher === null ? sendRare(null, request) : fetcher.fetch(request);
    } catch (error) {
      return rejectedWith(error);
    }
  },
};
