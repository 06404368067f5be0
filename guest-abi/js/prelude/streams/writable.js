// WritableStream, its writer and its controller. What a stream writes to is its sink: a
// `ValueSink` here, or one of the engine's own, which take bytes (`byte_sink.js`).
import { text as asText } from "internal:platform";
import { amount, callback, dictionary } from "internal:arguments";
import { flag } from "internal:errors";
import { illegal, shape } from "internal:shape";
import { NONE, Lazy, call, quiet, rejected, resolved } from "internal:streams/promises";
import { abortSignal, newSignal } from "internal:events";

// `ERRORING`: it will be in error when what is under way has ended.
const WRITABLE = 0, CLOSED = 1, ERRORED = 2, ERRORING = 3;
const LOCKED = "This WritableStream is currently locked to a writer.";
const RELEASED = "This WritableStream writer has been released.";
export const ENDED = "This WritableStream has been closed.";
// As in workerd, which calls it a readable one.
const ENDING = "This ReadableStream is closed.";
const CLOSING = "Cannot close a writer that is already being closed";
const MAKE = {};
const CLOSE = { chunk: undefined, size: 0, resolve: null, reject: null };

// A sink of JavaScript, as the standard has it.
export class ValueSink {
  internal = false;
  state = WRITABLE;
  error = undefined;
  writer = null;
  queue = [];
  total = 0;
  hwm = 1;
  size = undefined;
  started = false;
  // The write, or the close, that the underlying sink is at.
  busy = null;
  closeRequest = null;
  abortRequest = null;
  // What the first `abort` returned, and later ones do.
  aborting = null;
  backpressure = false;
  // Whether it ended in error while it was at something, as a transform's does.
  isCut = false;
  underlying = undefined;
  writeTo = undefined;
  closeIt = undefined;
  abortIt = undefined;
  controller = null;
  signal = null;

  configure(underlying, strategy) {
    const start = callback(underlying, "start", "UnderlyingSink");
    this.writeTo = callback(underlying, "write", "UnderlyingSink");
    this.abortIt = callback(underlying, "abort", "UnderlyingSink");
    this.closeIt = callback(underlying, "close", "UnderlyingSink");
    if (strategy !== undefined) this.measure(strategy);
    this.underlying = underlying;
    return () => this.begin(start, defaultController(this));
  }

  measure(strategy) {
    const { highWaterMark } = strategy;
    if (highWaterMark !== undefined) this.hwm = amount(highWaterMark);
    this.backpressure = this.hwm === 0;
    this.size = callback(strategy, "size", "StreamQueuingStrategy");
  }

  begin(start, controller) {
    this.controller = controller;
    if (start === undefined) {
      this.started = true;
      return;
    }
    call(start, this.underlying, controller, NONE, () => this.ready(), (error) => this.notReady(error));
  }
  ready() {
    this.started = true;
    if (this.state === WRITABLE) this.writer?.ready();
    this.advance();
  }
  notReady(error) {
    this.started = true;
    this.deal(error);
  }

  get desired() {
    if (this.state === ERRORED) return null;
    return this.state === CLOSED ? 0 : this.hwm - this.total;
  }
  get failed() {
    return this.state === ERRORED || this.state === ERRORING;
  }
  // Whether it is closed or about to be.
  get ended() {
    return this.state === CLOSED || this.closeRequest !== null;
  }

  write(chunk) {
    let size = 1;
    const { writer } = this;
    const measured = this.size !== undefined && this.state === WRITABLE;
    if (measured) {
      try {
        const { size: sizeOf } = this;
        size = amount(sizeOf(chunk));
      } catch (error) {
        this.fail(error);
        return rejected(error);
      }
    }
    if (measured && this.writer !== writer && flag("writable_stream_spec_compliant_writer")) {
      return rejected(new TypeError(RELEASED));
    }
    if (this.state === ERRORED) return rejected(this.error);
    if (this.state === CLOSED) return rejected(new TypeError(measured ? ENDING : ENDED));
    if (this.closeRequest !== null) return rejected(new TypeError(ENDING));
    if (this.state === ERRORING) return rejected(this.error);
    const promise = new Promise((resolve, reject) => this.queue.push({ chunk, size, resolve, reject }));
    this.total += size;
    this.press();
    this.advance();
    return promise;
  }
  writeFromPipe(chunk) {
    return this.write(chunk);
  }

