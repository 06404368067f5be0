// The errors of readable-stream, made as this folder's others are. It takes them while it is evaluated.
import errors from "readable-stream/lib/ours/errors.js";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_RETURN_VALUE, ERR_METHOD_NOT_IMPLEMENTED, ERR_MISSING_ARGS, ERR_OUT_OF_RANGE, ERR_UNKNOWN_ENCODING } from "internal:node/errors";

const plain = (Base, code, message) => (...args) => coded(Base, code, args.length === 0 ? message : message.replace("%s", args[0]));
const made = {
  // What a stream takes is more than the package's texts say.
  ERR_INVALID_ARG_TYPE: (name, expected, actual) => ERR_INVALID_ARG_TYPE(name, name === "chunk" ? ["string", "Buffer", "TypedArray", "DataView"] : expected, actual),
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_RETURN_VALUE,
  ERR_METHOD_NOT_IMPLEMENTED,
  ERR_OUT_OF_RANGE: (name, range, input) => ERR_OUT_OF_RANGE(name === "options.concurrency" ? "concurrency" : name, range, input),
  ERR_UNKNOWN_ENCODING,
  ERR_MISSING_ARGS,
  ERR_MULTIPLE_CALLBACK: plain(Error, "ERR_MULTIPLE_CALLBACK", "Callback called multiple times"),
  ERR_STREAM_ALREADY_FINISHED: plain(Error, "ERR_STREAM_ALREADY_FINISHED", "Cannot call %s after a stream was finished"),
  ERR_STREAM_CANNOT_PIPE: plain(Error, "ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable"),
  ERR_STREAM_DESTROYED: plain(Error, "ERR_STREAM_DESTROYED", "Cannot call %s after a stream was destroyed"),
  ERR_STREAM_NULL_VALUES: plain(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream"),
  ERR_STREAM_PREMATURE_CLOSE: plain(TypeError, "ERR_STREAM_PREMATURE_CLOSE", "Premature close"),
  ERR_STREAM_PUSH_AFTER_EOF: plain(Error, "ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF"),
  ERR_STREAM_UNSHIFT_AFTER_END_EVENT: plain(Error, "ERR_STREAM_UNSHIFT_AFTER_END_EVENT", "stream.unshift() after end event"),
  ERR_STREAM_WRITE_AFTER_END: plain(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end"),
};
for (const [code, make] of Object.entries(made)) {
  errors.codes[code] = function (...args) {
    return make(...args);
  };
}
