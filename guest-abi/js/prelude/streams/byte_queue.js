// Bytes on their way to a reader: what a consumer of a byte stream has not read yet, and the
// reads that wait for more. Used for sources of JavaScript and for what the engine makes itself.
import { finished, scope } from "internal:errors";
import { rejected, resolved } from "internal:streams/promises";

const READABLE = 0, CLOSED = 1, ERRORED = 2;
// What a default reader is given at most, unless the source says how much: as in workerd, and more of what is
// long, since each read costs fuel.
const CHUNK_MAX = 4096, LONG = 64 * 1024;

const VIEWS = new Map(
  [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array].map((type) => [type.name, type]),
);
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const { transfer } = ArrayBuffer.prototype;

// The bytes of a buffer or a view, without a copy; null for anything else.
export function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return null;
}

// The same bytes in a buffer of their own; the old one is detached.
export function taken(bytes) {
  const { byteOffset, byteLength } = bytes;
  return new Uint8Array(transfer.call(bytes.buffer), byteOffset, byteLength);
}

// What goes wrong inside the engine's own streams is an Error, whatever was given as a reason.
export const asError = (reason) => (reason instanceof Error ? reason : new Error(`${reason}`));

// The constructor that a view comes from; null for anything else.
export const typeOf = (view) => (isView(view) ? VIEWS.get(tagOf.call(view)) ?? DataView : null);

// A read that waits.
class Request {
  bytes = null;
  filled = 0;
  min = 1;
  type = null;
  resolve = null;
  reject = null;
  turn = 0;

  // What the reader gets: whole elements of what was filled.
  result(done) {
    const { type, bytes, filled } = this;
    if (type === null) {
      if (bytes === null) return { value: new Uint8Array(0), done };
      return { value: bytes.subarray(0, filled), done };
    }
    const size = type.BYTES_PER_ELEMENT ?? 1;
    return { value: new type(bytes.buffer, bytes.byteOffset, (filled - (filled % size)) / size), done };
  }

  // How many bytes of what was filled are no whole element.
  get odd() {
    return this.filled % (this.type?.BYTES_PER_ELEMENT ?? 1);
  }
}

export class ByteQueue {
  bytes = true;
  queue = [];
  head = 0;
  total = 0;
  // Called when the part at the same place of the queue was read, by place.
  readers = null;
  reads = [];
  closing = false;
  // Whether the engine reads, part by part as they came, and no copy is needed.
  whole = false;
  // Whether a read gets no more than it has to of several parts.
  apart = false;
  // Whether that is so of a read into a reader's own buffer too.
  stepwise = false;
  // Parts may be in other queues too.
  shared = false;
  state = READABLE;
  error = undefined;
  reader = null;
  disturbed = false;
  // How many bytes default reads were given.
  given = 0;
  // How many bytes are to come in all, if that is known.
  length = null;

  // `source` has `pull()`, `cancel(queue, reason)`, and `replace(queue, branches)` unless it is internal.
  constructor(source, internal) {
    this.source = source;
    this.internal = internal;
    this.apart = internal;
  }

  get waits() {
    return this.reads.length > 0;
  }

  // Takes up to `max` bytes of the first part.
  take(max) {
    const { queue, head } = this;
    const part = queue[head];
    if (part.byteLength > max) {
      queue[head] = part.subarray(max);
      this.total -= max;
      return part.subarray(0, max);
    }
    this.total -= part.byteLength;
    queue[head] = undefined;
    const read = this.readers?.[head];
    if (head + 1 === queue.length) {
      queue.length = this.head = 0;
      if (this.readers !== null) this.readers.length = 0;
    } else {
      this.head = head + 1;
      if (head > 63 && head > queue.length / 2) {
        queue.splice(0, this.head);
        this.readers?.splice(0, this.head);
        this.head = 0;
      }
    }
    read?.();
    return part;
  }