  // The writer goes, and what it wrote and nobody has taken with it.
  forsake(error) {
    const { queue, busy } = this;
    const kept = [];
    for (const request of queue) {
      if (request === CLOSE || request === busy) kept.push(request);
      else {
        this.total -= request.size;
        request.reject(error);
      }
    }
    this.queue = kept;
    this.press();
  }

  // Tells the writer when there is no more room, or room again.
  press() {
    if (this.closeRequest !== null || this.state !== WRITABLE) return;
    const backpressure = this.hwm - this.total <= 0;
    if (backpressure === this.backpressure) return;
    this.backpressure = backpressure;
    if (backpressure) this.writer?.unready();
    else this.writer?.ready();
  }

  close() {
    if (this.state === CLOSED) return rejected(new TypeError(ENDED));
    if (this.state === ERRORED) return rejected(this.error);
    if (this.closeRequest !== null) return rejected(new TypeError(CLOSING));
    const promise = new Promise((resolve, reject) => {
      this.closeRequest = { resolve, reject };
    });
    if (this.backpressure && this.state === WRITABLE) this.writer?.ready();
    this.queue.push(CLOSE);
    this.advance();
    return promise;
  }

  abort(reason) {
    if (this.aborting !== null) return this.aborting.then();
    if (this.state === CLOSED || this.state === ERRORED) return resolved(undefined);
    if (this.signal !== null) abortSignal(this.signal, reason, true);
    else this.aborted = { reason };
    if (this.state === CLOSED || this.state === ERRORED) return resolved(undefined);
    // The signal may have been heard by who aborts too.
    if (this.aborting !== null) return this.aborting.then();
    const wasErroring = this.state === ERRORING;
    const request = { reason: wasErroring ? undefined : reason, wasErroring };
    const aborting = new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject = reject;
    });
    this.aborting = quiet(aborting);
    this.abortRequest = request;
    if (!wasErroring) this.startErroring(reason);
    return aborting;
  }

  // The controller's `error`.
  fail(error) {
    if (this.state === WRITABLE) this.startErroring(error);
  }

  // Ends in error at once. Nothing comes of what is written already, which is no error.
  cut(error) {
    if (this.state !== WRITABLE) return;
    this.state = ERRORED;
    this.error = error;
    this.isCut = true;
    this.writeTo = this.closeIt = this.abortIt = undefined;
    this.writer?.settled(this);
    this.advance();
  }

  // The same for what was written: each ends well, or with an error.
  leave(error, isError) {
    const { queue, closeRequest } = this;
    this.queue = [];
    this.closeRequest = null;
    const requests = queue.filter((request) => request !== CLOSE);
    if (closeRequest !== null) requests.push(closeRequest);
    for (const request of requests) isError ? request.reject(error) : request.resolve(undefined);
  }

  deal(error) {
    if (this.state === WRITABLE) this.startErroring(error);
    else if (this.state === ERRORING) this.finishErroring();
  }

  startErroring(reason) {
    this.state = ERRORING;
    this.error = reason;
    this.writer?.failedReady(reason);
    if (this.busy === null && this.started) this.finishErroring();
  }

  finishErroring() {
    this.state = ERRORED;
    const { error, queue, abortRequest } = this;
    this.queue = [];
    this.total = 0;
    for (const request of queue) if (request !== CLOSE) request.reject(error);
    if (abortRequest === null) {
      this.settle();
      return;
    }
    this.abortRequest = null;
    if (abortRequest.wasErroring) {
      abortRequest.reject(error);
      this.settle();
      return;
    }
    const settle = () => this.settle();
    if (this.abortIt === undefined) {
      abortRequest.resolve(undefined);
      settle();
      return;
    }
    call(this.abortIt, this.underlying, abortRequest.reason, NONE, () => {
      abortRequest.resolve(undefined);
      settle();
    }, (error) => {
      abortRequest.reject(error);
      settle();
    });
  }

  // Tells who waits for the end.
  settle() {
    if (this.closeRequest !== null) {
      this.closeRequest.reject(this.error);
      this.closeRequest = null;
    }
    this.writer?.settled(this);
  }

  advance() {
    if (!this.started || this.busy !== null) return;
    if (this.isCut) return this.leave();
    if (this.state === ERRORING) {
      this.finishErroring();
      return;
    }
    if (this.state !== WRITABLE || this.queue.length === 0) return;
    const request = this.queue[0];
    this.busy = request;
    if (request === CLOSE) {
      this.queue.shift();
      if (this.closeIt === undefined) this.closed();
      else call(this.closeIt, this.underlying, NONE, NONE, () => this.closed(), (error) => this.notClosed(error));
    } else if (this.writeTo === undefined) this.written();
    else call(this.writeTo, this.underlying, request.chunk, this.controller, this.onWritten ??= () => this.written(), this.onNotWritten ??= (error) => this.notWritten(error));
  }

  written() {
    const request = this.busy;
    this.busy = null;
    request.resolve(undefined);
    if (this.isCut) this.queue.shift();
    else if (this.state === WRITABLE || this.state === ERRORING) {
      if (this.queue[0] === request) {
        this.queue.shift();
        this.total -= request.size;
      }
      this.press();
    }
    this.advance();
  }

  notWritten(error) {
    const request = this.busy;
    this.busy = null;
    if (this.queue[0] === request) {
      this.queue.shift();
      this.total -= request.size;
    }
    request.reject(error);
    if (this.isCut) {
      this.writer?.failedReady(error);
      this.leave(error, true);
    } else this.deal(error);
  }

  closed() {
    this.busy = null;
    if (this.isCut) return this.leave();
    const { closeRequest, abortRequest } = this;
    this.closeRequest = null;
    this.state = CLOSED;
    closeRequest.resolve(undefined);
    if (abortRequest !== null) {
      abortRequest.resolve(undefined);
      this.abortRequest = null;
    }
    this.writer?.settled(this);
  }

  notClosed(error) {
    this.busy = null;
    if (this.isCut) {
      this.writer?.failedReady(error);
      return this.leave(error, true);
    }
    const { closeRequest, abortRequest } = this;
    this.closeRequest = null;
    closeRequest.reject(error);
    if (abortRequest !== null) {
      abortRequest.reject(error);
      this.abortRequest = null;
    }
    this.deal(error);
  }
}

