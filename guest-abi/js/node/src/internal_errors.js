// Node's errors: a class with a code for each, in Node's words. Part of each module that throws them.
import { inspect } from "internal:inspect";

function determine(value) {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === "function") return value.name ? ` Received function ${value.name}` : " Received type function ([Function (anonymous)])";
  if (typeof value === "object") {
    if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`;
    return " Received [Object: null prototype] {}";
  }
  let shown = typeof value === "string" ? quote(value.length > 28 ? value.slice(0, 25) + "..." : value) : typeof value === "bigint" ? `${value}n` : String(value);
  if (typeof value !== "string" && shown.length > 28) shown = shown.slice(0, 25) + "...";
  return ` Received type ${typeof value} (${shown})`;
}

function quote(text) {
  if (!text.includes("'")) return `'${text}'`;
  return !text.includes('"') ? `"${text}"` : !text.includes("`") ? `\`${text}\`` : `'${text.replaceAll("'", "\\'")}'`;
}

// Values as messages show them.
export const brief = (value) => inspect(value);

// Errors have a class of their code's name, but for those that are a TypeError.
const classes = new Map();
const PLAIN = new Set(["ERR_BUFFER_OUT_OF_BOUNDS", "ERR_INVALID_BUFFER_SIZE"]);
function shown() {
  return `${this.name} [${this.code}]: ${this.message}`;
}
function classOf(Base, code) {
  if (Base === TypeError || PLAIN.has(code)) return Base;
  let found = classes.get(code);
  if (found === undefined) {
    class Coded extends Base {}
    if (code !== "ERR_OUT_OF_RANGE") Object.defineProperty(Coded.prototype, "toString", { value: shown, writable: true, configurable: true });
    found = class extends Coded {};
    Object.defineProperty(found, "name", { value: code });
    classes.set(code, found);
  }
  return found;
}

function make(Base, code, message) {
  const error = new (classOf(Base, code))(message);
  error.code = code;
  error.name = Base.name;
  if (classOf(Base, code) === Base) error.toString = shown;
  if (Base === RangeError && typeof error.stack === "string") error.stack = error.stack.replace("RangeError: ", `RangeError [${code}]: `);
  return error;
}

function list(items, word) {
  if (items.length > 2) return `${items.slice(0, -1).join(", ")}, ${word} ${items.at(-1)}`;
  return items.join(` ${word} `);
}

export function ERR_INVALID_ARG_TYPE(name, expected, actual) {
  const all = Array.isArray(expected) ? expected : [expected];
  const types = [], instances = [], others = [];
  for (const item of all) {
    if (["string", "function", "number", "object", "Function", "Object", "boolean", "bigint", "symbol"].includes(item)) types.push(item.toLowerCase());
    else if (/^([A-Z][a-z0-9]*)+$/.test(item)) instances.push(item);
    else others.push(item);
  }
  if (instances.length > 0) {
    const at = types.indexOf("object");
    if (at !== -1) {
      types.splice(at, 1);
      instances.push("Object");
    }
  }
  const what = [];
  if (types.length > 0) what.push((types.length > 1 && types.length <= 2 ? `one of type ${types.join(" or ")}` : types.length > 2 ? `one of type ${list(types, "or")}` : `of type ${types[0]}`));
  if (instances.length > 0) what.push(`an instance of ${list(instances, "or")}`);
  if (others.length > 0) what.push(others.length > 1 ? `one of ${list(others, "or")}` : others[0].toLowerCase() !== others[0] ? `an ${others[0]}` : others[0]);
  const kind = name.endsWith(" argument") ? `The ${name}` : `The "${name}" ${name.includes(".") ? "property" : "argument"}`;
  return make(TypeError, "ERR_INVALID_ARG_TYPE", `${kind} must be ${what.join(" or ")}.${determine(actual)}`);
}

