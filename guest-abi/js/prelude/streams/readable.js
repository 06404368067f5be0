// ReadableStream, its readers and its iterator. What a stream reads from is its consumer:
// a `ValueConsumer` or a `ByteQueue`.
import { scalar } from "internal:platform";
import { amount, callback, dictionary, integer, isObject, wrongArgument, wrongField } from "internal:arguments";
import { flag } from "internal:errors";
import { illegal, member, shape } from "internal:shape";
import { Lazy, rejected, resolved } from "internal:streams/promises";
import { ReadableStreamDefaultController, ValueSource } from "internal:streams/value_source";
import { ByteQueue, DRY, bytesOf } from "internal:streams/byte_queue";
import { ByteSource, ReadableByteStreamController, ReadableStreamBYOBRequest } from "internal:streams/byte_source";
import { pipe } from "internal:streams/pipe";
import { isSink, sinkOf } from "internal:streams/writable";
import { isAbortSignal } from "internal:events";

const READABLE = 0, CLOSED = 1, ERRORED = 2;

// What an iterator gives at its end: from some date on what is not there is a member all the same.
const ended = (value) => (value !== undefined || flag("enable_fast_jsg_struct") ? { done: true, value } : { done: true });
const LOCKED = "This ReadableStream is currently locked to a reader.";
const RELEASED = "This ReadableStream reader has been released.";
const NOT_BYOB = "This ReadableStream does not support BYOB reads.";
const MAKE = {};
// Stands for a reader where the engine itself has taken the stream.
const ENGINE = { settled() {} };

export const locked = () => new TypeError(LOCKED);
const released = () => new TypeError(RELEASED);

const close = member(ReadableStreamDefaultController, "close");
const enqueue = member(ReadableStreamDefaultController, "enqueue");

export let consumerOf, streamOf, isStream;
// A stream of what another one has, which is locked from then on.
export let moved;

export class ReadableStream {
  #consumer;

  constructor(underlyingSource = undefined, strategy = undefined) {
    if (underlyingSource === MAKE) {
      this.#consumer = strategy;
      return;
    }
    const underlying = dictionary(underlyingSource, "ReadableStream", 1, "UnderlyingSource") ?? {};
    const options = dictionary(strategy, "ReadableStream", 2, "StreamQueuingStrategy");
    const { type } = underlying;
    const text = type === undefined ? "" : scalar(type);
    const { autoAllocateChunkSize } = underlying;
    if (autoAllocateChunkSize !== undefined && text === "") integer(autoAllocateChunkSize);
    if (text !== "" && text !== "bytes") throw new TypeError(`"${text}" is not a valid type of ReadableStream.`);
    const source = text === "bytes" ? new ByteSource(underlying, autoAllocateChunkSize) : new ValueSource(underlying);
    const { expectedLength } = underlying;
    if (expectedLength !== undefined) amount(expectedLength);
    if (options !== undefined) source.measure(options);
    this.#consumer = source.consumers[0];
    source.setup();
  }

