// TransformStream and the transforms of the platform.
import { flag, insideHandler, scope } from "internal:errors";
import { text as asText } from "internal:platform";
import { amount, callback, dictionary, wrongArgument, wrongInit } from "internal:arguments";
import { illegal, member, shape } from "internal:shape";
import { NONE, call, rejected, resolved, RESOLVED } from "internal:streams/promises";
import { Source, ValueConsumer } from "internal:streams/value_source";
import { streamOf } from "internal:streams/readable";
import { ValueSink, writableOf } from "internal:streams/writable";
import { CompressionSink, IdentitySink } from "internal:streams/byte_sink";
import { bytesOf } from "internal:streams/byte_queue";
import { decoderFor, encodeText } from "internal:streams/text";

const READABLE = 0;
const MAKE = {};

// The readable side: it is filled by the transformer, when somebody wants something.
class Output extends Source {
  size = undefined;
  hwm = 0;

  constructor(transform, strategy) {
    super();
    this.transform = transform;
    this.started = true;
    this.consumers = [new ValueConsumer(this)];
    if (strategy !== undefined) {
      const { highWaterMark } = strategy;
      if (highWaterMark !== undefined) this.hwm = amount(highWaterMark);
      this.size = callback(strategy, "size", "StreamQueuingStrategy");
    }
  }
  pull() {
    if (this.wanted) this.transform.resume();
  }
  cancel(consumer, reason) {
    this.consumers = this.consumers.filter((other) => other !== consumer);
    if (this.consumers.length > 0) return resolved(undefined);
    this.state = 1;
    return this.transform.cancelled(reason);
  }
}

// The writable side: it waits until somebody wants what comes of a write.
class Input extends ValueSink {
  hwm = 1;

  constructor(transform, strategy) {
    super();
    if (strategy !== undefined) this.measure(strategy);
    this.underlying = transform;
    this.writeTo = transform.write;
    this.closeIt = transform.close;
    this.abortIt = transform.abort;
  }
}

// A transform in the middle of its two ends.
class Transform {
  output;
  input;
  controller = null;
  transformer;
  transformIt;
  flushIt;
  cancelIt;
  // A write that waits for a reader.
  waiting = null;

  constructor(transformer, writableStrategy, readableStrategy) {
    const { readableType, writableType } = transformer;
    for (const type of [readableType, writableType]) if (type !== undefined) asText(type);
    const start = callback(transformer, "start", "Transformer");
    this.transformIt = callback(transformer, "transform", "Transformer");
    this.flushIt = callback(transformer, "flush", "Transformer");
    this.cancelIt = callback(transformer, "cancel", "Transformer");
    const { expectedLength } = transformer;
    if (expectedLength !== undefined) amount(expectedLength);
    if (readableType !== undefined) throw new TypeError("transformer.readableType must be undefined.");
    if (writableType !== undefined) throw new TypeError("transformer.writableType must be undefined.");
    this.transformer = transformer;
    this.output = new Output(this, readableStrategy);
    this.input = new Input(this, writableStrategy);
    this.setup = () => {
      this.controller = controllerOf(this);
      if (start === undefined) {
        RESOLVED.then(() => this.input.ready());
        return;
      }
      this.output.started = false;
      call(start, transformer, this.controller, NONE, () => {
        this.output.started = true;
        this.input.ready();
      }, (error) => {
        this.output.error(error);
        this.input.fail(error);
        this.resume();
        this.input.notReady(error);
      });
    };
  }

  // Whether nobody wants more.
  get full() {
    return !this.output.wanted;
  }

  resume() {
    const { waiting } = this;
    if (waiting !== null) {
      this.waiting = null;
      waiting();
    }
  }

  // The three functions below are called as an underlying sink's.
  write(chunk) {
    if (this.full && this.output.state === READABLE && !this.output.closing) {
      return new Promise((resolve) => (this.waiting = resolve)).then(() => {
        if (this.input.failed && !this.input.isCut) throw this.input.error;
        return this.run(chunk);
      });
    }
    return this.run(chunk);
  }

