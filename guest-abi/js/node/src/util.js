// node:util. Inspection is node-inspect-extracted's.
import native from "internal:native";
import { scope } from "internal:errors";
import { inspect as show, format as line } from "internal:inspect";
import types from "node:util/types";
import { ERR_FALSY_VALUE_REJECTION, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, ERR_OUT_OF_RANGE, validateFunction, validateNumber, validateObject, validateString } from "internal:node/errors";
import { isDeepStrictEqual } from "internal:node/deep";
import { MIMEParams, MIMEType } from "./mime.js";
import { byErrno, NAMES } from "./errno.js";
import { later } from "./later.js";

export { types, isDeepStrictEqual, MIMEType, MIMEParams };

// The whole of Node's inspection, which few need.
const full = () => native.builtin("internal:node/inspect");
const own = ["depth", "showHidden"];
const isPlain = (options) => Object.keys(options).every((key) => own.includes(key) || options[key] === undefined);

export function inspect(value, options) {
  if (arguments.length > 2 || typeof options === "boolean") {
    options = { showHidden: options || undefined, depth: arguments[2], colors: arguments[3] };
    if (options.depth === undefined) delete options.depth;
  }
  if (options === undefined || options === null || isPlain(options)) return show(value, options ?? undefined);
  return full().inspect(value, options);
}
inspect.custom = Symbol.for("nodejs.util.inspect.custom");
for (const name of ["colors", "styles", "defaultOptions"]) {
  Object.defineProperty(inspect, name, {
    get: () => full().inspect[name],
    set(value) {
      full().inspect[name] = value;
    },
    enumerable: true,
    configurable: true,
  });
}
export function format(...args) {
  return args.length === 0 ? "" : line(args);
}
export function formatWithOptions(options, ...args) {
  validateObject(options, "inspectOptions");
  if (Object.values(options).every((value) => value === undefined)) return format(...args);
  return full().formatWithOptions(options, ...args);
}

export function stripVTControlCharacters(text) {
  validateString(text, "str");
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u001B\u009B][[\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\d\/\#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d\/\#&.:=?%@~_]*)*)?(?:\u0007|\u001B\u005C|\u009C))|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]))/g, "");
}

const custom = Symbol.for("nodejs.util.promisify.custom");
export function promisify(original) {
  validateFunction(original, "original");
  const own = original[custom];
  if (own) {
    validateFunction(own, "util.promisify.custom");
    return Object.defineProperty(own, custom, { value: own, enumerable: false, writable: false, configurable: true });
  }
  const names = original[Symbol.for("nodejs.util.promisify.custom.args")];
  function fn(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error, ...values) => {
        if (error) return reject(error);
        if (names !== undefined && values.length > 1) resolve(Object.fromEntries(names.map((name, at) => [name, values[at]])));
        else resolve(values[0]);
      }]);
    });
  }
  Object.setPrototypeOf(fn, Object.getPrototypeOf(original));
  Object.defineProperty(fn, custom, { value: fn, enumerable: false, writable: false, configurable: true });
  const properties = Object.getOwnPropertyDescriptors(original);
  return Object.defineProperties(fn, properties);
}
promisify.custom = custom;

export function callbackify(original) {
  validateFunction(original, "original");
  function callbackified(...args) {
    const callback = args.pop();
    validateFunction(callback, "last argument");
    const done = callback.bind(this);
    Reflect.apply(original, this, args).then(
      (value) => later(done, null, value),
      (error) => later(done, error || ERR_FALSY_VALUE_REJECTION(error)),
    );
  }
  const properties = Object.getOwnPropertyDescriptors(original);
  if (typeof properties.length.value === "number") properties.length.value++;
  if (typeof properties.name.value === "string") properties.name.value += "Callbackified";
  return Object.defineProperties(callbackified, properties);
}

export function inherits(ctor, superCtor) {
  if (ctor === undefined || ctor === null) throw ERR_INVALID_ARG_TYPE("ctor", "Function", ctor);
  if (superCtor === undefined || superCtor === null) throw ERR_INVALID_ARG_TYPE("superCtor", "Function", superCtor);
  if (superCtor.prototype === undefined) throw ERR_INVALID_ARG_TYPE("superCtor.prototype", "Object", superCtor.prototype);
  Object.defineProperty(ctor, "super_", { value: superCtor, writable: true, configurable: true });
  Object.setPrototypeOf(ctor.prototype, superCtor.prototype);
}

export function deprecate(fn, message, code, options) {
  validateFunction(fn, "fn");
  if (code !== undefined) validateString(code, "code");
  let warned = false;
  function deprecated(...args) {
    if (!warned) {
      warned = true;
      console.warn(code !== undefined ? `[${code}] DeprecationWarning: ${message}` : `DeprecationWarning: ${message}`);
    }
    return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
  }
  Object.setPrototypeOf(deprecated, fn);
  if (fn.prototype) deprecated.prototype = fn.prototype;
  return deprecated;
}

export function debuglog(set, callback) {
  const logger = (...args) => console.log(`${`${set}`.toUpperCase()}: ${formatWithOptions({}, ...args)}\n`);
  Object.defineProperty(logger, "enabled", { get: () => true, configurable: true, enumerable: true });
  return logger;
}
export const debug = debuglog;

export function aborted(signal, resource) {
  if (signal === undefined) throw ERR_INVALID_ARG_TYPE("signal", "AbortSignal", signal);
  if (typeof signal?.addEventListener !== "function") return Promise.reject(ERR_INVALID_ARG_TYPE("signal", "AbortSignal", signal));
  if (resource === null || typeof resource !== "object") return Promise.reject(ERR_INVALID_ARG_TYPE("resource", "Object", resource));
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export function toUSVString(text) {
  return `${text}`.toWellFormed();
}

export function _extend(target, source) {
  if (source === null || typeof source !== "object") return target;
  return Object.assign(target, source);
}

// How each begins and ends.
const STYLES = new Map("reset:0,0 bold:1,22 dim:2,22 italic:3,23 underline:4,24 blink:5,25 inverse:7,27 hidden:8,28 strikethrough:9,29 doubleunderline:21,24 black:30,39 red:31,39 green:32,39 yellow:33,39 blue:34,39 magenta:35,39 cyan:36,39 white:37,39 bgBlack:40,49 bgRed:41,49 bgGreen:42,49 bgYellow:43,49 bgBlue:44,49 bgMagenta:45,49 bgCyan:46,49 bgWhite:47,49 framed:51,54 overlined:53,55 gray:90,39 redBright:91,39 greenBright:92,39 yellowBright:93,39 blueBright:94,39 magentaBright:95,39 cyanBright:96,39 whiteBright:97,39 bgGray:100,49 bgRedBright:101,49 bgGreenBright:102,49 bgYellowBright:103,49 bgBlueBright:104,49 bgMagentaBright:105,49 bgCyanBright:106,49 bgWhiteBright:107,49".split(" ").map((style) => style.split(":")));
export function styleText(style, text, { validateStream = true, stream } = {}) {
  validateString(text, "text");
  // No stream of a Worker's is a terminal's.
  if (validateStream && stream !== undefined && typeof stream?.write !== "function" && !(stream instanceof ReadableStream) && !(stream instanceof WritableStream)) throw ERR_INVALID_ARG_TYPE("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  let before = "", after = "";
  for (const name of Array.isArray(style) ? style : [style]) {
    if (name === "none") continue;
    const codes = STYLES.get(name);
    if (codes === undefined) throw ERR_INVALID_ARG_VALUE("format", name, `must be one of: ${[...STYLES.keys()].map((each) => `'${each}'`).join(", ")}`);
    const [begin, end] = codes.split(",");
    before += `\u001b[${begin}m`;
    after = `\u001b[${end}m${after}`;
  }
  return validateStream ? text : `${before}${text}${after}`;
}

export function parseArgs() {
  throw new Error("node:util parseArgs is not implemented");
}

export function parseEnv(content) {
  validateString(content, "content");
  const values = {};
  const line = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;
  for (const match of content.replace(/\r\n?/g, "\n").matchAll(line)) {
    let value = (match[2] ?? "").trim();
    const quote = value[0];
    value = value.replace(/^(['"`])([\s\S]*)\1$/, "$2");
    if (quote === '"') value = value.replace(/\\n/g, "\n");
    values[match[1]] = value;
  }
  return values;
}

// The shortest edit, as Node tells it: 0 both, 1 only in `actual`, -1 only in `expected`.
export function diff(actual, expected) {
  if (actual === expected) return [];
  for (const [value, name] of [[actual, "actual"], [expected, "expected"]]) {
    if (typeof value !== "string" && !Array.isArray(value)) throw ERR_INVALID_ARG_TYPE(name, ["Array", "string"], value);
  }
  const a = [...actual], b = [...expected];
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const edits = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push([0, a[i++]]);
      j++;
    } else if (i < a.length && (j === b.length || table[i + 1][j] >= table[i][j + 1])) edits.push([1, a[i++]]);
    else edits.push([-1, b[j++]]);
  }
  return edits;
}

export function getSystemErrorName(errno) {
  validateNumber(errno, "err");
  if (errno >= 0 || !Number.isSafeInteger(errno)) throw ERR_OUT_OF_RANGE("err", "a negative integer", errno);
  return byErrno(errno)?.[0];
}
export function getSystemErrorMessage(errno) {
  validateNumber(errno, "err");
  return byErrno(errno)?.[1];
}
export const getSystemErrorMap = () => new Map(NAMES.map(([name, number, message]) => [-number, [name, message]]));

function callSites(count = 10) {
  const lines = String(new Error().stack).split("\n").filter((line) => /^\s*at /.test(line) && !/node:util|getCallSites/.test(line)).slice(0, count);
  return lines.map((line) => {
    const [, functionName, scriptName, lineNumber, column] = /^\s*at (\S+) \((.*?)(?::(\d+):(\d+))?\)$/.exec(line) ?? [];
    return { functionName: functionName === "<anonymous>" ? "" : (functionName ?? ""), scriptId: "0", scriptName: scriptName ?? "", lineNumber: Number(lineNumber ?? 0), columnNumber: Number(column ?? 0), column: Number(column ?? 0) };
  });
}
export const getCallSites = { getCallSites(...args) { return callSites(...args); } }.getCallSites.bind();
export const getCallSite = getCallSites;

export function log(...args) {
  const now = new Date();
  const two = (value) => String(value).padStart(2, "0");
  const month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][now.getMonth()];
  console.log("%s - %s", `${now.getDate()} ${month} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`, format(...args));
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 };
export function convertProcessSignalToExitCode(signal) {
  const number = SIGNALS[signal];
  if (number === undefined) throw ERR_INVALID_ARG_VALUE("signalCode", signal);
  return 128 + number;
}

const missing = (name, ...parameters) => ({ [name](...args) { throw ERR_METHOD_NOT_IMPLEMENTED(name); } })[name];
export const _errnoException = missing("_errnoException"), _exceptionWithHostPort = missing("_exceptionWithHostPort");
export function setTraceSigInt(enable) {}
export function transferableAbortController() {
  return new AbortController();
}
export function transferableAbortSignal(signal) {
  throw ERR_METHOD_NOT_IMPLEMENTED("transferableAbortSignal");
}

export const isArray = Array.isArray;
// What Node has ended with version 23.
const checks = {
  isBoolean: (value) => typeof value === "boolean",
  isBuffer: (value) => globalThis.Buffer.isBuffer(value),
  isDate: (value) => types.isDate(value),
  isError: (value) => types.isNativeError(value) || value instanceof Error,
  isFunction: (value) => typeof value === "function",
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === "number",
  isObject: (value) => value !== null && typeof value === "object",
  isPrimitive: (value) => value === null || (typeof value !== "object" && typeof value !== "function"),
  isRegExp: (value) => types.isRegExp(value),
  isString: (value) => typeof value === "string",
  isSymbol: (value) => typeof value === "symbol",
  isUndefined: (value) => value === undefined,
};
export const { isBoolean, isBuffer, isDate, isError, isFunction, isNull, isNullOrUndefined, isNumber, isObject, isPrimitive, isRegExp, isString, isSymbol, isUndefined } = scope.flags?.has("remove_nodejs_compat_eol_v23") === true ? {} : checks;

export const { TextDecoder, TextEncoder } = globalThis;

export default {
  types, callbackify, promisify, inspect, format, formatWithOptions, stripVTControlCharacters, inherits, _extend, MIMEParams, MIMEType, toUSVString,
  log, aborted, debuglog, debug, deprecate, getSystemErrorMap, getSystemErrorMessage, getSystemErrorName, TextEncoder, TextDecoder, parseArgs,
  parseEnv, styleText, transferableAbortController, transferableAbortSignal, getCallSite, getCallSites, isDeepStrictEqual,
  convertProcessSignalToExitCode, setTraceSigInt, diff, _errnoException, _exceptionWithHostPort, isArray, isBoolean, isBuffer, isDate, isError,
  isFunction, isNull, isNullOrUndefined, isNumber, isObject, isPrimitive, isRegExp, isString, isSymbol, isUndefined,
};