  // What a default read gets at once: as much as goes into a buffer of its own.
  next() {
    if (this.whole) {
      const part = this.take(this.queue[this.head].byteLength);
      return this.shared ? part.slice() : part;
    }
    const all = new Uint8Array(this.source.auto ?? (this.given < LONG ? CHUNK_MAX : Math.min(this.apart ? this.queue[this.head].byteLength : this.total, LONG)));
    let at = 0;
    do {
      const some = this.take(all.length - at);
      all.set(some, at);
      at += some.byteLength;
    } while (!this.apart && at < all.length && this.total > 0);
    this.given += at;
    return at < all.length ? all.subarray(0, at) : all;
  }

  ended() {
    if (this.closing && this.queue.length === 0 && !this.internal) this.end();
  }

  read() {
    this.disturbed = true;
    if (this.total > 0) {
      const value = this.next();
      this.ended();
      return resolved({ value, done: false });
    }
    if (this.closing) this.end();
    if (this.state === CLOSED) return resolved(finished());
    if (this.state === ERRORED) return rejected(this.error);
    if (this.internal && this.reads.length > 0) return rejected(new TypeError(ONE_READ));
    return this.wait(new Request());
  }

  readInto(view, min) {
    const type = typeOf(view);
    const size = type?.BYTES_PER_ELEMENT ?? 1;
    if (type === null || view.byteLength === 0) {
      return rejected(new TypeError('You must call read() on a "byob" reader with a positive-sized TypedArray object.'));
    }
    if (min === 0) return rejected(new TypeError("Requested invalid minimum number of bytes to read (0)."));
    if (min < 0 || min * size > view.byteLength) {
      const shown = min < 0 ? 18446744073709551616n + BigInt(min) : min * size;
      return rejected(new TypeError(`Minimum bytes to read (${shown}) exceeds size of buffer (${view.byteLength}).`));
    }
    this.disturbed = true;
    if (this.internal && this.reads.length > 0) return rejected(new TypeError(ONE_READ));
    const request = new Request();
    request.type = type;
    request.min = min * size;
    request.bytes = taken(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    if (this.state === ERRORED) return rejected(this.error);
    this.fill(request);
    if (request.filled >= request.min) {
      const result = this.answer(request);
      this.ended();
      return resolved(result);
    }
    if (this.closing || this.state === CLOSED) {
      this.end();
      // What is left and no whole element is lost.
      return resolved(this.last(request, request.filled === request.odd));
    }
    return this.wait(request);
  }

  fill(request) {
    const { bytes } = request;
    const most = this.stepwise ? request.min : bytes.byteLength;
    while (this.total > 0 && request.filled < most) {
      const part = this.take(bytes.byteLength - request.filled);
      bytes.set(part, request.filled);
      request.filled += part.byteLength;
    }
  }

  // What a read gets that has enough. What is no whole element is the next one's.
  answer(request) {
    const { odd } = request;
    if (odd > 0) {
      request.filled -= odd;
      this.putBack(request.bytes.slice(request.filled, request.filled + odd));
    }
    return request.result(false);
  }

  putBack(part) {
    if (this.head > 0) this.queue[--this.head] = part;
    else {
      this.queue.unshift(part);
      this.readers?.unshift(undefined);
    }
    this.total += part.byteLength;
  }

  wait(request) {
    const promise = new Promise((resolve, reject) => {
      request.resolve = resolve;
      request.reject = reject;
    });
    this.reads.push(request);
    // Of the consumers of a source the first that asked is the first that is served.
    if (!this.internal) request.turn = this.source.turn++;
    this.source.pull(true);
    return promise;
  }

  // Adds a part. `read` is called when it was read.
  push(part, read = undefined) {
    if (read !== undefined) {
      this.readers ??= [];
      this.readers[this.queue.length] = read;
    }
    this.queue.push(part);
    this.total += part.byteLength;
    if (this.reads.length > 0) this.serve();
  }

  // Gives what there is to the reads that wait.
  serve() {
    while (this.reads.length > 0 && this.total > 0) {
      const request = this.reads[0];
      if (request.bytes === null) {
        this.reads.shift();
        request.resolve({ value: this.next(), done: false });
        continue;
      }
      this.fill(request);
      if (request.filled < request.min) return;
      this.reads.shift();
      request.resolve(this.answer(request));
    }
  }

  // Nothing follows what is in the queue.
  finish() {
    this.closing = true;
    if (this.queue.length === 0 && (!this.internal || this.reads.length > 0)) this.end();
  }

  end() {
    if (this.state !== READABLE) return;
    this.state = CLOSED;
    const { reads } = this;
    this.reads = [];
    for (const request of reads) {
      request.resolve(this.last(request));
    }
    this.reader?.settled(this);
  }

  // What a read gets at the end.
  last(request, done = request.filled === 0) {
    if (done && this.internal && (request.type === null || scope.flags?.has("internal_stream_byob_return_view") === false)) {
      return finished();
    }
    return request.result(done);
  }

  fail(error) {
    if (this.state !== READABLE) return;
    this.state = ERRORED;
    this.error = error;
    this.queue = [];
    this.head = this.total = 0;
    this.refuse(error);
    this.reader?.settled(this);
  }

  refuse(error) {
    const { reads } = this;
    this.reads = [];
    for (const request of reads) request.reject(error);
  }

  cancel(reason) {
    this.disturbed = true;
    if (this.state === CLOSED) return resolved(undefined);
    if (this.state === ERRORED) return rejected(this.error);
    this.queue = [];
    this.head = this.total = 0;
    if (this.internal && this.reads.length > 0) {
      this.refuse(asError(reason === undefined ? "Stream was cancelled." : reason));
    }
    const promise = this.source.cancel(this, reason);
    this.end();
    return promise ?? resolved(undefined);
  }

  // All that is left, if it is here already; else null.
  takeAll() {
    if (!this.closing || this.state !== READABLE) return null;
    this.disturbed = true;
    const parts = [];
    while (this.total > 0) parts.push(this.take(this.total));
    this.end();
    return parts;
  }

  tee() {
    if (this.internal && !this.closing) {
      const source = new Branches(this);
      return source.queues;
    }
    const branches = [this.copy(), this.copy()];
    if (!this.internal) this.source.replace(this, branches);
    this.disturbed = true;
    return branches;
  }

  copy() {
    const copy = new ByteQueue(this.source, this.internal);
    copy.queue = this.queue.slice(this.head);
    copy.total = this.total;
    copy.closing = this.closing;
    copy.state = this.state;
    copy.error = this.error;
    copy.shared = this.shared = true;
    copy.length = this.length;
    return copy;
  }
}

const ONE_READ = "This ReadableStream only supports a single pending read request at a time.";

// The two branches of a queue that something inside the engine fills.
class Branches {
  pulling = false;
  open = 2;

  constructor(parent) {
    this.parent = parent;
    parent.whole = true;
    this.queues = [new ByteQueue(this, true), new ByteQueue(this, true)];
    for (const queue of this.queues) {
      queue.shared = true;
      queue.length = parent.length;
      if (parent.state === ERRORED) queue.fail(parent.error);
    }
  }
  pull() {
    if (this.pulling) return;
    this.pulling = true;
    this.parent.read().then(
      ({ value, done }) => {
        this.pulling = false;
        for (const queue of this.queues) {
          if (queue.state !== READABLE) continue;
          if (done) queue.finish();
          else queue.push(value);
        }
        if (!done && this.queues.some((queue) => queue.waits)) this.pull();
      },
      (error) => {
        for (const queue of this.queues) queue.fail(error);
      },
    );
  }
  cancel(queue, reason) {
    this.open -= 1;
    return this.open === 0 ? this.parent.cancel(reason) : resolved(undefined);
  }
}

// A source of bytes that are all here.
export const DRY = { pull() {}, cancel() {} };