  run(chunk) {
    const { transformIt } = this;
    if (transformIt === undefined) {
      this.enqueue(chunk);
      return undefined;
    }
    let result;
    try {
      result = transformIt.call(this.transformer, chunk, this.controller);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    if (typeof result?.then !== "function") return undefined;
    return resolvedWith(result).then(undefined, (error) => {
      this.fail(error);
      throw error;
    });
  }

  close() {
    const end = () => {
      if (this.output.state === READABLE && !this.output.closing) this.output.finish();
    };
    const { flushIt } = this;
    if (flushIt === undefined) return end();
    return new Promise((resolve, reject) => {
      call(flushIt, this.transformer, this.controller, NONE, resolve, reject);
    }).then(end, (error) => {
      this.fail(error);
      throw error;
    });
  }

  abort(reason) {
    return this.tell(reason, () => this.output.error(reason), (error) => this.output.error(error));
  }

  // Nobody reads on.
  cancelled(reason) {
    return this.tell(reason, () => this.stop(reason), (error) => this.stop(error));
  }

  tell(reason, good, bad) {
    const { cancelIt } = this;
    this.cancelIt = this.flushIt = undefined;
    if (cancelIt === undefined) {
      good();
      return resolved(undefined);
    }
    return new Promise((resolve, reject) => {
      call(cancelIt, this.transformer, reason, NONE, resolve, reject);
    }).then(() => good(), (error) => {
      bad(error);
      throw error;
    });
  }

  enqueue(chunk) {
    const { output } = this;
    if (output.state !== READABLE || output.closing) {
      throw new TypeError("The readable side of this TransformStream is no longer readable.");
    }
    let size = 1;
    if (output.size !== undefined) {
      try {
        const { size: sizeOf } = output;
        size = amount(sizeOf(chunk));
      } catch (error) {
        // As in workerd: who writes hears nothing of it.
        output.error(error);
        return;
      }
      if (output.state !== READABLE || output.closing) return;
    }
    for (const consumer of output.consumers) consumer.push(chunk, size);
  }

  fail(error) {
    this.output.error(error);
    this.stop(error);
  }

  // Nothing comes of what is written from now on.
  stop(error) {
    this.transformIt = this.flushIt = this.cancelIt = undefined;
    this.input.cut(error);
    this.resume();
  }

  terminate() {
    const { output } = this;
    if (output.state === READABLE && !output.closing) output.finish();
    this.stop(new TypeError("The transform stream has been terminated"));
  }
}

let controllerOf;

export class TransformStreamDefaultController {
  #transform;

