// node:assert. Every comparison is strict, as workerd has it.
import { inspect } from "node:util";
import { isDeepStrictEqual, isPartialStrictEqual } from "internal:node/deep";
import { coded, ERR_AMBIGUOUS_ARGUMENT, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_RETURN_VALUE, ERR_MISSING_ARGS, validateFunction } from "internal:node/errors";

const shown = (value) => inspect(value, { compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, showHidden: false, showProxy: false, breakLength: Infinity, sorted: true, getters: true });
const short = (value) => inspect(value, { depth: 1000, sorted: true, getters: true });

function deepMessage(actual, expected) {
  const head = "Expected values to be strictly deep-equal:";
  const a = short(actual), b = short(expected);
  const simple = (value) => value === null || (typeof value !== "object" && typeof value !== "function");
  if (simple(actual) && simple(expected) && !a.includes("\n") && !b.includes("\n") && a.length + b.length <= 12 + 4) return `${head}\n\n${a} !== ${b}\n`;
  const one = a.split("\n"), other = b.split("\n");
  let lines = [];
  if (one.length === 1 && other.length === 1) {
    lines = [`+ ${a}`, `- ${b}`];
    let at = 0;
    while (at < a.length && a[at] === b[at]) at++;
    if (at > 2) lines.push(`${" ".repeat(at + 2)}^`);
    return `${head}\n+ actual - expected\n\n${lines.join("\n")}`;
  }
  lines = edits(shown(actual).split("\n"), shown(expected).split("\n"));
  return `${head}\n+ actual - expected\n\n${lines.join("\n")}\n`;
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

// Plain values side by side: `-` what is there, `+` what should be.
function strictMessage(actual, expected) {
  const text = (value) => (typeof value === "string" ? `${value}\n` : `${inspect(value)}\n`);
  const a = text(actual).replace(/\n$/, "").split("\n"), b = text(expected).replace(/\n$/, "").split("\n");
  const tail = typeof actual === "string" && typeof expected === "string" ? "\n" : "";
  const lines = edits(a, b).map((line) => (line[0] === "+" ? `-   ${line.slice(2)}` : line[0] === "-" ? `+   ${line.slice(2)}` : `    ${line.slice(2)}`));
  return `Values are not strictly equal:\n\n\n[Diff] Actual / Expected\n\n\n${lines.join("\n")}\n${tail}`;
}

export class AssertionError extends Error {
  constructor(options) {
    if (options === null || typeof options !== "object") throw ERR_INVALID_ARG_TYPE("options", "Object", options);
    const { message, operator, actual, expected, stackStartFn, stackStartFunction, details } = options;
    let text = message;
    if (message === undefined || message === null) {
      if (operator === "deepStrictEqual" || operator === "strictEqual") text = deepMessage(actual, expected);
      else if (operator === "notDeepStrictEqual") text = "Expected actual to not be deeply strictly equal to expected";
      else if (operator === "notStrictEqual") text = "Expected actual to be strictly unequal to expected";
      else text = `${inspect(actual)} ${operator} ${inspect(expected)}`;
    }
    super(String(text));
    this.generatedMessage = message === undefined || message === null;
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

function raise(options) {
  if (options.message instanceof Error) throw options.message;
  throw new AssertionError(options);
}

function assert(actual, message) {
  if (arguments.length === 0) throw new AssertionError({ message: "No value argument passed to `assert.ok()`", actual: undefined, expected: true, operator: "==" });
  if (actual) return;
  raise({ message, actual, expected: true, operator: "==" });
}

const two = (count) => {
  if (count < 2) throw ERR_MISSING_ARGS("actual", "expected");
};

export function strictEqual(actual, expected, message) {
  two(arguments.length);
  if (Object.is(actual, expected)) return;
  if (message === undefined && isDeepStrictEqual(actual, expected)) {
    message = `Values have the same structure but are not reference-equal:\n\n    ${inspect(actual).split("\n").join("\n    ")}\n`;
  }
  raise({ message: message ?? strictMessage(actual, expected), actual, expected, operator: "strictEqual" });
}
export function notStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (!Object.is(actual, expected)) return;
  raise({ message: message ?? "Expected actual to be strictly unequal to expected", actual, expected, operator: "notStrictEqual" });
}
export function deepStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (!isDeepStrictEqual(actual, expected)) raise({ message, actual, expected, operator: "deepStrictEqual" });
}
export function notDeepStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (isDeepStrictEqual(actual, expected)) raise({ message, actual, expected, operator: "notDeepStrictEqual" });
}
export function partialDeepStrictEqual(actual, expected, message) {
  two(arguments.length);
  if (!isPartialStrictEqual(actual, expected)) raise({ message, actual, expected, operator: "partialDeepStrictEqual" });
}
export const equal = { equal(actual, expected, message) { return strictEqual(...arguments); } }.equal;
export const notEqual = { notEqual(actual, expected, message) { return notStrictEqual(...arguments); } }.notEqual;
export const deepEqual = { deepEqual(actual, expected, message) { return deepStrictEqual(...arguments); } }.deepEqual;
export const notDeepEqual = { notDeepEqual(actual, expected, message) { return notDeepStrictEqual(...arguments); } }.notDeepEqual;

