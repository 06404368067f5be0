// Sources of bytes written in JavaScript, their controller, and the requests for a reader's buffer.
import { amount, integer, callback, wrongArgument } from "internal:arguments";
import { illegal, shape } from "internal:shape";
import { ByteQueue, bytesOf, taken, typeOf } from "internal:streams/byte_queue";
import { Source } from "internal:streams/value_source";

const READABLE = 0;
const AUTO_ALLOCATE = 4096;
const CLOSED_WORDS = "This ReadableByteStreamController is closed.";
const INVALID = "This ReadableStreamBYOBRequest has been invalidated.";
const PARTIAL = "This ReadableStream was closed with a partial read pending.";

export class ByteSource extends Source {
  hwm = 0;
  auto = AUTO_ALLOCATE;
  request = null;
  // How many reads have waited.
  turn = 0;

  constructor(underlying, autoAllocateChunkSize) {
    super();
    const start = callback(underlying, "start", "UnderlyingSource");
    this.pullFrom = callback(underlying, "pull", "UnderlyingSource");
    this.cancelIt = callback(underlying, "cancel", "UnderlyingSource");
    if (autoAllocateChunkSize !== undefined) {
      if (!(+autoAllocateChunkSize > 0)) throw new TypeError("The autoAllocateChunkSize option cannot be zero.");
      this.auto = integer(amount(autoAllocateChunkSize));
    }
    this.consumers = [new ByteQueue(this, false)];
    this.setup = () => this.begin(underlying, start, byteController(this));
  }

  measure(strategy) {
    const { highWaterMark } = strategy;
    callback(strategy, "size", "StreamQueuingStrategy");
    if (highWaterMark !== undefined) this.hwm = amount(highWaterMark);
  }

  // The read whose buffer the underlying source may write to.
  get waiting() {
    let first = null;
    for (const consumer of this.consumers) {
      if (consumer.reads.length === 0) continue;
      if (first === null || consumer.reads[0].turn < first.reads[0].turn) first = consumer;
    }
    return first;
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
    if (this.request !== null && isGone(this.request)) {
      throw new TypeError("The byobRequest.view is zero-length or was detached");
    }
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
    const { filled } = read;
    if (consumer.reads[0] !== read) {
      // Its reader has gone; others may want what there is.
      const part = read.bytes.slice(filled, filled + count);
      this.invalidate();
      this.give(part, this.consumers.length > 1);
      this.pull();
      return;
    }
    read.filled = filled + count;
    const enough = read.filled >= read.min;
    if (enough) this.invalidate();
    else if (this.request !== null) renew(this.request);
    if (this.consumers.length > 1) {
      for (const other of this.consumers) {
        if (other !== consumer) other.push(read.bytes.slice(filled, read.filled));
      }
    }
    if (enough) {
      consumer.reads.shift();
      read.resolve(consumer.answer(read));
      if (consumer.total > 0) consumer.serve();
    }
    this.pull();
  }

  close() {
    if (this.request !== null && isPartial(this.request)) throw new TypeError(PARTIAL);
    super.close();
  }

  finish() {
    // The request stays, to be answered with nothing.
    if (this.request !== null) settle(this.request);
    super.finish();
  }

  error(error) {
    this.invalidate();
    super.error(error);
  }

  cancel(consumer, reason) {
    if (this.consumers.length === 1) this.invalidate();
    return super.cancel(consumer, reason);
  }
}

const MAKE = {};
let byteController, byobRequest, disarm, renew, settle, isGone, isPartial;

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
    if (bytes.byteLength === 0) throw new TypeError("Cannot enqueue a zero-length ArrayBuffer.");
    if (this.#source.state !== READABLE || this.#source.closing) throw new TypeError(CLOSED_WORDS);
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
  // Whether the stream was closed meanwhile.
  #closed = false;
  // Of the reader's view: what it is like if somebody detaches it.
  #offset;
  #size;
  #room;

  constructor(make = undefined, source = undefined, consumer = undefined, read = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#source = source;
    this.#consumer = consumer;
    this.#read = read;
    this.#offset = read.bytes.byteOffset;
    this.#size = read.bytes.byteLength;
    this.#room = read.bytes.buffer.byteLength;
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
    return read === null ? null : this.#closed ? 0 : read.min - read.filled;
  }
  respond(bytesWritten = undefined) {
    if (!(#source in this)) illegal();
    if (arguments.length === 0) throw wrongArgument("respond", "ReadableStreamBYOBRequest", 1, "integer");
    const count = integer(bytesWritten);
    if (this.#read === null) throw new TypeError(INVALID);
    if (this.#isGone) throw new TypeError("Cannot respond with a zero-length or detached view");
    this.#respond(count);
  }
  get #isGone() {
    return (this.#view ?? this.#read.bytes).byteLength === 0;
  }
  // What the underlying source has of the buffer is its own no longer.
  #detach() {
    if (this.#view === null || this.#isGone) return;
    if (this.#closed) taken(this.#view);
    else this.#read.bytes = taken(this.#read.bytes);
    this.#view = null;
  }
  #respond(count) {
    const read = this.#read;
    if (this.#closed) {
      if (count !== 0) throw new TypeError("The bytesWritten must be zero after the stream is closed.");
      this.#source.invalidate();
      return;
    }
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
    const count = bytes.byteLength;
    if (this.#closed) {
      if (count !== 0) throw new TypeError("The view byte length must be zero after the stream is closed.");
      this.#source.invalidate();
      return;
    }
    if (count === 0) throw new TypeError("The view byte length must be more than zero while the stream is open.");
    if (bytes.buffer.byteLength !== this.#room) {
      throw new RangeError("The underlying ArrayBuffer is not the correct length.");
    }
    if (bytes.byteOffset !== this.#offset + read.filled) {
      throw new RangeError("The given view has an invalid byte offset.");
    }
    const old = this.#view;
    if (read.filled + count > this.#size) throw new RangeError("The underlying ArrayBuffer is not the correct length.");
    if (read.type !== null) read.type = typeOf(view) ?? Uint8Array;
    read.bytes = new Uint8Array(taken(bytes).buffer, this.#offset, this.#size);
    if (old !== null && old.byteLength > 0) taken(old);
    this.#view = null;
    this.#source.respond(this.#consumer, read, count);
  }
  static {
    byobRequest = (source, consumer, read) => new this(MAKE, source, consumer, read);
    disarm = (request) => {
      request.#detach();
      request.#read = null;
    };
    renew = (request) => request.#detach();
    settle = (request) => {
      // The reader gets a buffer of its own, and the underlying source keeps the one it may look at.
      const read = request.#read;
      const { buffer, byteOffset, byteLength } = read.bytes;
      request.#view ??= read.bytes.subarray(read.filled);
      read.bytes = byteLength > 0 ? new Uint8Array(buffer.slice(0), byteOffset, byteLength) : new Uint8Array(0);
      request.#closed = true;
    };
    isGone = (request) => request.#isGone;
    isPartial = (request) => {
      const read = request.#read;
      return !request.#closed && read.filled > 0 && (read.type?.BYTES_PER_ELEMENT ?? 1) > 1;
    };
  }
}
shape(ReadableStreamBYOBRequest);
