// node:stream/promises. It is loaded before node:stream is evaluated, which needs it.
import native from "internal:native";
import { validateBoolean } from "internal:node/errors";
const streams = () => native.builtin("node:stream").default;

export function finished(stream, opts) {
  let cleanup = false;
  if (opts?.cleanup !== undefined) {
    validateBoolean(opts.cleanup, "cleanup");
    ({ cleanup } = opts);
  }
  return new Promise((resolve, reject) => {
    const stop = streams().finished(stream, opts ?? {}, (error) => {
      if (cleanup) stop();
      if (error) reject(error);
      else resolve();
    });
  });
}
export function pipeline(...parts) {
  return new Promise((resolve, reject) => {
    const last = parts.at(-1);
    let options = {};
    if (last && typeof last === "object" && typeof last.pipe !== "function" && typeof last[Symbol.asyncIterator] !== "function" && typeof last[Symbol.iterator] !== "function" && typeof last.getWriter !== "function" && typeof last.getReader !== "function") options = parts.pop();
    streams();
    promises[Symbol.for("postern.pipeline")](parts, (error, value) => (error ? reject(error) : resolve(value)), { signal: options.signal, end: options.end });
  });
}
Object.defineProperty(finished, "length", { value: 1 });
export const promises = { pipeline, finished };
export default promises;