export function ERR_INVALID_ARG_VALUE(name, value, reason = "is invalid") {
  let shown = brief(value);
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`;
  return make(TypeError, "ERR_INVALID_ARG_VALUE", `The ${name.includes(".") ? "property" : "argument"} '${name}' ${reason}. Received ${shown}`);
}

function grouped(text) {
  return text.replace(/\B(?=(\d{3})+(?!\d))/g, "_");
}

export function ERR_OUT_OF_RANGE(name, range, input) {
  let received;
  if (Number.isInteger(input) && Math.abs(input) > 2 ** 32) received = grouped(String(input));
  else if (typeof input === "bigint") {
    received = String(input);
    if (input > 2n ** 32n || input < -(2n ** 32n)) received = grouped(received);
    received += "n";
  } else received = brief(input);
  return make(RangeError, "ERR_OUT_OF_RANGE", `The value of "${name}" is out of range. It must be ${range}. Received ${received}`);
}

export const ERR_BUFFER_OUT_OF_BOUNDS = (name) => make(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", name ? `"${name}" is outside of buffer bounds` : "Attempt to access memory outside buffer bounds");
export const ERR_INVALID_BUFFER_SIZE = (bits) => make(RangeError, "ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${bits}`);
export const ERR_UNKNOWN_ENCODING = (encoding) => make(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
export const ERR_UNHANDLED_ERROR = (shown) => make(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${shown})`);
export const ERR_INVALID_THIS = (type) => make(TypeError, "ERR_INVALID_THIS", `Value of "this" must be of type ${type}`);
export const ERR_METHOD_NOT_IMPLEMENTED = (name) => make(Error, "ERR_METHOD_NOT_IMPLEMENTED", `The ${name} method is not implemented`);
export const ERR_INVALID_RETURN_VALUE = (input, name, value) => {
  const type = determine(value).slice(" Received ".length);
  return make(TypeError, "ERR_INVALID_RETURN_VALUE", `Expected ${input} to be returned from the "${name}" function but got ${type}.`);
};
export const ERR_MISSING_ARGS = (...names) => {
  const shown = names.map((name) => Array.isArray(name) ? name.map((each) => `"${each}"`).join(" or ") : `"${name}"`);
  const text = shown.length === 1 ? `${shown[0]} argument` : shown.length === 2 ? `${shown[0]} and ${shown[1]} arguments` : `${shown.slice(0, -1).join(", ")}, and ${shown.at(-1)} arguments`;
  return make(TypeError, "ERR_MISSING_ARGS", `The ${text} must be specified`);
};
export const ERR_AMBIGUOUS_ARGUMENT = (name, reason) => make(TypeError, "ERR_AMBIGUOUS_ARGUMENT", `The "${name}" argument is ambiguous. ${reason}`);
export const ERR_FALSY_VALUE_REJECTION = (reason) => Object.assign(make(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value"), { reason });
export const ERR_INVALID_URL = (input) => Object.assign(make(TypeError, "ERR_INVALID_URL", "Invalid URL"), { input });
export const coded = make;

export class AbortError extends Error {
  constructor(message = "The operation was aborted", options) {
    super(message, options);
    this.code = "ABORT_ERR";
    this.name = "AbortError";
  }
}

// ---- Checks of arguments ----

export function validateString(value, name) {
  if (typeof value !== "string") throw ERR_INVALID_ARG_TYPE(name, "string", value);
}
export function validateFunction(value, name) {
  if (typeof value !== "function") throw ERR_INVALID_ARG_TYPE(name, "Function", value);
}
export function validateBoolean(value, name) {
  if (typeof value !== "boolean") throw ERR_INVALID_ARG_TYPE(name, "boolean", value);
}
export function validateObject(value, name, { nullable = false, allowArray = false, allowFunction = false } = {}) {
  if ((!nullable && value === null) || (!allowArray && Array.isArray(value)) || (typeof value !== "object" && (!allowFunction || typeof value !== "function"))) {
    throw ERR_INVALID_ARG_TYPE(name, "Object", value);
  }
}
export function validateNumber(value, name, min, max) {
  if (typeof value !== "number") throw ERR_INVALID_ARG_TYPE(name, "number", value);
  if ((min !== undefined && value < min) || (max !== undefined && value > max) || ((min !== undefined || max !== undefined) && Number.isNaN(value))) {
    throw ERR_OUT_OF_RANGE(name, `${min !== undefined ? `>= ${min}` : ""}${min !== undefined && max !== undefined ? " && " : ""}${max !== undefined ? `<= ${max}` : ""}`, value);
  }
}
export function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== "number") throw ERR_INVALID_ARG_TYPE(name, "number", value);
  if (!Number.isInteger(value)) throw ERR_OUT_OF_RANGE(name, "an integer", value);
  if (value < min || value > max) throw ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, value);
}
export function validateUint32(value, name, positive = false) {
  if (typeof value !== "number") throw ERR_INVALID_ARG_TYPE(name, "number", value);
  if (!Number.isInteger(value)) throw ERR_OUT_OF_RANGE(name, "an integer", value);
  const min = positive ? 1 : 0;
  if (value < min || value > 4294967295) throw ERR_OUT_OF_RANGE(name, `>= ${min} && < 4294967296`, value);
}
export function validateOneOf(value, name, allowed) {
  if (!allowed.includes(value)) throw ERR_INVALID_ARG_VALUE(name, value, `must be one of: ${allowed.map((item) => (typeof item === "string" ? `'${item}'` : String(item))).join(", ")}`);
}
export function validateAbortSignal(signal, name) {
  if (signal !== undefined && (signal === null || typeof signal !== "object" || !("aborted" in signal))) throw ERR_INVALID_ARG_TYPE(name, "AbortSignal", signal);
}
export function validateArray(value, name) {
  if (!Array.isArray(value)) throw ERR_INVALID_ARG_TYPE(name, "Array", value);
}