export function fail(message) {
  if (message instanceof Error) throw message;
  throw new AssertionError({ message: message ?? "Failed", operator: "fail" });
}

export function ifError(value) {
  if (value === null || value === undefined) return;
  let message = "ifError got unwanted exception: ";
  if (typeof value === "object" && typeof value.message === "string") message += value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
  else message += inspect(value);
  throw new AssertionError({ actual: value, expected: null, operator: "ifError", message });
}

export function match(string, regexp, message) {
  if (!(regexp instanceof RegExp)) throw ERR_INVALID_ARG_TYPE("regexp", "RegExp", regexp);
  if (typeof string === "string" && regexp.test(string)) return;
  raise({ message: message ?? `actual: "${string}" expected to match: "${regexp}"`, actual: string, expected: regexp, operator: "match" });
}
export function doesNotMatch(string, regexp, message) {
  if (!(regexp instanceof RegExp)) throw ERR_INVALID_ARG_TYPE("regexp", "RegExp", regexp);
  if (typeof string === "string" && !regexp.test(string)) return;
  raise({ message: message ?? `actual: "${string}" expected to not match: "${regexp}"`, actual: string, expected: regexp, operator: "doesNotMatch" });
}

// ---- What throws ----

const NOTHING = {};

function caught(fn) {
  validateFunction(fn, "fn");
  try {
    fn();
  } catch (error) {
    return error;
  }
  return NOTHING;
}
async function caughtLater(fn) {
  let promise;
  if (typeof fn === "function") {
    promise = fn();
    if (typeof promise?.then !== "function") throw ERR_INVALID_RETURN_VALUE("instance of Promise", "promiseFn", promise);
  } else if (typeof fn?.then === "function") promise = fn;
  else throw ERR_INVALID_ARG_TYPE("promiseFn", ["Function", "Promise"], fn);
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function expectThrown(fn, actual, expected, message) {
  const operator = fn.name;
  if (typeof expected === "string") {
    if (arguments.length === 4 && message !== undefined) throw ERR_INVALID_ARG_TYPE("error", ["Object", "Error", "Function", "RegExp"], expected);
    if (typeof actual === "object" && actual !== null ? actual.message === expected : actual === expected) {
      throw ERR_AMBIGUOUS_ARGUMENT("error/message", typeof actual === "object" ? `The error message "${actual.message}" is identical to the message.` : `The error "${actual}" is identical to the message.`);
    }
    message = expected;
    expected = undefined;
  } else if (expected !== undefined && expected !== null && typeof expected !== "object" && typeof expected !== "function") {
    throw ERR_INVALID_ARG_TYPE("error", ["Object", "Error", "Function", "RegExp"], expected);
  }
  if (actual === NOTHING) {
    let details = expected?.name ? ` (${expected.name})` : "";
    details += message ? `: ${message}` : ".";
    const what = operator === "rejects" ? "rejection" : "exception";
    raise({ actual: undefined, expected, operator, message: `Missing expected ${what}${details}` });
  }
  if (expected === undefined || expected === null) return;
  fits(actual, expected, message, operator);
}

function fits(actual, expected, message, operator) {
  const wrong = (text) => raise({ actual, expected, operator, message: message ?? text });
  if (expected instanceof RegExp) {
    const text = String(actual);
    if (!expected.test(text)) wrong(`The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`);
    return;
  }
  if (typeof expected === "object") {
    if (typeof actual !== "object" || actual === null) return wrong(deepMessage(actual, expected));
    const keys = Object.keys(expected);
    if (expected instanceof Error) keys.push("name", "message");
    else if (keys.length === 0) throw ERR_INVALID_ARG_VALUE("error", expected, "may not be an empty object");
    for (const key of keys) {
      if (typeof actual[key] === "string" && expected[key] instanceof RegExp && expected[key].test(actual[key])) continue;
      if (!(key in actual) || !isDeepStrictEqual(actual[key], expected[key])) wrong(deepMessage(actual[key], expected[key]));
    }
    return;
  }
  if (expected.prototype !== undefined && actual instanceof expected) return;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    let text = `The error is expected to be an instance of "${expected.name}". Received `;
    text += actual instanceof Error ? `"${actual.name}"` : `"${inspect(actual, { depth: -1 })}"`;
    wrong(actual?.message ? `${text}\n\nError message:\n\n${actual.message}` : text);
    return;
  }
  const result = Reflect.apply(expected, {}, [actual]);
  if (result !== true) {
    const name = expected.name ? `"${expected.name}" ` : "";
    wrong(`The ${name}validation function is expected to return "true". Received ${inspect(result)}${actual instanceof Error ? `\n\nCaught error:\n\n${actual}` : ""}`);
  }
}

