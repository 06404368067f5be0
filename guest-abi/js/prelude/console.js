// console: lines for the log.
import native from "internal:native";

const DEBUG = 0, INFO = 1, LOG = 2, WARN = 3, ERROR = 4;

function line(args) {
  return args
    .map((value) => {
      if (typeof value === "string") return value;
      if (value instanceof Error) return value.stack || String(value);
      if (typeof value === "object" && value !== null) {
        try {
          return JSON.stringify(value) ?? String(value);
        } catch {
          return String(value);
        }
      }
      return String(value);
    })
    .join(" ");
}

const at = (level) => (...args) => native.log(level, line(args));

export const console = {
  debug: at(DEBUG),
  info: at(INFO),
  log: at(LOG),
  warn: at(WARN),
  error: at(ERROR),
  trace: at(LOG),
  assert: (condition, ...args) => {
    if (!condition) native.log(ERROR, `Assertion failed${args.length ? ": " + line(args) : ""}`);
  },
  clear() {},
  count() {},
  countReset() {},
  dir: at(LOG),
  dirxml: at(LOG),
  group() {},
  groupCollapsed() {},
  groupEnd() {},
  table: at(LOG),
  time() {},
  timeEnd() {},
  timeLog() {},
  timeStamp() {},
  profile() {},
  profileEnd() {},
};

export const globals = { console };
