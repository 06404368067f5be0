// node:console: the global with what Node's has beside it, and a console that writes to streams.
import process from "node:process";
import { formatWithOptions, inspect } from "node:util";
import { coded, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, validateArray, validateInteger, validateObject } from "internal:node/errors";

const { console } = globalThis;
const { defineProperty, defineProperties } = Object;
const isConsole = Symbol("kIsConsole"), groupIndentation = Symbol("kGroupIndentationString"), groupWidth = Symbol("kGroupIndentWidth"), colorMode = Symbol("kColorMode"), inspectOptions = Symbol("kInspectOptions"), counts = Symbol("counts");
const MODES = ["auto", true, false];
const noop = () => {};

export function Console(options, ...rest) {
  if (!new.target) return new Console(options, ...rest);
  if (!options || typeof options.write === "function") options = { stdout: options, stderr: rest[0], ignoreErrors: rest[1] };
  const { stdout, stderr = stdout, ignoreErrors = true, colorMode: mode = "auto", inspectOptions: shown, groupIndentation: width } = options;
  for (const [name, stream] of [["stdout", stdout], ["stderr", stderr]]) {
    if (!stream || typeof stream.write !== "function") throw coded(TypeError, "ERR_CONSOLE_WRITABLE_STREAM", `Console expects a writable stream instance for ${name}`);
  }
  if (!MODES.includes(mode)) throw ERR_INVALID_ARG_VALUE("colorMode", mode, "must be one of: 'auto', true, false");
  if (width !== undefined) validateInteger(width, "groupIndentation", 0, 1000);
  if (shown !== undefined) {
    validateObject(shown, "options.inspectOptions");
    if (shown.colors !== undefined && options.colorMode !== undefined) throw coded(Error, "ERR_INCOMPATIBLE_OPTION_PAIR", 'The options "options.inspectOptions.color" and "colorMode" are mutually exclusive.');
  }
  // Methods go without the console that they are of.
  for (const name of Object.keys(Console.prototype)) {
    const method = Console.prototype[name].bind(this);
    defineProperty(method, "name", { value: name });
    this[name] = method;
  }
  const hidden = (value) => ({ value, writable: true, configurable: true });
  defineProperties(this, {
    _stdout: hidden(stdout),
    _stderr: hidden(stderr),
    _ignoreErrors: hidden(Boolean(ignoreErrors)),
    _times: hidden(new Map()),
    _stdoutErrorHandler: hidden(noop),
    _stderrErrorHandler: hidden(noop),
    [isConsole]: hidden(true),
    [counts]: hidden(new Map()),
    [colorMode]: hidden(mode),
    [inspectOptions]: hidden(shown),
    [groupIndentation]: hidden(""),
    [groupWidth]: hidden(width ?? 2),
    [Symbol.toStringTag]: { value: "console", configurable: true },
  });
}
defineProperty(Console, "length", { value: 1 });
defineProperty(Console, Symbol.hasInstance, { value(instance) { return instance === console || Boolean(instance?.[isConsole]); } });

function write(target, stream, text) {
  const indent = target[groupIndentation];
  if (indent !== "") text = indent + text.replaceAll("\n", `\n${indent}`);
  text += "\n";
  if (!target._ignoreErrors) {
    stream.write(text);
    return;
  }
  // What goes wrong in it is nobody's concern.
  stream.once?.("error", noop);
  try {
    stream.write(text, noop);
  } catch {
  } finally {
    stream.removeListener?.("error", noop);
  }
}
const optionsFor = (target) => target[inspectOptions] ?? (target[colorMode] === true ? { colors: true } : {});
const told = (target, args) => formatWithOptions(optionsFor(target), ...args);
const out = (target, ...args) => write(target, target._stdout, told(target, args));
const errors = (target, ...args) => write(target, target._stderr, told(target, args));
const warned = (message) => process.emitWarning(message);

function shownTime(ms) {
  if (ms < 1000) return `${Number(ms.toFixed(3))}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(3)}s`;
  const minutes = Math.floor(ms / 60_000);
  return `${minutes}:${((ms - minutes * 60_000) / 1000).toFixed(3).padStart(6, "0")} (m:ss.mmm)`;
}
function passed(target, label, method, done) {
  label = `${label}`;
  const from = target._times.get(label);
  if (from === undefined) {
    warned(`No such label '${label}' for console.${method}()`);
    return;
  }
  done(`${label}: ${shownTime(performance.now() - from)}`);
  if (method === "timeEnd") target._times.delete(label);
}

