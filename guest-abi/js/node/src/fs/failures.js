// What goes wrong with files, in the field's words.
import { coded } from "internal:node/errors";
import { settled } from "./paths.js";

export const TEXTS = { ENOENT: "no such file or directory", EPERM: "operation not permitted", EISDIR: "illegal operation on a directory", ENOTDIR: "not a directory", EEXIST: "file already exists", ENOTEMPTY: "directory not empty", EBADF: "bad file descriptor", ELOOP: "too many symbolic links encountered", EINVAL: "invalid argument", EIO: "input/output error" };
// An absolute path is shown as it was looked up.
export function failed(code, syscall, path, text) {
  if (path !== undefined) path = settled(path);
  const shown = text ?? (path === undefined ? TEXTS[code] : `${TEXTS[code]}, ${syscall} '${path}'`);
  const error = new Error(shown);
  error.syscall = syscall;
  error.code = code;
  if (path !== undefined) error.path = path;
  return error;
}
export function named(code, errno, syscall, path) {
  const error = coded(Error, `ERR_${code}`, `${TEXTS[code]}, ${syscall} '${path}'`);
  error.code = code;
  error.name = "Error";
  delete error.toString;
  return Object.assign(error, { syscall, errno, path });
}
export const noEntry = (syscall, path) => named("ENOENT", -2, syscall, path);

export function unsupported() {
  return coded(Error, "ERR_UNSUPPORTED_OPERATION", "The requested operation is unsupported");
}
