// Writable ends that the engine makes itself and that take bytes: of IdentityTransformStream and
// of compression. Each fills a `ByteQueue`.
import native from "internal:native";
import { scope } from "internal:errors";
import { RESOLVED, rejected } from "internal:streams/promises";
import { ByteQueue, asError, bytesOf } from "internal:streams/byte_queue";
import { ENDED } from "internal:streams/writable";

const WRITABLE = 0, CLOSED = 1, ERRORED = 2;
const NOT_BYTES =
  "This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side.";

// A copy of what a chunk is in bytes; null for nothing.
function copied(chunk) {
  if (chunk === undefined) return null;
  if (typeof chunk === "string") return native.utf8(chunk);
  // A buffer that was detached has no bytes.
  if (chunk instanceof ArrayBuffer && chunk.byteLength === 0) return new Uint8Array(0);
  const bytes = bytesOf(chunk);
  if (bytes === null) throw new TypeError(NOT_BYTES);
  return bytes.byteLength === 0 ? new Uint8Array(0) : bytes.slice();
}

export class ByteSink {
  internal = true;
  state = WRITABLE;
  error = undefined;
  writer = null;
  started = true;
  backpressure = false;
  // It gives no more, and is not at its end.
  closing = false;
  // Why nobody reads on; the next write or close learns of it.
  unread = null;

  constructor() {
    this.queue = new ByteQueue(this, true);
  }

  get desired() {
    return this.state === ERRORED ? null : this.ended ? 0 : 1;
  }
  get failed() {
    return this.state === ERRORED;
  }
  get ended() {
    return this.closing || this.state === CLOSED;
  }

  write(chunk) {
    if (this.state !== WRITABLE || this.closing) return rejected(new TypeError(ENDED));
    if (this.unread !== null) return this.refuse();
    let bytes;
    try {
      bytes = copied(chunk);
    } catch (error) {
      return rejected(error);
    }
    if (bytes === null || bytes.byteLength === 0) return RESOLVED;
    return this.take(bytes);
  }

  writeFromPipe(chunk) {
    if (this.state === WRITABLE && typeof chunk !== "string" && bytesOf(chunk) === null) {
      return rejected(new TypeError(NOT_BYTES));
    }
    return this.write(chunk);
  }

  close() {
    if (this.state === ERRORED) return rejected(new TypeError(ENDED));
    if (this.ended) return RESOLVED;
    if (this.unread !== null) return this.refuse();
    this.closing = true;
    return this.end();
  }

  refuse() {
    const error = this.unread;
    this.fail(error);
    return rejected(error);
  }

  done() {
    this.state = CLOSED;
    this.writer?.settled(this);
  }

  abort(reason) {
    if (this.state !== WRITABLE) return RESOLVED;
    const error = asError(reason);
    this.fail(error);
    this.queue.fail(error);
    return RESOLVED;
  }

  fail(error) {
    if (this.state !== WRITABLE) return;
    this.state = ERRORED;
    this.error = error;
    this.left?.(error);
    this.writer?.settled(this);
  }

  // Whether a write waits for a reader.
  get busy() {
    return false;
  }

  // What the queue asks for.
  pull() {}
  cancel(queue, reason) {
    if (this.state !== WRITABLE) return RESOLVED;
    const error = asError(reason === undefined ? "Stream was cancelled." : reason);
    if (this.busy) this.fail(error);
    else this.unread = error;
    return RESOLVED;
  }
}

// Passes on what is written; a write is done when it was read.
export class IdentitySink extends ByteSink {
  // Writes that nobody has read.
  pending = [];
  waiting = 0;
  // Who waits for them before the end.
  closer = null;
  hwm = null;
  // Bytes that are still to come, if that is fixed.
  rest = null;

  constructor() {
    super();
    this.queue.stepwise = true;
  }

  get busy() {
    return this.pending.length > 0 || this.closer !== null;
  }
  get desired() {
    if (this.state === ERRORED) return null;
    if (this.ended) return 0;
    return this.hwm === null ? 1 : this.hwm - this.waiting;
  }

  take(bytes) {
    const size = bytes.byteLength;
    if (this.rest !== null) {
      if (size > this.rest) {
        this.unread = new TypeError("Attempt to write too many bytes through a FixedLengthStream.");
        this.queue.fail(this.unread);
        return RESOLVED;
      }
      this.rest -= size;
    }
    this.waiting += size;
    this.press();
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.queue.push(bytes, () => {
        this.pending.shift();
        this.waiting -= size;
        resolve(undefined);
        this.press();
        if (this.closer !== null && this.pending.length === 0) {
          this.done();
          this.closer.resolve(undefined);
        }
      });
    });
  }

  press() {
    if (this.hwm === null) return;
    const backpressure = this.hwm <= this.waiting;
    if (backpressure === this.backpressure) return;
    this.backpressure = backpressure;
    if (backpressure) this.writer?.unready();
    else this.writer?.ready();
  }

  end() {
    if (this.rest !== null && this.rest > 0) {
      this.queue.fail(new TypeError("FixedLengthStream did not see all expected bytes before close()."));
      this.done();
      return RESOLVED;
    }
    this.queue.finish();
    if (this.pending.length === 0) {
      this.done();
      return RESOLVED;
    }
    return new Promise((resolve, reject) => {
      this.closer = { resolve, reject };
    });
  }

  left(error) {
    const { pending } = this;
    this.pending = [];
    for (const { reject } of pending) reject(error);
    this.closer?.reject(error);
  }
}

const FAILED = "Decompression failed.";
const CODES = {
  3: FAILED,
  4: "Trailing bytes after end of compressed data",
  5: "Called close() on a decompression stream with incomplete data",
};
// Input that goes to the host in one call.
const PIECE = 32768;

// Compresses or expands what is written, at once.
export class CompressionSink extends ByteSink {
  handle = 0;

  // `options` are Brotli's (src/compression.rs).
  constructor(format, expand, options = []) {
    super();
    this.queue.apart = false;
    this.format = format;
    this.expand = expand;
    this.options = options;
  }

  take(bytes) {
    return this.run(bytes, false) ? RESOLVED : rejected(this.error);
  }

  end() {
    if (!this.run(EMPTY, true)) return rejected(this.error);
    this.free();
    this.queue.finish();
    this.done();
    return RESOLVED;
  }

  run(bytes, last) {
    try {
      if (this.handle === 0) this.handle = native.compressionOpen(this.format, this.expand, this.options);
      let at = 0;
      for (;;) {
        const end = at + PIECE;
        const final = last && end >= bytes.byteLength;
        const [told, used, out] = native.compressionWrite(this.handle, bytes.subarray(at, end), final);
        // There are no dictionaries here.
        const status = told > 5 ? 3 : told;
        if (out !== null) this.queue.push(out);
        at += used;
        if (status > 3 && scope.flags?.has("strict_compression_checks") === false) return true;
        if (status > 2) throw new TypeError(CODES[status]);
        if (status === 0 && at >= bytes.byteLength) return true;
        if (status === 2) return true;
      }
    } catch (error) {
      this.free();
      this.fail(error);
      this.queue.fail(error);
      return false;
    }
  }

  free() {
    if (this.handle !== 0) native.compressionClose(this.handle);
    this.handle = 0;
  }
  left() {
    this.free();
  }
}

const EMPTY = new Uint8Array(0);
