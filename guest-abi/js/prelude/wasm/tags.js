// WebAssembly.Tag and Exception, as JavaScript sees them. No module here throws or catches such exceptions.
import { ENGINE } from "internal:wasm/calls";

const { create, defineProperty } = Object;
const VALUES = new Set(["i32", "i64", "f32", "f64", "v128", "externref", "anyfunc"]);
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// The types of what a tag's exceptions have; of each exception its tag, its values and its stack.
const tags = new WeakMap();
const exceptions = new WeakMap();

function needsNew(target, name) {
  if (target === undefined) throw new TypeError(`${ENGINE}.${name}(): ${ENGINE}.${name} must be invoked with 'new'`);
}

export function Tag(type) {
  needsNew(new.target, "Tag");
  const refuse = (what) => {
    throw new TypeError(`${ENGINE}.Tag(): Argument 0 ${what}`);
  };
  if (!isObject(type)) refuse("must be a tag type");
  const { parameters } = type;
  if (!isObject(parameters)) refuse("must be a tag type with 'parameters'");
  const length = Number(parameters.length);
  if (!(length >= 0 && length <= 1000)) refuse("contains parameters without 'length'");
  const types = [];
  for (let at = 0; at < length; at++) {
    const name = `${parameters[at]}`;
    if (!VALUES.has(name)) refuse(`parameter type at index #${at} must be a value type`);
    types.push(name);
  }
  const made = create(new.target.prototype);
  tags.set(made, types);
  return made;
}

export const JSTag = create(Tag.prototype);
tags.set(JSTag, ["externref"]);

function converted(type, value) {
  switch (type) {
    case "i32":
      return +value | 0;
    case "i64":
      return BigInt.asIntN(64, value);
    case "f32":
      return Math.fround(value);
    case "f64":
      return +value;
    default:
      return value;
  }
}

export function Exception(tag, payload, options) {
  needsNew(new.target, "Exception");
  const refuse = (what) => {
    throw new TypeError(`${ENGINE}.Exception(): ${what}`);
  };
  const types = isObject(tag) ? tags.get(tag) : undefined;
  if (types === undefined) refuse("Argument 0 must be a WebAssembly tag");
  if (tag === JSTag) refuse(`Argument 0 cannot be ${ENGINE}.JSTag`);
  if (!isObject(payload)) refuse("Exception values must be an iterable object");
  const { length } = payload;
  if (length === undefined) refuse("Exception values argument has no length");
  if (Number(length) !== types.length) refuse("Number of exception values does not match signature length");
  const values = types.map((type, at) => converted(type, payload[at]));
  if (options !== undefined && !isObject(options)) refuse("Argument 2 is not an object");
  const made = create(Exception.prototype);
  exceptions.set(made, { tag, values, stack: options?.traceStack ? new Error().stack : undefined });
  return made;
}

function known(exception, where) {
  const found = isObject(exception) ? exceptions.get(exception) : undefined;
  if (found === undefined) throw new TypeError(`${ENGINE}.${where}: Receiver is not a ${ENGINE}.Exception`);
  return found;
}

function wantTag(tag, where) {
  if (!isObject(tag) || !tags.has(tag)) throw new TypeError(`${ENGINE}.${where}: Argument 0 must be a ${ENGINE}.Tag`);
}

export const exceptionMembers = {
  getArg(tag, index) {
    const { tag: own, values } = known(this, "Exception.getArg()");
    wantTag(tag, "Exception.getArg()");
    const at = Math.trunc(Number(index));
    const refuse = (what) => {
      throw new TypeError(`${ENGINE}.Exception.getArg(): Index must be ${what}`);
    };
    if (at - at !== 0) refuse("convertible to a valid number");
    if (at < 0) refuse("non-negative");
    if (at > 4294967295) refuse("in the unsigned long range");
    if (tag !== own) throw new TypeError(`${ENGINE}.Exception.getArg(): First argument does not match the exception tag`);
    if (at >= values.length) throw new RangeError(`${ENGINE}.Exception.getArg(): Index out of range`);
    return values[at];
  },
  is(tag) {
    const { tag: own } = known(this, "Exception.is()");
    wantTag(tag, "Exception.is()");
    return tag === own;
  },
  get stack() {
    return exceptions.get(this)?.stack;
  },
};
defineProperty(Exception, "length", { value: 2, configurable: true });