const INDEX = "(index)", ITERATION = "(iteration index)", KEY = "Key", VALUES = "Values";
function drawn(head, rows) {
  const widths = head.map((name, at) => Math.max(...[name, ...rows.map((row) => row[at] ?? "")].map((text) => [...text].length)) + 2);
  const line = (left, between, right) => left + widths.map((width) => "─".repeat(width)).join(between) + right;
  const row = (cells) => `│${widths.map((width, at) => ` ${cells[at] ?? ""}${" ".repeat(width - 1 - [...(cells[at] ?? "")].length)}`).join("│")}│`;
  return [line("┌", "┬", "┐"), row(head), line("├", "┼", "┤"), ...rows.map(row), line("└", "┴", "┘")].join("\n");
}
function tableOf(target, data, properties) {
  const deep = (value) => value !== null && typeof value === "object";
  const cell = (value) => inspect(value, { ...optionsFor(target), maxArrayLength: 3, breakLength: Infinity, depth: deep(value) && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0 });
  if (data instanceof Map) return drawn([ITERATION, KEY, VALUES], Array.from(data, ([key, value], at) => [`${at}`, cell(key), cell(value)]));
  if (data instanceof Set) return drawn([ITERATION, VALUES], Array.from(data, (value, at) => [`${at}`, cell(value)]));
  const columns = new Map((properties ?? []).map((name) => [name, []]));
  const values = [], keys = Object.keys(data);
  keys.forEach((key, at) => {
    const item = data[key];
    if (!deep(item) && typeof item !== "function") {
      values[at] = cell(item);
      return;
    }
    for (const name of properties ?? Object.keys(item)) {
      if (!columns.has(name)) columns.set(name, []);
      if (Object.hasOwn(item, name)) columns.get(name)[at] = cell(item[name]);
    }
  });
  if (values.length > 0) columns.set(VALUES, values);
  return drawn([INDEX, ...columns.keys()], keys.map((key, at) => [key, ...Array.from(columns.values(), (column) => column[at] ?? "")]));
}

const methods = {
  log(...args) {
    out(this, ...args);
  },
  info(...args) {
    out(this, ...args);
  },
  debug(...args) {
    out(this, ...args);
  },
  warn(...args) {
    errors(this, ...args);
  },
  error(...args) {
    errors(this, ...args);
  },
  dir(object, options) {
    write(this, this._stdout, inspect(object, { customInspect: false, ...optionsFor(this), ...options }));
  },
  time(label = "default") {
    label = `${label}`;
    if (this._times.has(label)) warned(`Label '${label}' already exists for console.time()`);
    else this._times.set(label, performance.now());
  },
  timeEnd(label = "default") {
    passed(this, label, "timeEnd", (text) => out(this, "%s", text));
  },
  timeLog(label = "default", ...data) {
    passed(this, label, "timeLog", (text) => out(this, "%s", text, ...data));
  },
  trace(...args) {
    const message = told(this, args);
    const stack = String(new Error().stack).split("\n").filter((line) => /^\s*at /.test(line) && !line.includes("node:console"));
    errors(this, "%s", [`Trace${message === "" ? "" : `: ${message}`}`, ...stack].join("\n"));
  },
  assert(expression, ...args) {
    if (expression) return;
    if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift("Assertion failed");
    errors(this, ...args);
  },
  clear() {},
  count(label = "default") {
    label = `${label}`;
    const count = (this[counts].get(label) ?? 0) + 1;
    this[counts].set(label, count);
    out(this, `${label}: ${count}`);
  },
  countReset(label = "default") {
    label = `${label}`;
    if (!this[counts].delete(label)) warned(`Count for '${label}' does not exist`);
  },
  group(...data) {
    if (data.length > 0) out(this, ...data);
    this[groupIndentation] += " ".repeat(this[groupWidth]);
  },
  groupEnd() {
    this[groupIndentation] = this[groupIndentation].slice(this[groupWidth]);
  },
  table(data, properties) {
    if (data === null || typeof data !== "object") {
      out(this, data);
      return;
    }
    if (properties !== undefined) validateArray(properties, "properties");
    out(this, "%s", tableOf(this, data, properties));
  },
};
methods.dirxml = methods.log;
methods.groupCollapsed = methods.group;
for (const name of ["time", "timeEnd", "timeLog", "assert", "count", "countReset"]) defineProperty(methods[name], "length", { value: name === "assert" ? 1 : 0 });
Object.assign(Console.prototype, methods);

export function context() {
  throw ERR_METHOD_NOT_IMPLEMENTED("Console.context");
}
export function createTask() {
  throw ERR_METHOD_NOT_IMPLEMENTED("Console.createTask");
}
Object.assign(console, { _times: new Map(), _ignoreErrors: true, _stderrErrorHandler: noop, _stdoutErrorHandler: noop });
for (const name of ["stderr", "stdout"]) defineProperty(console, `_${name}`, { get: () => process[name], set(value) { defineProperty(console, `_${name}`, { value, writable: true }); }, enumerable: true, configurable: true });
Object.assign(console, { Console, context, createTask });
const bound = {};
for (const name of ["assert", "clear", "count", "countReset", "debug", "dir", "dirxml", "error", "group", "groupCollapsed", "groupEnd", "info", "log", "profile", "profileEnd", "table", "time", "timeEnd", "timeLog", "timeStamp", "trace", "warn"]) bound[name] = console[name].bind(console);
export const { assert, clear, count, countReset, debug, dir, dirxml, error, group, groupCollapsed, groupEnd, info, log, profile, profileEnd, table, time, timeEnd, timeLog, timeStamp, trace, warn } = bound;
export default console;
