// Sources of bytes written in JavaScript, their controller, and the requests for a reader's buffer.
import { amount, integer, callback, wrongArgument } from "internal:arguments";
import { illegal, shape } from "internal:shape";
import { ByteQueue, bytesOf, taken } from "internal:streams/byte_queue";
import { Source } from "internal:streams/value_source";

const READABLE = 0;
const AUTO_ALLOCATE = 4096;
const CLOSED_WORDS = "This ReadableByteStreamController is closed.";
const INVALID = "This ReadableStreamBYOBRequest has been invalidated.";

export class ByteSource extends Source {
  hwm = 0;
  auto = AUTO_ALLOCATE;
  request = null;

  constructor(underlying, strategy) {
    super();
    const start = callback(underlying, "start", "UnderlyingSource");
    this.pullFrom = callback(underlying, "pull", "UnderlyingSource");
    this.cancelIt = callback(underlying, "cancel", "UnderlyingSource");
    const { autoAllocateChunkSize } = underlying;
    if (strategy !== undefined) callback(strategy, "size", "StreamQueuingStrategy");
    if (autoAllocateChunkSize !== undefined) {
      if (!(+autoAllocateChunkSize > 0)) throw new TypeError("The autoAllocateChunkSize option cannot be zero.");
      this.auto = integer(amount(autoAllocateChunkSize));
    }
    const mark = strategy?.highWaterMark;
    if (mark !== undefined) this.hwm = amount(mark);
    this.consumers = [new ByteQueue(this, false)];
    this.setup = () => this.begin(underlying, start, byteController(this));
  }

  // The read whose buffer the underlying source may write to.
  get waiting() {
    for (const consumer of this.consumers) if (consumer.reads.length > 0) return consumer;
    return null;
  }

  get byob() {
    if (this.request !== null) return this.request;
    const consumer = this.state === READABLE && !this.closing ? this.waiting : null;
    if (consumer === null) return null;
    const read = consumer.reads[0];
    read.bytes ??= new Uint8Array(this.auto);
    return (this.request = byobRequest(this, consumer, read));
  }

  // What was in the reader's buffer is no longer the underlying source's.
  invalidate() {
    const { request } = this;
    if (request !== null) {
      this.request = null;
      disarm(request);
    }
  }

  enqueue(part) {
    if (this.state !== READABLE || this.closing) throw new TypeError(CLOSED_WORDS);
    this.invalidate();
    this.give(part, this.consumers.length > 1);
    this.pull();
  }

  give(part, shared) {
    for (const consumer of this.consumers) {
      if (shared) consumer.shared = true;
      consumer.push(part);
    }
  }

  respond(consumer, read, count) {
    this.invalidate();
    const { bytes, filled } = read;
    read.filled = filled + count;
    if (this.consumers.length > 1) {
      for (const other of this.consumers) {
        if (other !== consumer) other.push(bytes.slice(filled, read.filled));
      }
    }
    if (read.filled >= read.min && consumer.reads[0] === read) {
      consumer.reads.shift();
      read.resolve(read.result(false));
    }
    this.pull();
  }

  finish() {
    this.invalidate();
    super.finish();
  }

  error(error) {
    this.invalidate();
    super.error(error);
  }

  cancel(consumer, reason) {
    this.invalidate();
    return super.cancel(consumer, reason);
  }
}

const MAKE = {};
let byteController, byobRequest, disarm;

export class ReadableByteStreamController {
  #source;

  constructor(make = undefined, source = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#source = source;
  }
  get byobRequest() {
    if (!(#source in this)) illegal();
    return this.#source.byob;
  }
  get desiredSize() {
    if (!(#source in this)) illegal();
    return this.#source.desired;
  }
  close() {
    if (!(#source in this)) illegal();
    this.#source.close();
  }
  enqueue(chunk = undefined) {
    if (!(#source in this)) illegal();
    const bytes = bytesOf(chunk);
    if (bytes === null) throw wrongArgument("enqueue", "ReadableByteStreamController", 1, "BufferSource");
    if (this.#source.state !== READABLE || this.#source.closing) throw new TypeError(CLOSED_WORDS);
    if (bytes.byteLength === 0) throw new TypeError("Cannot enqueue a zero-length ArrayBuffer.");
    this.#source.enqueue(taken(bytes));
  }
  error(reason = undefined) {
    if (!(#source in this)) illegal();
    if (arguments.length === 0) throw wrongArgument("error", "ReadableByteStreamController", 1, "Value");
    this.#source.error(reason);
  }
  static {
    byteController = (source) => new this(MAKE, source);
  }
}
shape(ReadableByteStreamController);

export class ReadableStreamBYOBRequest {
  #source;
  #consumer;
  #read;
  #view = null;

  constructor(make = undefined, source = undefined, consumer = undefined, read = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#source = source;
    this.#consumer = consumer;
    this.#read = read;
  }
  get view() {
    if (!(#source in this)) illegal();
    const read = this.#read;
    if (read === null) return null;
    return (this.#view ??= read.bytes.subarray(read.filled));
  }
  get atLeast() {
    if (!(#source in this)) illegal();
    const read = this.#read;
    return read === null ? null : read.min - read.filled;
  }
  respond(bytesWritten = undefined) {
    if (!(#source in this)) illegal();
    if (arguments.length === 0) throw wrongArgument("respond", "ReadableStreamBYOBRequest", 1, "integer");
    if (this.#read === null) throw new TypeError(INVALID);
    this.#respond(Math.trunc(Number(bytesWritten)) || 0);
  }
  #respond(count) {
    const read = this.#read;
    if (count <= 0) throw new TypeError("The bytesWritten must be more than zero while the stream is open.");
    if (read.filled + count > read.bytes.byteLength) {
      throw new RangeError(`Too many bytes [${count}] in response to a BYOB read request.`);
    }
    this.#source.respond(this.#consumer, read, count);
  }
  respondWithNewView(view = undefined) {
    if (!(#source in this)) illegal();
    const bytes = bytesOf(view);
    if (bytes === null) throw wrongArgument("respondWithNewView", "ReadableStreamBYOBRequest", 1, "BufferSource");
    const read = this.#read;
    if (read === null) throw new TypeError(INVALID);
    const room = read.bytes;
    if (bytes.buffer.byteLength !== room.buffer.byteLength) {
      throw new RangeError("The underlying ArrayBuffer is not the correct length.");
    }
    if (bytes.byteOffset !== room.byteOffset + read.filled) {
      throw new RangeError("The view has an invalid byte offset.");
    }
    if (bytes.buffer !== room.buffer) {
      const moved = taken(bytes);
      read.bytes = new Uint8Array(moved.buffer, room.byteOffset, room.byteLength);
      return this.#respond(moved.byteLength);
    }
    this.#respond(bytes.byteLength);
  }
  static {
    byobRequest = (source, consumer, read) => new this(MAKE, source, consumer, read);
    disarm = (request) => {
      request.#read = null;
    };
  }
}
shape(ReadableStreamBYOBRequest);