  get locked() {
    if (!(#consumer in this)) illegal();
    return this.#consumer.reader !== null;
  }

  cancel(reason = undefined) {
    if (!(#consumer in this)) illegal();
    if (this.#consumer.reader !== null) return rejected(locked());
    return this.#consumer.cancel(reason);
  }

  getReader(options = undefined) {
    if (!(#consumer in this)) illegal();
    if (options === undefined || options === null) return new ReadableStreamDefaultReader(this);
    if (!isObject(options)) throw wrongArgument("getReader", "ReadableStream", 1, "GetReaderOptions");
    const { mode } = options;
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    if (`${mode}` !== "byob") throw new TypeError("mode must be undefined or 'byob' in call to getReader().");
    return new ReadableStreamBYOBReader(this);
  }

  pipeThrough(transform = undefined, options = undefined) {
    if (!(#consumer in this)) illegal();
    if (arguments.length > 0 && (transform === undefined || transform === null)) {
      throw new TypeError(
        "Cannot initialize N7workerd3api14ReadableStream9TransformE with required members from an undefined or null value.",
      );
    }
    if (!isObject(transform)) throw wrongArgument("pipeThrough", "ReadableStream", 1, "Transform");
    const { readable } = transform;
    if (!isStream(readable)) throw wrongField("readable", "Transform", "ReadableStream");
    const { writable } = transform;
    if (!isSink(writable)) throw wrongField("writable", "Transform", "WritableStream");
    const how = pipeOptions("pipeThrough", options);
    if (this.#consumer.reader !== null) throw locked();
    const sink = sinkOf(writable);
    if (sink.writer !== null) throw new TypeError("This WritableStream is currently locked to a writer.");
    pipe(this.#consumer, sink, how).catch(() => {});
    return readable;
  }

  pipeTo(destination = undefined, options = undefined) {
    if (!(#consumer in this)) illegal();
    if (!isSink(destination)) {
      return rejected(wrongArgument("pipeTo", "ReadableStream", 1, "WritableStream"));
    }
    let how;
    try {
      how = pipeOptions("pipeTo", options);
    } catch (error) {
      return rejected(error);
    }
    if (this.#consumer.reader !== null) return rejected(locked());
    const sink = sinkOf(destination);
    if (sink.writer !== null) return rejected(new TypeError("This WritableStream is currently locked to a writer"));
    return pipe(this.#consumer, sink, how);
  }

  tee() {
    if (!(#consumer in this)) illegal();
    const consumer = this.#consumer;
    if (consumer.reader !== null) throw new TypeError("This ReadableStream is currently locked to a reader,");
    const [one, other] = consumer.tee();
    consumer.reader = ENGINE;
    return [new ReadableStream(MAKE, one), new ReadableStream(MAKE, other)];
  }

  values(options = undefined) {
    if (!(#consumer in this)) illegal();
    if (options !== undefined && options !== null && !isObject(options)) {
      throw wrongArgument("values", "ReadableStream", 1, "ValuesOptions");
    }
    const consumer = this.#consumer;
    if (consumer.reader !== null) throw locked();
    return iterate(consumer, Boolean(options?.preventCancel));
  }

  static from(iterable = undefined) {
    const wrong = () => wrongArgument("from", "ReadableStream", 1, "AsyncGenerator");
    if (iterable === undefined || iterable === null) throw wrong();
    const own = iterable[Symbol.asyncIterator] ?? null;
    const method = own ?? iterable[Symbol.iterator];
    if (typeof method !== "function") throw wrong();
    const iterator = method.call(iterable);
    if (!isObject(iterator)) throw wrong();
    // All three are looked up at once. What is no function is none, but for `return` when it is called.
    const { next, return: end } = iterator;
    const source = new ValueSource(
      {
        async pull(controller) {
          if (typeof next !== "function") return close(controller);
          const result = await next.call(iterator);
          if (!isObject(result)) throw new TypeError("Callback returned incorrect type; expected 'Promise'");
          const { value, done } = result;
          if (done) close(controller);
          else enqueue(controller, await value);
        },
        async cancel(reason) {
          if (end === undefined || end === null) return;
          if (typeof end !== "function") throw new TypeError("Property 'return' is not a function");
          const given = end.call(iterator, reason);
          if (own === null && !isObject(given)) throw new TypeError("Callback returned incorrect type; expected 'Promise'");
          if (!isObject(await given)) {
            throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'GeneratorNext'.");
          }
        },
      },
    );
    source.hwm = 0;
    const stream = new ReadableStream(MAKE, source.consumers[0]);
    source.setup();
    return stream;
  }

  static {
    moved = (stream) => {
      const moving = new ReadableStream(MAKE, stream.#consumer);
      const rest = new ByteQueue(DRY, true);
      rest.finish();
      rest.disturbed = true;
      rest.reader = ENGINE;
      stream.#consumer = rest;
      return moving;
    };
    consumerOf = (stream) => stream.#consumer;
    streamOf = (consumer) => new ReadableStream(MAKE, consumer);
    isStream = (value) => isObject(value) && #consumer in value;
  }
}

// The options of a pipe.
function pipeOptions(method, options) {
  if (options === undefined || options === null) return {};
  if (!isObject(options)) throw wrongArgument(method, "ReadableStream", 2, "PipeToOptions");
  const { preventAbort, preventCancel, preventClose, signal } = options;
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw wrongField("signal", "PipeToOptions", "AbortSignal");
  }
  return { preventAbort, preventCancel, preventClose, signal };
}

// ---- Readers ----

// What both kinds of readers do with the stream that they hold.
class Hold {
  closed = new Lazy();

  constructor(consumer) {
    this.consumer = consumer;
    consumer.reader = this;
    if (consumer.state !== READABLE) this.settled(consumer);
  }
  // The stream has ended.
  settled(consumer) {
    if (consumer.state === CLOSED) this.closed.resolve(undefined);
    else this.closed.reject(consumer.error);
  }
  read() {
    return this.consumer === null ? rejected(released()) : this.consumer.read();
  }
  cancel(reason) {
    return this.consumer === null ? rejected(released()) : this.consumer.cancel(reason);
  }
  release() {
    const { consumer } = this;
    if (consumer === null) return;
    if (consumer.waits) {
      if (consumer.internal) {
        throw new TypeError("Cannot call releaseLock() on a reader with outstanding read promises.");
      }
      consumer.refuse(released());
    }
    this.consumer = consumer.reader = null;
    this.closed.reject(released());
  }
}

function hold(stream, name) {
  if (!isStream(stream)) throw new TypeError(`Failed to construct '${name}': constructor parameter 1 is not of type 'ReadableStream'.`);
  const consumer = consumerOf(stream);
  if (consumer.reader !== null) throw locked();
  if (name === "ReadableStreamBYOBReader" && !consumer.bytes) throw new TypeError(NOT_BYOB);
  return new Hold(consumer);
}

export class ReadableStreamDefaultReader {
  #hold;

  constructor(stream = undefined) {
    this.#hold = hold(stream, "ReadableStreamDefaultReader");
  }
  get closed() {
    if (!(#hold in this)) illegal();
    return this.#hold.closed.get();
  }
  cancel(reason = undefined) {
    if (!(#hold in this)) illegal();
    return this.#hold.cancel(reason);
  }
  read() {
    if (!(#hold in this)) illegal();
    return this.#hold.read();
  }
  releaseLock() {
    if (!(#hold in this)) illegal();
    this.#hold.release();
  }
}
shape(ReadableStreamDefaultReader);

export class ReadableStreamBYOBReader {
  #hold;

  constructor(stream = undefined) {
    this.#hold = hold(stream, "ReadableStreamBYOBReader");
  }
  get closed() {
    if (!(#hold in this)) illegal();
    return this.#hold.closed.get();
  }
  cancel(reason = undefined) {
    if (!(#hold in this)) illegal();
    return this.#hold.cancel(reason);
  }
  read(view = undefined, options = undefined) {
    if (!(#hold in this)) illegal();
    if (!isView(view)) return rejected(wrongArgument("read", "ReadableStreamBYOBReader", 1, "ArrayBufferView"));
    const { consumer } = this.#hold;
    if (consumer === null) return rejected(released());
    let min;
    try {
      min = options?.min;
      if (min !== undefined) min = integer(min);
    } catch (error) {
      return rejected(error);
    }
    return consumer.readInto(view, min ?? 1);
  }
  readAtLeast(minElements = undefined, view = undefined) {
    if (!(#hold in this)) illegal();
    let min;
    try {
      min = integer(minElements);
    } catch (error) {
      return rejected(error);
    }
    if (!isView(view)) return rejected(wrongArgument("readAtLeast", "ReadableStreamBYOBReader", 2, "ArrayBufferView"));
    const { consumer } = this.#hold;
    if (consumer === null) return rejected(released());
    if (min < 0) {
      const shown = 18446744073709551616n + BigInt(min);
      return rejected(new TypeError(`Minimum bytes to read (${shown}) exceeds size of buffer (${view.byteLength}).`));
    }
    return consumer.readInto(view, min);
  }
  releaseLock() {
    if (!(#hold in this)) illegal();
    this.#hold.release();
  }
}
shape(ReadableStreamBYOBReader);

// ---- Iteration ----

// Gives a class the method of asynchronous iteration, which has no name.
function unnamed(constructor, method) {
  Object.defineProperty(method, "name", { value: "" });
  Object.defineProperty(method, "length", { value: 0 });
  Object.defineProperty(constructor.prototype, Symbol.asyncIterator, { value: method, writable: true, configurable: true });
}

let iterate;

class ReadableStreamAsyncIterator {
  #consumer;
  #keep;
  // The call before, while it is not over.
  #last = null;
  #failure = null;

  constructor(make = undefined, consumer = undefined, keep = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#consumer = consumer;
    this.#keep = keep;
    consumer.reader = ENGINE;
  }
  next() {
    const last = this.#last;
    if (last === null) return this.#step();
    return this.#wait(last.then(() => this.#step(), () => this.#step()));
  }
  // Remembers what later calls wait for.
  #wait(promise) {
    const done = () => {
      if (this.#last === promise) this.#last = null;
    };
    promise.then(done, done);
    return (this.#last = promise);
  }
  #step() {
    const consumer = this.#consumer;
    if (consumer === null) return this.#failure === null ? resolved(ended()) : rejected(this.#failure.error);
    const reading = consumer.read();
    // What is here already needs nobody to wait for it.
    if (!consumer.waits && consumer.state === READABLE) return reading;
    return this.#wait(
      reading.then(
        (result) => {
          if (!result.done) return result;
          this.#release();
          return ended();
        },
        (error) => {
          // As in workerd: the stream stays locked. The engine's loops call `return` all the same.
          this.#failure = { error };
          this.#consumer = null;
          throw error;
        },
      ),
    );
  }
  #release() {
    if (this.#consumer !== null) this.#consumer.reader = null;
    this.#consumer = null;
  }
  return(value = undefined) {
    const step = () => {
      const consumer = this.#consumer;
      const result = ended(value);
      if (consumer === null) return this.#failure === null ? resolved(result) : rejected(this.#failure.error);
      this.#release();
      if (this.#keep || consumer.state === CLOSED) return resolved(result);
      return consumer.cancel(value).then(() => result);
    };
    const last = this.#last;
    return last === null ? step() : this.#wait(last.then(step, step));
  }
  static {
    iterate = (consumer, keep) => new this(MAKE, consumer, keep);
  }
}
shape(ReadableStreamAsyncIterator);
unnamed(ReadableStreamAsyncIterator, function () {
  return this;
});
Object.setPrototypeOf(
  ReadableStreamAsyncIterator.prototype,
  Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)),
);
shape(ReadableStream);
const { values } = ReadableStream.prototype;
unnamed(ReadableStream, function (options = undefined) {
  return values.call(this, options);
});

// ---- For other rooms of the prelude ----

// What a stream does, without anything that a tenant may have put on its class or its prototype.
export const isLocked = (stream) => consumerOf(stream).reader !== null;
export const cancelStream = member(ReadableStream, "cancel");
export const teeStream = member(ReadableStream, "tee");
export const pipeStream = member(ReadableStream, "pipeThrough");
export function readerOf(stream) {
  const consumer = consumerOf(stream);
  if (consumer.reader !== null) throw locked();
  return new Hold(consumer);
}

// Whether anything was read from a stream, or it was cancelled.
export const isDisturbed = (stream) => consumerOf(stream).disturbed;

// A stream of bytes that are all here.
export function bytesStream(bytes) {
  const queue = new ByteQueue(DRY, true);
  queue.length = bytes.byteLength;
  if (bytes.byteLength > 0) queue.push(bytes);
  queue.finish();
  return streamOf(queue);
}

// A stream of bytes that something outside of JavaScript sends. `source.pull()` is called when a
// reader waits, `source.cancel(reason)` when nobody will read on; the answer comes through
// `chunk(bytes)`, `end()` and `error(error)` of what is returned beside the stream.
export function sourceStream(source, length = null) {
  const queue = new ByteQueue({ pull: () => source.pull(), cancel: (_, reason) => source.cancel?.(reason) }, true);
  queue.length = length;
  const sink = {
    chunk(bytes) {
      if (queue.state === READABLE && bytes.byteLength > 0) queue.push(bytes);
    },
    end() {
      if (queue.state === READABLE) queue.finish();
    },
    error(error) {
      queue.fail(error);
    },
  };
  return [streamOf(queue), sink];
}

// How many bytes a stream will give in all, or null if that is not known.
export const lengthOf = (stream) => consumerOf(stream).length;

// The bytes of a part of a stream that is used as a body.
export function bodyPart(value) {
  const bytes = bytesOf(value);
  if (bytes === null) throw new TypeError("This ReadableStream did not return bytes.");
  return bytes;
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

// Takes a stream that nobody holds for good, to read it part by part as the parts came: what has
// `read()` and `cancel(reason)`.
export function take(stream) {
  const consumer = consumerOf(stream);
  consumer.reader = ENGINE;
  consumer.whole = true;
  return consumer;
}

// All bytes of a stream that nobody holds, which this locks for good: a Uint8Array if they are
// here already, else the promise of one.
export function drain(stream) {
  const consumer = consumerOf(stream);
  consumer.reader = ENGINE;
  consumer.whole = consumer.disturbed = true;
  const parts = consumer.bytes ? consumer.takeAll() : null;
  return parts === null ? drained(consumer) : joined(parts);
}

async function drained(consumer) {
  const parts = [];
  for (;;) {
    const { value, done } = await consumer.read();
    if (done) return joined(parts);
    let part;
    try {
      part = bodyPart(value);
    } catch (error) {
      consumer.cancel(error).catch(() => {});
      throw error;
    }
    parts.push(part);
  }
}

export const globals = {
  ReadableStream,
  ReadableStreamDefaultReader,
  ReadableStreamBYOBReader,
  ReadableStreamDefaultController,
  ReadableByteStreamController,
  ReadableStreamBYOBRequest,
};
