// node:repl: nobody types here.
import { Interface } from "node:readline/promises";
import { builtinModules as all } from "node:module";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export function writer() {
  throw ERR_METHOD_NOT_IMPLEMENTED("writer");
}
writer.options = {
  showHidden: false, depth: 2, colors: true, customInspect: true, showProxy: true, maxArrayLength: 100, maxStringLength: 10000,
  breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
};
export function start() {
  throw ERR_METHOD_NOT_IMPLEMENTED("start");
}
export class Recoverable extends SyntaxError {
  err;
  constructor(err) {
    super();
    this.err = err;
  }
}
export class REPLServer extends Interface {
  constructor() {
    super();
    throw ERR_METHOD_NOT_IMPLEMENTED("REPLServer");
  }
  setupHistory(_historyConfig, _callback) {
    throw ERR_METHOD_NOT_IMPLEMENTED("setupHistory");
  }
  defineCommand(_keyword, _cmd) {
    throw ERR_METHOD_NOT_IMPLEMENTED("defineCommand");
  }
  displayPrompt(_preserveCursor) {
    throw ERR_METHOD_NOT_IMPLEMENTED("displayPrompt");
  }
  clearBufferedCommand() {
    throw ERR_METHOD_NOT_IMPLEMENTED("clearBufferedCommand");
  }
}
export const REPL_MODE_SLOPPY = Symbol("repl-sloppy"), REPL_MODE_STRICT = Symbol("repl-strict");
export const builtinModules = all.filter((name) => !name.startsWith("_"));
export const _builtinLibs = builtinModules;
export default { writer, start, Recoverable, REPLServer, builtinModules, _builtinLibs, REPL_MODE_SLOPPY, REPL_MODE_STRICT };
