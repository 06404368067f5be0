// node:stream/promises. It is loaded before node:stream is evaluated, which needs it.
import native from "internal:native";
const streams = () => native.builtin("node:stream").default;

export function finished(stream) {
  const options = arguments[1];
  return new Promise((resolve, reject) => streams().finished(stream, options ?? {}, (error) => (error ? reject(error) : resolve())));
}
export function pipeline(...parts) {
  return new Promise((resolve, reject) => {
    const last = parts.at(-1);
    let options = {};
    if (last && typeof last === "object" && typeof last.pipe !== "function" && typeof last[Symbol.asyncIterator] !== "function" && typeof last[Symbol.iterator] !== "function" && typeof last.getWriter !== "function" && typeof last.getReader !== "function") options = parts.pop();
    if (options.signal) {
      if (options.signal.aborted) {
        const error = new Error("The operation was aborted", { cause: options.signal.reason });
        return reject(Object.assign(error, { name: "AbortError", code: "ABORT_ERR" }));
      }
      streams().addAbortSignal(options.signal, parts.at(-1));
    }
    streams().pipeline(...parts, (error, value) => (error ? reject(error) : resolve(value)));
  });
}
export const promises = { finished, pipeline };
export default promises;
