// Streams: what other rooms of the prelude use of them, and what tenants see.
import { globals as readable } from "internal:streams/readable";
import { globals as writable } from "internal:streams/writable";
import { globals as transform } from "internal:streams/transform";
import { consumerOf } from "internal:streams/readable";
import { sinkOf } from "internal:streams/writable";
import { ByteQueue } from "internal:streams/byte_queue";
import { ByteSink } from "internal:streams/byte_sink";
import { globals as strategy } from "internal:streams/strategy";

export {
  ReadableStream, bodyPart, bytesStream, cancelStream, drain, isDisturbed, isLocked, isStream, lengthOf, moved, pipeStream, readerOf,
  sourceStream, take, teeStream,
} from "internal:streams/readable";
export { WritableStream } from "internal:streams/writable";
export { TransformStream } from "internal:streams/transform";

const STATES = ["readable", "closed", "errored"];
const SINK_STATES = ["writable", "closed", "errored", "erroring"];

// What the console shows of streams besides their accessors.
export function streamFacts(stream) {
  const consumer = consumerOf(stream);
  const isBytes = consumer instanceof ByteQueue;
  const length = isBytes ? consumer.length : null;
  return [
    ["state", STATES[consumer.state]],
    ["supportsBYOB", isBytes],
    ["length", length === null || length === undefined ? undefined : BigInt(consumer.state === 0 ? length : 0)],
  ];
}
export function sinkFacts(stream) {
  const sink = sinkOf(stream);
  return [["state", SINK_STATES[sink.state]], ["expectsBytes", sink instanceof ByteSink]];
}

export const globals = { ...readable, ...writable, ...transform, ...strategy };
