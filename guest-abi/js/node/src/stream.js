// node:stream: readable-stream, which is Node's own.
import "./streamerrors.js";
import streams from "readable-stream/lib/ours/index.js";
import { pipelineImpl } from "readable-stream/lib/internal/streams/pipeline.js";
import native from "internal:native";
import { AbortError } from "internal:node/errors";
import { addWebStreams } from "./webstreams.js";
import promisesModule from "node:stream/promises";

const { Readable, Writable, Duplex, Transform, PassThrough, Stream, addAbortSignal, finished, pipeline, compose, destroy, isDestroyed, isDisturbed, isErrored, isReadable, isWritable, getDefaultHighWaterMark, setDefaultHighWaterMark, _isUint8Array, _uint8ArrayToBuffer } = streams;
addWebStreams(Readable, Writable, Duplex);
// What the package adds to the class is the module's alone.
const OWN = ["ReadableState", "_fromList", "toWeb", "fromWeb", "wrap", "from"];
for (const name of Object.keys(Readable)) if (!OWN.includes(name)) delete Readable[name];
native.order(Readable, ["length", "name", "prototype", ...OWN]);
setDefaultHighWaterMark(false, 64 * 1024);

// What is not over when a stream is disposed of ends with an AbortError.
async function dispose() {
  const isOver = (this.writable === undefined || this.writableFinished) && (this.readable === undefined || this.readableEnded);
  let error;
  if (!this.destroyed) this.destroy((error = isOver ? null : new AbortError()));
  await new Promise((resolve, reject) => finished(this, (failed) => (failed && failed !== error ? reject(failed) : resolve())));
}
Object.defineProperty(dispose, "name", { value: "" });
for (const Class of [Writable, Duplex]) Object.defineProperty(Class.prototype, Symbol.asyncDispose, { value: dispose, writable: true, configurable: true });

// Chunks may be views of any kind.
Stream._isUint8Array = { isUint8Array(value) { return ArrayBuffer.isView(value); } }.isUint8Array;
Stream._uint8ArrayToBuffer = { _uint8ArrayToBuffer(chunk) { return globalThis.Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength); } }._uint8ArrayToBuffer;
Object.defineProperty(promisesModule, Symbol.for("postern.pipeline"), { value: pipelineImpl });

export const _isArrayBufferView = { isArrayBufferView(value) { return ArrayBuffer.isView(value); } }.isArrayBufferView;
export function duplexPair(options) {
  const kCallback = Symbol("callback"), kOther = Symbol("other");
  class Side extends Duplex {
    [kCallback] = null;
    [kOther] = null;
    _read() {
      const callback = this[kCallback];
      if (callback) {
        this[kCallback] = null;
        callback();
      }
    }
    _write(chunk, encoding, callback) {
      if (chunk.length === 0) queueMicrotask(callback);
      else {
        this[kOther].push(chunk);
        this[kOther][kCallback] = callback;
      }
    }
    _final(callback) {
      this[kOther].on("end", callback);
      this[kOther].push(null);
    }
  }
  const one = new Side(options), other = new Side(options);
  one[kOther] = other;
  other[kOther] = one;
  return [one, other];
}
for (const [name, value] of Object.entries({ duplexPair, getDefaultHighWaterMark, setDefaultHighWaterMark, isDestroyed, isWritable, _isArrayBufferView })) if (Stream[name] === undefined) Stream[name] = value;
native.order(Stream, `
  length name prototype Stream _isUint8Array _isArrayBufferView _uint8ArrayToBuffer addAbortSignal compose destroy finished isReadable isWritable isErrored
  isDisturbed pipeline Writable Readable Duplex Transform PassThrough promises getDefaultHighWaterMark setDefaultHighWaterMark isDestroyed duplexPair`.trim().split(/\s+/));
export const promises = promisesModule;
export { Readable, Writable, Duplex, Transform, PassThrough, Stream, addAbortSignal, finished, pipeline, compose, destroy, isDestroyed, isDisturbed, isErrored, isReadable, isWritable, getDefaultHighWaterMark, setDefaultHighWaterMark, _isUint8Array, _uint8ArrayToBuffer };
export default Stream;
