// Streams: what other rooms of the prelude use of them, and what tenants see.
import { globals as readable } from "internal:streams/readable";
import { globals as writable } from "internal:streams/writable";
import { globals as transform } from "internal:streams/transform";
import { globals as strategy } from "internal:streams/strategy";

export { ReadableStream, bodyPart, bytesStream, drain, isDisturbed, lengthOf, moved, sourceStream, take } from "internal:streams/readable";
export { WritableStream } from "internal:streams/writable";
export { TransformStream } from "internal:streams/transform";

export const globals = { ...readable, ...writable, ...transform, ...strategy };
