// console: lines for the log. Only five of its methods write any (spec: FEATURES F297).
import native from "internal:native";
import { format } from "internal:inspect";
import { DOMException } from "internal:errors";
import { plain } from "internal:platform";

const CHANNEL = 5;
const LEVELS = { debug: 0, error: 4, info: 1, log: 2, warn: 3 };

function write(level, args) {
  if (args.length === 1 && typeof args[0] === "string") {
    native.log(level, args[0]);
    return;
  }
  if (native.logPlain(level, args, args.length)) return;
  let line;
  try {
    line = format(args);
  } catch (error) {
    line = `<Formatting threw (${error?.stack ?? error})>`;
  }
  try {
    native.logValues(valuesOf(args));
  } catch {
    // The text says it alone.
  }
  native.log(level, line);
}

const { stringify } = JSON;
const { getPrototypeOf } = Object;
const objectPrototype = Object.prototype;

// What tail events tell of one argument (spec: SEMANTICS §17), as JSON: arrays, plain objects and
// what has toJSON() as JSON has them, other objects as text.
function jsonOf(value) {
  if (typeof value === "symbol") return "{}";
  if (typeof value === "bigint" || typeof value === "function") return stringify(`${value}`);
  if (typeof value !== "object" || value === null) return stringify(value) ?? "null";
  try {
    const proto = getPrototypeOf(value);
    const asJson = isArray(value) || proto === objectPrototype || proto === null || typeof value.toJSON === "function";
    return (asJson ? stringify(value) : stringify(`${value}`)) ?? "null";
  } catch {
    return "{}";
  }
}

const textOf = (value) => (typeof value === "string" ? value : "");

// The lines of a stack that are frames.
function framesOf(stack) {
  const at = stack.startsWith("    at ") ? 0 : stack.indexOf("\n    at ") + 1;
  return at === 0 && !stack.startsWith("    at ") ? "" : stack.slice(at);
}

function errorOf(value) {
  if ((typeof value !== "object" && typeof value !== "function") || !(value instanceof Error) || value instanceof DOMException) return "null";
  try {
    return stringify({ name: textOf(value.name), message: textOf(value.message), stack: framesOf(textOf(value.stack)) });
  } catch {
    return "null";
  }
}

// The same of whatever was thrown.
function exceptionOf(value) {
  const [name, message, stack] = native.thrown(value);
  return stringify({ name, message, stack });
}

// What the line is made of.
function valuesOf(args) {
  let message = "";
  let errors = "";
  let hasErrors = false;
  for (let i = 0; i < args.length; i++) {
    const comma = i === 0 ? "" : ",";
    const error = errorOf(args[i]);
    message += comma + jsonOf(args[i]);
    errors += comma + error;
    hasErrors ||= error !== "null";
  }
  return hasErrors ? `{"message":[${message}],"errorInfo":[${errors}]}` : `[${message}]`;
}

// Tells what was published to a channel of node:diagnostics_channel.
export function published(channel, message) {
  native.logValues(`[${jsonOf(message)}]`);
  native.log(CHANNEL, `${channel}`);
}

// The five that write have no names in V8, and can be constructed.
const writing = (level) =>
  function (...args) {
    write(level, args);
  };


export const console = {};
for (const name of [
  "debug", "error", "info", "log", "warn", "dir", "dirxml", "table", "trace", "group", "groupCollapsed", "groupEnd", "clear",
  "count", "countReset", "assert", "profile", "profileEnd", "time", "timeLog", "timeEnd", "timeStamp",
]) {
  const level = LEVELS[name];
  console[name] = level === undefined ? { [name]() {} }[name] : writing(level);
  if (level === undefined) plain(console[name]);
  else Object.defineProperty(console[name], "name", { value: "", configurable: true });
}
console.context = {
  context(_name) {
    return console;
  },
}.context;
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
// V8's console inherits from an object that is empty.
Object.setPrototypeOf(console, {});

// Tells the log of an error that nobody caught.
// Where nobody answers for it, tail events have it among their exceptions and not among lines.
export function logUncaught(error, what = "Uncaught") {
  let text;
  try {
    text = `${what} ${typeof error === "string" ? error : format([error])}`;
  } catch {
    text = `${what} exception`;
  }
  native.logValues(`{"uncaught":${what === "Uncaught" ? exceptionOf(error) : null}}`);
  native.log(LEVELS.error, text);
}

// The same of one that a callback of the platform's threw.
export const reportUncaught = (error) => logUncaught(error);

// The same of what an event waited for, or of one of its timers: an event without an answer has failed then. What is
// held is told when the event is over, and the others before it.
export function failWaiting(flight, error) {
  if (!flight?.isJob || flight.over) return logUncaught(error);
  if (flight.failure !== null) logUncaught(flight.failure[0]);
  flight.failure = [error];
}

export const own = { console };