  constructor(make = undefined, transform = undefined) {
    if (make !== MAKE) throw new TypeError("Illegal constructor");
    this.#transform = transform;
  }
  get desiredSize() {
    if (!(#transform in this)) illegal();
    const { output } = this.#transform;
    return output.closing || output.state !== READABLE ? null : output.desired;
  }
  enqueue(chunk = undefined) {
    if (!(#transform in this)) illegal();
    if (arguments.length === 0) throw wrongArgument("enqueue", "TransformStreamDefaultController", 1, "Value");
    this.#transform.enqueue(chunk);
  }
  error(reason = undefined) {
    if (!(#transform in this)) illegal();
    if (arguments.length === 0) throw wrongArgument("error", "TransformStreamDefaultController", 1, "Value");
    this.#transform.fail(reason);
  }
  terminate() {
    if (!(#transform in this)) illegal();
    this.#transform.terminate();
  }
  static {
    controllerOf = (transform) => new this(MAKE, transform);
  }
}
shape(TransformStreamDefaultController);
const enqueue = member(TransformStreamDefaultController, "enqueue");

export class TransformStream {
  #readable;
  #writable;

  constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
    if (transformer === MAKE) {
      this.#readable = writableStrategy;
      this.#writable = readableStrategy;
      return;
    }
    const transform = new Transform(
      dictionary(transformer, "TransformStream", 1, "Transformer") ?? {},
      dictionary(writableStrategy, "TransformStream", 2, "StreamQueuingStrategy"),
      dictionary(readableStrategy, "TransformStream", 3, "StreamQueuingStrategy"),
    );
    this.#readable = streamOf(transform.output.consumers[0]);
    this.#writable = writableOf(transform.input);
    transform.setup();
  }
  get readable() {
    if (!(#readable in this)) illegal();
    return this.#readable;
  }
  get writable() {
    if (!(#readable in this)) illegal();
    return this.#writable;
  }
}
shape(TransformStream);

// The ends of one.
export const readableOf = member(TransformStream, "readable");
export const writableEndOf = member(TransformStream, "writable");

// An object of another class that is a TransformStream with these ends.
const made = (target, queue, sink) =>
  Reflect.construct(TransformStream, [MAKE, streamOf(queue), writableOf(sink)], target);
// A first chunk is taken at once where backpressure is not the standard's.
const transforming = (target, transformer) => {
  const strategy = flag("encoder_stream_spec_compliant_backpressure") ? undefined : { highWaterMark: 1 };
  return Reflect.construct(TransformStream, [transformer, undefined, strategy], target);
};

export class IdentityTransformStream {
  constructor(strategy = undefined) {
    const options = dictionary(strategy, "IdentityTransformStream", 1, "QueuingStrategy");
    if (scope.global) insideHandler();
    const sink = new IdentitySink();
    if (options?.highWaterMark !== undefined) sink.hwm = amount(options.highWaterMark);
    return made(new.target, sink.queue, sink);
  }
}
shape(IdentityTransformStream);
Object.setPrototypeOf(IdentityTransformStream.prototype, TransformStream.prototype);

export class FixedLengthStream {
  constructor(expectedLength = undefined, strategy = undefined) {
    if (expectedLength === undefined && arguments.length === 0) throw wrongInit("FixedLengthStream", 1, "bigint");
    const length = amount(expectedLength);
    if (length >= 2 ** 53) throw new TypeError("FixedLengthStream requires an integer expected length less than 2^53.");
    const options = dictionary(strategy, "FixedLengthStream", 2, "QueuingStrategy");
    if (scope.global) insideHandler();
    const sink = new IdentitySink();
    if (options?.highWaterMark !== undefined) sink.hwm = Math.min(amount(options.highWaterMark), length);
    sink.rest = sink.queue.length = length;
    return made(new.target, sink.queue, sink);
  }
}
shape(FixedLengthStream);
Object.setPrototypeOf(FixedLengthStream.prototype, IdentityTransformStream.prototype);

// ---- Text ----

const lead = /[\ud800-\udbff]$/;

// Those of the class below.
const encoders = new WeakSet();

export class TextEncoderStream {
  constructor() {
    let rest = "";
    const stream = transforming(new.target, {
      transform(chunk, controller) {
        let text = rest + `${chunk}`;
        rest = "";
        if (lead.test(text)) {
          rest = text.slice(-1);
          text = text.slice(0, -1);
        }
        if (text !== "") enqueue(controller, encodeText(text));
      },
      flush(controller) {
        if (rest !== "") enqueue(controller, new Uint8Array([0xef, 0xbf, 0xbd]));
      },
    });
    encoders.add(stream);
    return stream;
  }
  get encoding() {
    if (!encoders.has(this)) illegal();
    return "utf-8";
  }
}
shape(TextEncoderStream);
Object.setPrototypeOf(TextEncoderStream.prototype, TransformStream.prototype);

const NOT_A_SOURCE =
  "This TransformStream is being used as a byte stream, but received a value that is not a BufferSource.";

// What each TextDecoderStream decodes with.
const decoders = new WeakMap();

export class TextDecoderStream {
  constructor(label = "utf-8", options = undefined) {
    const given = dictionary(options, "TextDecoderStream", 2, "TextDecoderStreamInit");
    // Options that do not say otherwise refuse what is malformed, unlike no options.
    const { fatal = true, ignoreBOM = false } = given ?? { fatal: false };
    const [decoder, decode] = decoderFor(`${label}`, Boolean(fatal), Boolean(ignoreBOM));
    const stream = transforming(new.target, {
      transform(chunk, controller) {
        const bytes = bytesOf(chunk);
        if (bytes === null) throw new TypeError(NOT_A_SOURCE);
        const text = decode(bytes);
        if (text !== "") enqueue(controller, text);
      },
      flush(controller) {
        const text = decode();
        if (text !== "") enqueue(controller, text);
      },
    });
    decoders.set(stream, decoder);
    return stream;
  }
  get encoding() {
    return decoderOf(this).encoding;
  }
  get fatal() {
    return decoderOf(this).fatal;
  }
  get ignoreBOM() {
    return decoderOf(this).ignoreBOM;
  }
}
function decoderOf(stream) {
  const decoder = decoders.get(stream);
  if (decoder === undefined) illegal();
  return decoder;
}
shape(TextDecoderStream);
Object.setPrototypeOf(TextDecoderStream.prototype, TransformStream.prototype);

// ---- Compression ----

const FORMATS = { __proto__: null, gzip: 0, deflate: 1, "deflate-raw": 2 };

function compression(target, format, expand, given) {
  if (given === 0) throw wrongInit(expand ? "DecompressionStream" : "CompressionStream", 1, "string");
  const number = FORMATS[`${format}`];
  if (number === undefined) {
    throw new TypeError("The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.");
  }
  if (scope.global) insideHandler();
  const sink = new CompressionSink(number, expand);
  return made(target, sink.queue, sink);
}

export class CompressionStream {
  constructor(format = undefined) {
    return compression(new.target, format, false, arguments.length);
  }
}
shape(CompressionStream);
Object.setPrototypeOf(CompressionStream.prototype, TransformStream.prototype);

// Compresses to Brotli, for which there is no CompressionStream: quality, window, mode.
export function brotliStream() {
  const sink = new CompressionSink(3, false, [4, 18, 0]);
  return made(CompressionStream, sink.queue, sink);
}

export class DecompressionStream {
  constructor(format = undefined) {
    return compression(new.target, format, true, arguments.length);
  }
}
shape(DecompressionStream);
Object.setPrototypeOf(DecompressionStream.prototype, TransformStream.prototype);

export const globals = {
  TransformStream,
  TransformStreamDefaultController,
  IdentityTransformStream,
  FixedLengthStream,
  TextEncoderStream,
  TextDecoderStream,
  CompressionStream,
  DecompressionStream,
};