function expectNothing(operator, actual, expected, message) {
  if (actual === NOTHING) return;
  if (typeof expected === "string") {
    message = expected;
    expected = undefined;
  }
  const matches = expected === undefined || (typeof expected === "function" ? actual instanceof expected : expected instanceof RegExp ? expected.test(String(actual)) : false);
  if (!matches) throw actual;
  const details = message ? `: ${message}` : ".";
  const what = operator === "doesNotReject" ? "rejection" : "exception";
  raise({ actual, expected, operator, message: `Got unwanted ${what}${details}\nActual message: "${actual?.message}"` });
}

export function throws(fn, error, message) {
  expectThrown(throws, caught(fn), error, message);
}
export async function rejects(promiseFn, error, message) {
  expectThrown(rejects, await caughtLater(promiseFn), error, message);
}
export function doesNotThrow(fn, error, message) {
  expectNothing("doesNotThrow", caught(fn), error, message);
}
export async function doesNotReject(fn, error, message) {
  expectNothing("doesNotReject", await caughtLater(fn), error, message);
}

export function strict(actual, message) {
  if (arguments.length === 0) throw new AssertionError({ message: "No value argument passed to `assert.ok()`", actual: undefined, expected: true, operator: "==" });
  if (!actual) raise({ message, actual, expected: true, operator: "==" });
}

export function Assert(options) {
  if (!new.target) throw coded(TypeError, "ERR_CONSTRUCT_CALL_REQUIRED", "Class constructor Assert cannot be invoked without `new`");
  Object.assign(this, all);
}

const all = { AssertionError, fail, equal, notEqual, deepEqual, notDeepEqual, deepStrictEqual, notDeepStrictEqual, partialDeepStrictEqual, strictEqual, notStrictEqual, throws, rejects, doesNotThrow, doesNotReject, ifError, match, doesNotMatch };
Object.assign(assert, all, { ok: assert, strict, Assert });
Object.assign(strict, all, { ok: assert, strict, Assert });
export { assert as ok };
export default assert;