let defaultController;

export class WritableStreamDefaultController {
  #sink;

  constructor(make = undefined, sink = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#sink = sink;
  }
  get signal() {
    if (!(#sink in this)) illegal();
    const sink = this.#sink;
    if (sink.signal === null) {
      sink.signal = newSignal();
      if (sink.aborted) abortSignal(sink.signal, sink.aborted.reason, true);
    }
    return sink.signal;
  }
  error(reason = undefined) {
    if (!(#sink in this)) illegal();
    this.#sink.fail(reason);
  }
  static {
    defaultController = (sink) => new this(MAKE, sink);
  }
}
shape(WritableStreamDefaultController);

export let isLockedSink, isSink, sinkOf, writableOf;
const isLocked = () => new TypeError(LOCKED);

export class WritableStream {
  #sink;

  constructor(underlyingSink = undefined, strategy = undefined) {
    if (underlyingSink === MAKE) {
      this.#sink = strategy;
      return;
    }
    const underlying = dictionary(underlyingSink, "WritableStream", 1, "UnderlyingSink") ?? {};
    const options = dictionary(strategy, "WritableStream", 2, "StreamQueuingStrategy");
    if (underlying.type !== undefined) asText(underlying.type);
    this.#sink = new ValueSink();
    this.#sink.configure(underlying, options)();
  }
  get locked() {
    if (!(#sink in this)) illegal();
    return this.#sink.writer !== null;
  }
  abort(reason = undefined) {
    if (!(#sink in this)) illegal();
    return this.#sink.writer !== null ? rejected(isLocked()) : this.#sink.abort(reason);
  }
  close() {
    if (!(#sink in this)) illegal();
    return this.#sink.writer !== null ? rejected(isLocked()) : this.#sink.close();
  }
  getWriter() {
    if (!(#sink in this)) illegal();
    return new WritableStreamDefaultWriter(this);
  }
  static {
    isLockedSink = (stream) => stream.#sink.writer !== null;
    isSink = (value) => typeof value === "object" && value !== null && #sink in value;
    sinkOf = (stream) => stream.#sink;
    writableOf = (sink) => new this(MAKE, sink);
  }
}
shape(WritableStream);

// What a writer does with the stream that it holds, and hears of it.
class Hold {
  closedPromise = new Lazy();
  readyPromise = new Lazy();

  constructor(sink) {
    this.sink = sink;
    sink.writer = this;
    if (sink.state === ERRORED) {
      this.readyPromise.reject(sink.error);
      this.settled(sink);
    } else if (sink.state === ERRORING) this.readyPromise.reject(sink.error);
    else {
      if (sink.state === CLOSED) this.closedPromise.resolve(undefined);
      if (flag("writable_stream_spec_compliant_writer") ? !sink.backpressure : sink.started) {
        this.readyPromise.resolve(undefined);
      }
    }
  }
  ready() {
    this.readyPromise.resolve(undefined);
  }
  unready() {
    if (this.readyPromise.state !== 0) this.readyPromise = new Lazy();
  }
  failedReady(error) {
    if (this.readyPromise.state === 1) this.readyPromise = new Lazy();
    this.readyPromise.reject(error);
  }
  settled(sink) {
    if (sink.state === CLOSED) {
      this.readyPromise.resolve(undefined);
      this.closedPromise.resolve(undefined);
    } else {
      if (sink.isCut) this.readyPromise.resolve(undefined);
      else this.failedReady(sink.error);
      this.closedPromise.reject(sink.error);
    }
  }
  release() {
    if (this.sink === null) return;
    const { sink } = this;
    sink.writer = null;
    this.sink = null;
    const error = new TypeError(RELEASED);
    sink.forsake?.(error);
    this.closedPromise.reject(error);
    if (flag("writable_stream_spec_compliant_writer") && this.readyPromise.state !== 0) this.readyPromise = new Lazy();
    this.readyPromise.reject(error);
  }
}

export class WritableStreamDefaultWriter {
  #hold;

  constructor(stream = undefined) {
    if (!(stream instanceof WritableStream)) {
      throw new TypeError("Failed to construct 'WritableStreamDefaultWriter': constructor parameter 1 is not of type 'WritableStream'.");
    }
    const sink = sinkOf(stream);
    if (sink.writer !== null) throw isLocked();
    this.#hold = new Hold(sink);
  }
  get closed() {
    if (!(#hold in this)) illegal();
    return this.#hold.closedPromise.get();
  }
  get ready() {
    if (!(#hold in this)) illegal();
    return this.#hold.readyPromise.get();
  }
  get desiredSize() {
    if (!(#hold in this)) illegal();
    const { sink } = this.#hold;
    if (sink === null) throw new TypeError(RELEASED);
    return sink.desired;
  }
  abort(reason = undefined) {
    if (!(#hold in this)) illegal();
    const { sink } = this.#hold;
    return sink === null ? rejected(new TypeError(RELEASED)) : sink.abort(reason);
  }
  close() {
    if (!(#hold in this)) illegal();
    const { sink } = this.#hold;
    return sink === null ? rejected(new TypeError(RELEASED)) : sink.close();
  }
  write(chunk = undefined) {
    if (!(#hold in this)) illegal();
    const { sink } = this.#hold;
    return sink === null ? rejected(new TypeError(RELEASED)) : sink.write(chunk);
  }
  releaseLock() {
    if (!(#hold in this)) illegal();
    this.#hold.release();
  }
}
shape(WritableStreamDefaultWriter);

// A writer that no tenant's code is asked for.
export function writerOf(stream) {
  const sink = sinkOf(stream);
  if (sink.writer !== null) throw isLocked();
  sink.writer = new Hold(sink);
  return { write: (chunk) => sink.write(chunk), close: () => sink.close(), abort: (reason) => sink.abort(reason) };
}

export const globals = { WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController };
