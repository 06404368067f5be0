// node:assert. Every comparison is strict, as workerd has it.
import native from "internal:native";
import { inspect } from "node:util";
import { isDeepStrictEqual, isPartialStrictEqual } from "internal:node/deep";
import { coded, ERR_AMBIGUOUS_ARGUMENT, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_RETURN_VALUE, ERR_MISSING_ARGS, validateOneOf } from "internal:node/errors";

const shown = (value) => inspect(value, { compact: true, customInspect: false, depth: 1000, maxArrayLength: Infinity, showHidden: false, showProxy: false, sorted: true, getters: true });
const isSimple = (value) => value === null || typeof value !== "object";
const SHORT_MAX = 12, WIDTH = 80, LINES_MAX = 50;

// Line by line, without looking for what moved.
function deepMessage(actual, expected, operator) {
  const isObject = (value) => (typeof value === "object" && value !== null ? 1 : typeof value === "function" ? 2 : 0);
  const same = operator === "strictEqual" && isObject(actual) !== 0 && isObject(actual) === isObject(expected);
  const head = same ? 'Expected "actual" to be reference-equal to "expected":' : operator === "strictEqual" ? "Expected values to be strictly equal:" : "Expected values to be strictly deep-equal:";
  const text = shown(actual);
  const one = text.split("\n"), other = shown(expected).split("\n");
  let mark = "", ends = 0;
  if (one.length === 1 && other.length === 1 && one[0] !== other[0]) {
    const [a] = one, [b] = other;
    const length = a.length + b.length;
    if (length <= SHORT_MAX) {
      if (isSimple(actual) && isSimple(expected) && (actual !== 0 || expected !== 0)) return `${head}\n\n${a} !== ${b}\n`;
    } else if (!same && length < WIDTH) {
      let at = 0;
      while (a[at] === b[at]) at++;
      if (at > 2) mark = `\n  ${" ".repeat(at)}^`;
    }
  }
  // What both end with is told of shortly.
  let end = "", far = "";
  while (one.length > 0 && other.length > 0 && one.at(-1) === other.at(-1)) {
    const line = one.pop();
    other.pop();
    if (ends++ < 3) end = `\n  ${line}${end}`;
    else far = line;
  }
  const count = Math.max(one.length, other.length);
  if (count === 0) {
    let all = text.split("\n");
    if (all.length > LINES_MAX) all = [...all.slice(0, LINES_MAX - 4), "..."];
    return `Values have same structure but are not reference-equal:\n\n${all.join("\n")}\n`;
  }
  let skipped = ends >= 5;
  if (skipped) end = `\n...${end}`;
  if (far !== "") end = `\n  ${far}${end}`;
  const longer = one.length >= other.length ? one : other;
  let told = "", pending = "", printed = 0, identical = 0;
  const lastSame = (lines, at) => {
    if (identical > 2) {
      if (identical > 3) {
        if (identical === 5) told += `\n  ${lines[at - 3]}`;
        else if (identical > 5) {
          told += "\n...";
          skipped = true;
        }
        if (identical === 5) printed++;
        told += `\n  ${lines[at - 2]}`;
        printed++;
      }
      told += `\n  ${lines[at - 1]}`;
      printed++;
    }
    identical = 0;
  };
  const title = () => `${head}\n+ actual - expected${skipped ? " ... Lines skipped" : ""}\n`;
  for (let at = 0; at < count; at++) {
    if (at >= Math.min(one.length, other.length)) {
      lastSame(longer, at);
      if (longer === one) told += `\n+ ${one[at]}`;
      else pending += `\n- ${other[at]}`;
      printed++;
    } else {
      let a = one[at];
      const b = other[at];
      let differ = a !== b && !(a.endsWith(",") && a.slice(0, -1) === b);
      if (differ && b.endsWith(",") && b.slice(0, -1) === a) {
        differ = false;
        a += ",";
      }
      if (differ) {
        lastSame(one, at);
        told += `\n+ ${a}`;
        pending += `\n- ${b}`;
        printed += 2;
      } else {
        told += pending;
        pending = "";
        if (++identical <= 2) {
          told += `\n  ${a}`;
          printed++;
        }
      }
    }
    if (printed > LINES_MAX && at < count - 2) {
      skipped = true;
      return `${title()}${told}\n...${pending}\n...`;
    }
  }
  return `${title()}${told}${pending}${end}${mark}`;
}

// The lines of both, those of one alone marked.
function edits(a, b) {
  if (a.length * b.length > 250_000) return [...a.map((line) => `+ ${line}`), ...b.map((line) => `- ${line}`)];
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const lines = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i++]}`);
      j++;
    } else if (i < a.length && (j === b.length || table[i + 1][j] >= table[i][j + 1])) lines.push(`+ ${a[i++]}`);
    else lines.push(`- ${b[j++]}`);
  }
  return lines;
}

// Plain values side by side: `-` what is there, `+` what should be. Of strings the lines show their ends.
function strictMessage(actual, expected) {
  const a = inspect(actual), b = inspect(expected);
  if (a === b) return `Values have the same structure but are not reference-equal:\n\n${a.replace(/^/gm, "    ")}\n`;
  const areTexts = typeof actual === "string" && typeof expected === "string";
  const linesOf = (text) => {
    const escaped = text.replaceAll("\b", "\\b").replaceAll("\f", "\\f").replaceAll("\t", "\\t").replaceAll("\v", "\\v").replaceAll(/\r\n|\r|\n/g, (end) => (end === "\r" ? "\\r" : end === "\n" ? "\\n\n" : "\\r\\n\r\n"));
    return `${escaped}\n`.match(/[^\n]*\n/g);
  };
  const one = areTexts ? linesOf(actual) : a.split("\n"), other = areTexts ? linesOf(expected) : b.split("\n");
  // The longer is told of first.
  const [first, second, lines] = other.length > one.length ? ["+", "-", edits(other, one)] : ["-", "+", edits(one, other)];
  const signed = lines.map((line) => `${line[0] === "+" ? first : line[0] === "-" ? second : " "}   ${line.slice(2)}`);
  return `Values are not strictly equal:\n\n\n[Diff] Actual / Expected\n\n\n${signed.join(areTexts ? "" : "\n")}\n`;
}

function sameMessage(actual, operator) {
  let head = 'Expected "actual" not to be strictly deep-equal to:';
  if (operator === "notStrictEqual") {
    head = 'Expected "actual" to be strictly unequal to:';
    if ((typeof actual === "object" && actual !== null) || typeof actual === "function") head = 'Expected "actual" not to be reference-equal to "expected":';
  }
  let lines = shown(actual).split("\n");
  if (lines.length > LINES_MAX) lines = [...lines.slice(0, LINES_MAX - 4), "..."];
  if (lines.length === 1) return `${head}${lines[0].length > 5 ? "\n\n" : " "}${lines[0]}`;
  return `${head}\n\n${lines.join("\n")}\n`;
}
function otherMessage(actual, expected, operator) {
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 3)}...` : text);
  const a = shown(actual), b = shown(expected);
  if (operator === "notDeepEqual" && a === b) return cut(`Expected "actual" not to be loosely deep-equal to:\n\n${a}`, 1024);
  if (operator === "deepEqual") return `Expected values to be loosely deep-equal:\n\n${cut(a, 512)}\n\nshould loosely deep-equal\n\n${cut(b, 512)}`;
  if (operator === "notDeepEqual") return `Expected values not to be loosely deep-equal:\n\n${cut(a, 512)}\n\nshould not loosely deep-equal\n\n${cut(b, 512)}`;
  return `${cut(a, 512)} ${operator} ${cut(b, 512)}`;
}

export class AssertionError extends Error {
  constructor(options) {
    if (options === null || typeof options !== "object") throw ERR_INVALID_ARG_TYPE("options", "Object", options);
    const { message, operator, actual, expected, stackStartFn, stackStartFunction, details } = options;
    let text = message;
    if (message === undefined || message === null) {
      if (operator === "deepStrictEqual" || operator === "strictEqual") text = deepMessage(actual, expected, operator);
      else if (operator === "notDeepStrictEqual" || operator === "notStrictEqual") text = sameMessage(actual, operator);
      else text = otherMessage(actual, expected, operator);
    }
    super(String(text));
    this.generatedMessage = !message;
    this.code = "ERR_ASSERTION";
    if (details) {
      this.actual = undefined;
      this.expected = undefined;
      this.operator = undefined;
      for (const detail of details) {
        this.message += detail.message;
        this.actual = detail.actual;
        this.expected = detail.expected;
        this.operator = detail.operator;
      }
    } else {
      this.actual = actual;
      this.expected = expected;
      this.operator = operator;
    }
    Object.defineProperty(this, "name", { value: "AssertionError", enumerable: false, writable: true, configurable: true });
    if (stackStartFn || stackStartFunction) Error.captureStackTrace?.(this, stackStartFn || stackStartFunction);
    if (typeof this.stack === "string" && this.stack.startsWith("Error: ")) this.stack = this.stack.replace("Error: ", "AssertionError [ERR_ASSERTION]: ");
  }
  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

function raise(options, generated = false) {
  const error = new AssertionError(options);
  if (generated) error.generatedMessage = true;
  throw error;
}
const NO_VALUE = "No value argument passed to `assert.ok()`";
const told = (message, otherwise) => (message ? `${message}` : otherwise);

function assert(actual, message) {
  if (arguments.length === 0) raise({ message: NO_VALUE });
  if (!actual) raise({ message, actual, expected: true, operator: "==" });
}

const two = (count) => {
  if (count < 2) throw ERR_MISSING_ARGS("actual", "expected");
};

export function strictEqual(actual, expected, message) {
  two(arguments.length);
  if (Object.is(actual, expected)) return;
  raise({ message: message ? `${message}` : strictMessage(actual, expected), actual, expected, operator: "strictEqual" });
}
export function notStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (Object.is(actual, expected)) raise({ message: told(message, "Expected actual to be strictly unequal to expected"), actual, expected, operator: "notStrictEqual" });
}
export function deepStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (!isDeepStrictEqual(actual, expected)) raise({ message: told(message, message), actual, expected, operator: "deepStrictEqual" });
}
export function notDeepStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (isDeepStrictEqual(actual, expected)) raise({ message: told(message, "Expected actual to not be deeply strictly equal to expected"), actual, expected, operator: "notDeepStrictEqual" });
}
export function partialDeepStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (!isPartialStrictEqual(actual, expected)) raise({ message: told(message, "Expected actual to be partially deeply strictly equal to expected"), actual, expected, operator: "partialDeepStrictEqual" });
}
export const equal = { equal(actual, expected, message) { return strictEqual(actual, expected, message); } }.equal;
export const notEqual = { notEqual(actual, expected, message) { return notStrictEqual(actual, expected, message); } }.notEqual;
export const deepEqual = { deepEqual(actual, expected, message) { return deepStrictEqual(actual, expected, message); } }.deepEqual;
export const notDeepEqual = { notDeepEqual(actual, expected, message) { return notDeepStrictEqual(actual, expected, message); } }.notDeepEqual;

export function fail(message) {
  if (typeof message === "string" || message === null || message === undefined) raise({ message: message ?? "Failed", operator: "fail" }, message === null || message === undefined);
  throw message;
}

export function ifError(err) {
  if (err === null || err === undefined) return;
  let message = "ifError got unwanted exception: ";
  if (typeof err === "object" && typeof err.message === "string") message += err.message.length === 0 && err.constructor ? err.constructor.name : err.message;
  else message += inspect(err);
  throw new AssertionError({ actual: err, expected: null, operator: "ifError", message });
}

export function match(actual, regexp, message) {
  if (arguments.length < 2) throw ERR_MISSING_ARGS("actual", "regexp");
  if (!(regexp instanceof RegExp)) throw ERR_INVALID_ARG_TYPE("regexp", "RegExp", regexp);
  if (!regexp.test(actual)) raise({ message: told(message, `actual: "${actual}" expected to match: "${regexp}"`), actual, expected: regexp, operator: "match" });
}
export function doesNotMatch(string, regexp, message) {
  if (arguments.length < 2) throw ERR_MISSING_ARGS("string", "regexp");
  if (!(regexp instanceof RegExp)) throw ERR_INVALID_ARG_TYPE("regexp", "RegExp", regexp);
  if (typeof string !== "string") {
    if (message instanceof Error) throw message;
    raise({ message: message || `The "string" argument must be of type string. Received type ${typeof string} (${inspect(string)})`, actual: string, expected: regexp, operator: "doesNotMatch" });
  }
  if (regexp.test(string)) raise({ message: told(message, `actual: "${string}" expected to not match: "${regexp}"`), actual: string, expected: regexp, operator: "doesNotMatch" });
}

// ---- What throws ----

const isClass = (value) => typeof value === "function" && value.prototype !== undefined;

// Whether what was thrown is what was expected; if not, throws what is to be said.
function expectThrown(thrown, error, message, operator, validator) {
  if (typeof error === "string") {
    if (message !== undefined && message !== null) throw ERR_INVALID_ARG_TYPE("error", ["Object", "Error", "Function", "RegExp"], error);
    if (typeof thrown === "object" && thrown !== null) {
      if (thrown.message === error) throw ERR_AMBIGUOUS_ARGUMENT("error/message", `The error message "${thrown.message}" is identical to the message.`);
    } else if (thrown === error) throw ERR_AMBIGUOUS_ARGUMENT("error/message", `The error "${thrown}" is identical to the message.`);
    message = error;
    error = undefined;
  }
  const wrong = (text, generated = true) => raise({ message: text, actual: thrown, expected: error, operator }, generated);
  if (isClass(error) && (error === Error || error.prototype instanceof Error)) {
    if (thrown instanceof error) return;
    wrong(`The error is expected to be an instance of "${error.name}". Received "${thrown?.constructor?.name}"\n\nError message:\n\n${thrown?.message}`);
  }
  if (error instanceof Function) {
    const received = error(thrown);
    if (received !== true) wrong(`The ${validator === undefined ? "validation" : `"${validator}" validation`} function is expected to return "true". Received ${inspect(received)}\n\nCaught error:\n\n${thrown}`);
    return;
  }
  if (error instanceof RegExp) {
    if (!error.test(String(thrown))) wrong(`The input did not match the regular expression ${error}. Input:\n\n'${String(thrown)}'\n`);
    return;
  }
  if (typeof error === "object" && error !== null) {
    const isGenerated = message === undefined || message === null;
    const keys = Object.keys(error);
    if (error instanceof Error) keys.push("name", "message");
    for (const key of keys) {
      if (thrown === null || thrown === undefined) wrong(message || "object is expected to thrown, but got null", isGenerated);
      if (typeof thrown === "string" || typeof thrown === "number") wrong(message || `object is expected to thrown, but got ${typeof thrown}: ${thrown}`, isGenerated);
      if (!(key in thrown)) wrong(message || `A key in the expected object is missing: ${key}`, isGenerated);
      if (typeof thrown[key] === "string" && error[key] instanceof RegExp) match(thrown[key], error[key]);
      else deepStrictEqual(thrown[key], error[key]);
    }
    return;
  }
  if (error !== undefined) raise({ message: `Invalid expectation: ${error}`, operator }, true);
}

function expectNothing(thrown, expected, message, operator) {
  const wrong = (text) => raise({ message: text, operator });
  if (typeof expected === "string") wrong(`Got unwanted exception: ${expected}\nActual message: "${thrown.message}"`);
  if (isClass(expected)) {
    if (thrown instanceof expected) wrong(`Got unwanted exception: ${thrown.constructor?.name}${message ? ` ${String(message)}` : ""}`);
    if (!(expected.prototype instanceof Error) && expected(thrown) === true) wrong(`Got unwanted rejection.\nActual message: "${thrown.message}"${message ? ` ${String(message)}` : ""}`);
    throw thrown;
  }
  wrong(`Got unwanted exception${message ? `: ${message}` : "."}\nActual message: "${thrown ? thrown.message : String(thrown)}"`);
}

export function throws(fn, error, message) {
  if (typeof fn !== "function") throw ERR_INVALID_ARG_TYPE("fn", "function", fn);
  if (typeof error === "object" && error !== null && Object.getPrototypeOf(error) === Object.prototype && Object.keys(error).length === 0) throw ERR_INVALID_ARG_VALUE("error", error, "may not be an empty object");
  const kinds = typeof message === "string" ? ["function", "object"] : ["function", "object", "undefined", "string"];
  if (!kinds.includes(typeof error) || (typeof message === "string" && error === undefined)) throw ERR_INVALID_ARG_TYPE("error", ["Function", "Error", "RegExp", "Object"], error);
  let thrown;
  try {
    fn();
  } catch (caught) {
    thrown = { caught };
  }
  if (thrown !== undefined) return expectThrown(thrown.caught, error, message, "throws");
  const missing = (text, expected = error) => raise({ message: text, operator: "throws", actual: undefined, expected });
  if (message) missing(`Missing expected exception${typeof error === "function" && error.name ? ` (${error.name})` : ""}: ${message}`);
  if (typeof error === "string") missing(`Missing expected exception: ${error}`, null);
  if (isClass(error)) missing(`Missing expected exception (${error.name}).`);
  missing("Missing expected exception.");
}
export function doesNotThrow(fn, expected, message) {
  if (typeof fn !== "function") throw ERR_INVALID_ARG_TYPE("fn", "function", fn);
  if (!(expected instanceof RegExp) && !["function", "string", "undefined"].includes(typeof expected)) throw ERR_INVALID_ARG_TYPE("expected", ["Function", "RegExp"], fn);
  try {
    fn();
  } catch (caught) {
    expectNothing(caught, expected, message, "doesNotThrow");
  }
}
function promiseOf(from) {
  if (typeof from === "function") {
    const promise = from();
    if (typeof promise?.then !== "function") throw ERR_INVALID_RETURN_VALUE("instance of Promise", "promiseFn", promise);
    return promise;
  }
  if (typeof from?.then !== "function") throw ERR_INVALID_ARG_TYPE("promiseFn", ["function", "Promise"], from);
  return from;
}
export function rejects(asyncFn, error, message) {
  let promise;
  try {
    promise = promiseOf(asyncFn);
  } catch (caught) {
    return Promise.reject(caught);
  }
  return promise.then(
    () => raise({ message: `Missing expected rejection${typeof error === "string" ? `: ${error}` : isClass(error) ? ` (${error.name}).` : "."}`, operator: "rejects" }, true),
    (caught) => expectThrown(caught, error, message, "rejects", "validate"),
  );
}
export function doesNotReject(asyncFn, error, message) {
  let promise;
  try {
    promise = promiseOf(asyncFn);
  } catch (caught) {
    return Promise.reject(caught);
  }
  return promise.then(() => {}, (caught) => expectNothing(caught, error, message, "doesNotReject"));
}

export function strict(actual, message) {
  if (arguments.length === 0) raise({ message: NO_VALUE });
  assert(actual, message);
}

// Its functions are those of the module, strict as they are or under names of their own.
export function Assert(options) {
  if (!new.target) throw coded(TypeError, "ERR_CONSTRUCT_CALL_REQUIRED", "Class constructor Assert cannot be invoked without `new`");
  const { diff = "simple", strict: isStrict = true } = options ?? {};
  validateOneOf(diff, "options.diff", ["simple", "full"]);
  this.AssertionError = AssertionError;
  if (isStrict) Object.assign(this, { equal: this.strictEqual, deepEqual: this.deepStrictEqual, notEqual: this.notStrictEqual, notDeepEqual: this.notDeepStrictEqual });
}
// As workerd has them.
const ORDER = `
  fail deepStrictEqual notDeepStrictEqual strictEqual notStrictEqual partialDeepStrictEqual match doesNotMatch throws rejects doesNotThrow doesNotReject
  ifError Assert AssertionError ok strict equal notEqual deepEqual notDeepEqual`.trim().split(/\s+/);
const all = { AssertionError, fail, equal, notEqual, deepEqual, notDeepEqual, deepStrictEqual, notDeepStrictEqual, partialDeepStrictEqual, strictEqual, notStrictEqual, throws, rejects, doesNotThrow, doesNotReject, ifError, match, doesNotMatch };
Object.assign(assert, all, { ok: assert, strict, Assert });
Object.assign(strict, all, { ok: assert, strict, Assert, equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual });
const { AssertionError: _, ...functions } = all;
Object.assign(Assert.prototype, functions, { ok(...args) { assert(...args); }, equal: named("looseEqual", equal), notEqual: named("looseNotEqual", notEqual), deepEqual: named("looseDeepEqual", deepEqual), notDeepEqual: named("looseNotDeepEqual", notDeepEqual) });
function named(name, work) {
  return { [name](actual, expected, message) { return work(actual, expected, message); } }[name];
}
native.order(assert, ["length", "name", "prototype", ...ORDER]);
export { assert as ok };
export default assert;
