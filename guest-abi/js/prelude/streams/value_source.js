// Readable streams of values: an underlying source of JavaScript, and what its consumers have
// not read yet. A stream has one consumer; `tee` gives the source a second one.
import { amount, callback, wrongArgument } from "internal:arguments";
import { finished } from "internal:errors";
import { illegal, shape } from "internal:shape";
import { NONE, call, rejected, resolved } from "internal:streams/promises";

export const READABLE = 0, CLOSED = 1, ERRORED = 2;
const CLOSED_WORDS = "This ReadableStream is closed.";

export class ValueConsumer {
  bytes = false;
  internal = false;
  whole = false;
  queue = [];
  sizes = null;
  head = 0;
  total = 0;
  reads = [];
  closing = false;
  state = READABLE;
  error = undefined;
  reader = null;
  disturbed = false;

  constructor(source) {
    this.source = source;
  }

  get waits() {
    return this.reads.length > 0;
  }

  read() {
    this.disturbed = true;
    const { queue, head } = this;
    if (head < queue.length) {
      const value = queue[head];
      queue[head] = undefined;
      this.total -= this.sizes === null ? 1 : this.sizes[head];
      if (head + 1 === queue.length) {
        queue.length = this.head = 0;
        if (this.sizes !== null) this.sizes.length = 0;
        this.total = 0;
        if (this.closing) this.end();
      } else {
        this.head = head + 1;
        if (head > 63 && head > queue.length / 2) {
          queue.splice(0, this.head);
          this.sizes?.splice(0, this.head);
          this.head = 0;
        }
      }
      return resolved({ value, done: false });
    }
    if (this.state === CLOSED) return resolved(finished());
    if (this.state === ERRORED) return rejected(this.error);
    const promise = new Promise((resolve, reject) => this.reads.push(resolve, reject));
    this.source.pull(true);
    return promise;
  }

  push(value, size) {
    if (this.reads.length > 0) {
      const resolve = this.reads.shift();
      this.reads.shift();
      resolve({ value, done: false });
      return;
    }
    if (size !== 1 && this.sizes === null) this.sizes = this.queue.map(() => 1);
    this.queue.push(value);
    this.sizes?.push(size);
    this.total += size;
  }

  // Nothing follows what is in the queue.
  finish() {
    this.closing = true;
    if (this.queue.length === 0) this.end();
  }

  end() {
    if (this.state !== READABLE) return;
    this.state = CLOSED;
    const { reads } = this;
    this.reads = [];
    for (let at = 0; at < reads.length; at += 2) reads[at](finished());
    this.reader?.settled(this);
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

  // Rejects the reads that wait.
  refuse(error) {
    const { reads } = this;
    this.reads = [];
    for (let at = 1; at < reads.length; at += 2) reads[at](error);
  }

  cancel(reason) {
    this.disturbed = true;
    if (this.state === CLOSED) return resolved(undefined);
    if (this.state === ERRORED) return rejected(this.error);
    this.queue = [];
    this.head = this.total = 0;
    const promise = this.source.cancel(this, reason);
    this.end();
    return promise;
  }

  tee() {
    const branches = [this.copy(), this.copy()];
    this.source.replace(this, branches);
    this.disturbed = true;
    return branches;
  }

  copy() {
    const copy = new ValueConsumer(this.source);
    copy.queue = this.queue.slice(this.head);
    copy.sizes = this.sizes?.slice(this.head) ?? null;
    copy.total = this.total;
    copy.closing = this.closing;
    copy.state = this.state;
    copy.error = this.error;
    return copy;
  }
}

// What sources of values and of bytes have in common.
export class Source {
  state = READABLE;
  closing = false;
  started = false;
  pulling = false;
  again = false;
  hwm = 1;
  underlying = undefined;
  pullFrom = undefined;
  cancelIt = undefined;
  consumers = null;
  controller = null;
  pulled = null;
  broken = null;

