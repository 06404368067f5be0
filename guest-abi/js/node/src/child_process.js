// node:child_process: there are no other processes.
import { EventEmitter } from "node:events";
import { ERR_METHOD_NOT_IMPLEMENTED, validateArray, validateFunction, validateObject, validateString } from "internal:node/errors";

const missing = (name) => ERR_METHOD_NOT_IMPLEMENTED(`child_process.${name}`);

export class ChildProcess extends EventEmitter {
  constructor() {
    super();
    throw missing("ChildProcess");
  }
  disconnect() {
    throw missing("ChildProcess.disconnect");
  }
  kill() {
    return false;
  }
  ref() {
    throw missing("ChildProcess.ref");
  }
  send() {
    throw missing("ChildProcess.send");
  }
  unref() {
    throw missing("ChildProcess.unref");
  }
  [Symbol.dispose]() {
    throw missing("ChildProcess.[Symbol.dispose]");
  }
}
export function _forkChild(fd, serializationMode) {
  throw missing("_forkChild");
}
export function exec(command, options, callback) {
  validateString(command, "command");
  if (options !== undefined && options !== null) validateObject(options, "options");
  if (callback !== undefined && callback !== null) validateFunction(callback, "callback");
  throw missing("exec");
}
export function execFile(file, args, options, callback) {
  throw missing("execFile");
}
export function execFileSync(file, args, options) {
  throw missing("execFileSync");
}
export function execSync(command, options) {
  throw missing("execSync");
}
export function fork(modulePath, args, options) {
  if (Array.isArray(args)) {
    if (options !== undefined && options !== null) validateObject(options, "options");
  } else if (args !== undefined && args !== null && typeof args !== "object") validateArray(args, "args");
  throw missing("fork");
}
export function spawn() {
  throw missing("spawn");
}
export function spawnSync(command, args, options) {
  validateString(command, "command");
  throw missing("spawnSync");
}
export default { ChildProcess, _forkChild, exec, execFile, execFileSync, execSync, fork, spawn, spawnSync };
