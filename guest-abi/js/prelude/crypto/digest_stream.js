// crypto.DigestStream: a WritableStream whose digest is a promise.
import native from "internal:native";
import * as streams from "internal:streams";
import { platform, wrongConstructorParameter } from "internal:platform";
import { ILLEGAL } from "internal:shape";
import { hashAlgorithm, hashOf, isBytes, settled } from "internal:crypto/arguments";

const { WritableStream } = streams;
const { construct } = Reflect;
const SUMS = { CRC32: 5, CRC32C: 6, CRC64NVME: 7 };

const states = new WeakMap();
const reflect = Reflect.apply;
const recall = WeakMap.prototype.get;

function stateOf(stream) {
  const state = typeof stream === "object" && stream !== null ? reflect(recall, states, [stream]) : undefined;
  if (state === undefined) throw new TypeError(ILLEGAL);
  return state;
}

const NOT_BYTES =
  "DigestStream is a byte stream but received an object of non-ArrayBuffer/ArrayBufferView/string type on its writable side.";

function sinkOf(state) {
  return {
    write(chunk) {
      if (typeof chunk !== "string" && !isBytes(chunk)) throw new TypeError(NOT_BYTES);
      if (state.error !== undefined) throw state.error.reason;
      if (state.running === null) return;
      const length = native.bytesIn(chunk);
      if (length === 0) return;
      settled(native.hashUpdate(state.running, chunk));
      state.written += BigInt(length);
    },
    close() {
      if (state.error !== undefined) throw state.error.reason;
      if (state.running === null) return;
      const digest = settled(native.hashEnd(state.running));
      state.running = null;
      state.resolve(digest);
    },
    abort(reason) {
      fail(state, reason);
    },
  };
}

function fail(state, reason) {
  if (state.running === null) return;
  state.running = null;
  state.error = { reason };
  state.reject(reason);
}

export class DigestStream {
  constructor(algorithm) {
    if (arguments.length === 0) throw wrongConstructorParameter("DigestStream", 1, "string or HashAlgorithm");
    const { name } = hashAlgorithm(algorithm);
    const number = SUMS[name.toUpperCase()] ?? hashOf(name)[0];
    const state = { running: settled(native.hashBegin(number)), written: 0n, error: undefined };
    state.digest = new Promise((resolve, reject) => {
      state.resolve = resolve;
      state.reject = reject;
    });
    const stream = construct(WritableStream, [sinkOf(state)], new.target);
    states.set(stream, state);
    return stream;
  }

  get digest() {
    return stateOf(this).digest;
  }

  get bytesWritten() {
    return stateOf(this).written;
  }
}

if (Symbol.dispose !== undefined) {
  Object.defineProperty(DigestStream.prototype, Symbol.dispose, {
    value: {
      [""]() {
        fail(stateOf(this), new TypeError("The DigestStream was disposed."));
      },
    }[""],
    writable: true,
    configurable: true,
  });
}
// Its class is not a subclass, its objects are.
if (WritableStream !== undefined) Object.setPrototypeOf(DigestStream.prototype, WritableStream.prototype);
platform(DigestStream);