  // Takes the functions of the underlying source, and calls `start`.
  begin(underlying, start, controller) {
    this.underlying = underlying;
    this.controller = controller;
    if (start === undefined) {
      this.started = true;
      this.pull();
      return;
    }
    call(start, underlying, controller, NONE, () => {
      this.started = true;
      this.pull();
    }, (error) => this.error(error));
  }

  get desired() {
    if (this.state === ERRORED) return null;
    if (this.state === CLOSED || this.closing) return 0;
    let most = 0;
    for (const { total } of this.consumers) if (total > most) most = total;
    return this.hwm - most;
  }

  get wanted() {
    if (this.state !== READABLE || this.closing) return false;
    for (const consumer of this.consumers) if (consumer.waits) return true;
    return this.desired > 0;
  }

  // Asks for more; a read that waits does not wait for `start`.
  pull(demand = false) {
    if (!(this.started || demand) || !this.wanted) return;
    if (this.pulling) {
      this.again = true;
      return;
    }
    if (this.pullFrom === undefined) return;
    this.pulling = true;
    call(this.pullFrom, this.underlying, this.controller, NONE, this.pulled ??= () => {
      this.pulling = false;
      if (this.again) {
        this.again = false;
        this.pull();
      }
    }, this.broken ??= (error) => {
      this.pulling = false;
      this.error(error);
    });
  }

  close() {
    if (this.closing || this.state !== READABLE) throw new TypeError(CLOSED_WORDS);
    this.finish();
  }

  finish() {
    this.closing = true;
    for (const consumer of [...this.consumers]) consumer.finish();
  }

  error(error) {
    if (this.state !== READABLE) return;
    this.state = ERRORED;
    for (const consumer of [...this.consumers]) consumer.fail(error);
  }

  cancel(consumer, reason) {
    this.consumers = this.consumers.filter((other) => other !== consumer);
    if (this.consumers.length > 0) return resolved(undefined);
    if (this.state === READABLE) this.state = CLOSED;
    const { cancelIt } = this;
    this.pullFrom = this.cancelIt = undefined;
    // As in workerd: one that has closed the stream is not told that nobody reads what is left.
    if (cancelIt === undefined || this.closing) return resolved(undefined);
    return new Promise((resolve, reject) =>
      call(cancelIt, this.underlying, reason, NONE, () => resolve(undefined), reject),
    );
  }

  replace(consumer, others) {
    this.consumers = this.consumers.filter((other) => other !== consumer);
    this.consumers.push(...others);
  }
}

export class ValueSource extends Source {
  size = undefined;

  constructor(underlying) {
    super();
    const start = callback(underlying, "start", "UnderlyingSource");
    this.pullFrom = callback(underlying, "pull", "UnderlyingSource");
    this.cancelIt = callback(underlying, "cancel", "UnderlyingSource");
    this.consumers = [new ValueConsumer(this)];
    this.setup = () => this.begin(underlying, start, defaultController(this));
  }

  measure(strategy) {
    const { highWaterMark } = strategy;
    if (highWaterMark !== undefined) this.hwm = amount(highWaterMark);
    this.size = callback(strategy, "size", "StreamQueuingStrategy");
  }

  enqueue(value) {
    if (this.state !== READABLE || this.closing) throw new TypeError("Unable to enqueue");
    let size = 1;
    if (this.size !== undefined) {
      try {
        const { size: sizeOf } = this;
        size = amount(sizeOf(value));
      } catch (error) {
        this.error(error);
        return;
      }
      if (this.state !== READABLE || this.closing) return;
    }
    for (const consumer of this.consumers) consumer.push(value, size);
    this.pull();
  }
}

const MAKE = {};
let defaultController;

export class ReadableStreamDefaultController {
  #source;

  constructor(make = undefined, source = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#source = source;
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
    this.#source.enqueue(chunk);
  }
  error(reason = undefined) {
    if (!(#source in this)) illegal();
    if (arguments.length === 0) throw wrongArgument("error", "ReadableStreamDefaultController", 1, "Value");
    this.#source.error(reason);
  }
  static {
    defaultController = (source) => new this(MAKE, source);
  }
}
shape(ReadableStreamDefaultController);
