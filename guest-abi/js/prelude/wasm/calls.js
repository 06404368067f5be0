// WebAssembly that the host runs, as it is asked for and called: values on their way, and calls that
// come back for a function of JavaScript's and are resumed with what that gave.
import native from "internal:native";
import { TextDecoder } from "internal:encoding";
import { scope } from "internal:errors";
import { member } from "internal:shape";

const { defineProperty, create } = Object;
const { construct } = Reflect;
const ENGINE = "WebAssembly";

// What goes to the host and comes back.
const IO = new ArrayBuffer(4096);
const io = new DataView(IO);
const octets = new Uint8Array(IO);
const decoder = new TextDecoder();
export const decode = member(TextDecoder, "decode");
const NONE = 0xffffffff;
const PAGE = 65536;
const [EXPORT, IMPORT, CALL, RESUME, ABORT, CONTINUE] = [3, 4, 5, 6, 7, 8];
const [MEMORY_NEW, MEMORY_GROW, MEMORY_SIZE, GLOBAL_NEW, GLOBAL_GET, GLOBAL_SET] = [9, 10, 11, 12, 13, 14];
const [TABLE_NEW, TABLE_GET, TABLE_SET, TABLE_GROW, TABLE_SIZE, TYPE] = [15, 16, 17, 18, 19, 20];

function errorClass(name) {
  const type = {
    [name]: function (message, options) {
      const error = construct(Error, message === undefined ? [] : [message, options], new.target ?? type);
      return error;
    },
  }[name];
  Object.setPrototypeOf(type, Error);
  type.prototype = create(Error.prototype, {
    constructor: { value: type, writable: true, configurable: true },
    name: { value: name, writable: true, configurable: true },
    message: { value: "", writable: true, configurable: true },
  });
  defineProperty(type, "prototype", { writable: false, enumerable: false });
  defineProperty(type, "length", { value: 1, configurable: true });
  return type;
}
const CompileError = errorClass("CompileError");
const LinkError = errorClass("LinkError");
const RuntimeError = errorClass("RuntimeError");

const answered = (length) => decode(decoder, octets.subarray(1, length));

// An error of the host's as an exception.
function refuse(status, message, where) {
  const text = where === "" ? message : `${ENGINE}.${where}: ${message}`;
  switch (status) {
    case 12:
      return new RuntimeError(message);
    case 13:
      return new RangeError(message);
    case 14:
      return new LinkError(text);
    case 15:
      return new CompileError(text);
    default:
      return new RangeError(text);
  }
}

// What global scope made, to be made by the host.
const deferred = [];

function settle() {
  if (scope.global) {
    throw new Error(
      "Disallowed operation called within global scope. WebAssembly can be instantiated there, and functions without a result called, but what its functions give and what its memory holds is known within a handler only.",
    );
  }
  const all = deferred.splice(0);
  for (const make of all) make();
}

// Does it now, or where there is a handler.
function soon(make) {
  if (scope.global) deferred.push(make);
  else make();
}

// The handle of something, which may still have to be made.
function handleOf(slot) {
  if (slot.handle === undefined) {
    settle();
    if (slot.handle === undefined) throw new Error("What global scope instantiated could not be made.");
  }
  return slot.handle;
}

// The length of the host's answer, which lies in the buffer.
function check(length, where) {
  if (length < 0) {
    throw new RangeError(`${ENGINE}.${where}: ${where === "Memory()" ? "could not allocate memory" : "Out of memory"}`);
  }
  const status = io.getUint8(0);
  if (status >= 10) throw refuse(status, answered(length), where);
  return length;
}

const ask = (length, where) => check(native.wasm(IO, length), where);

// Asks with numbers only; gives the number that is answered.
function number(where, op, ...numbers) {
  io.setUint8(0, op);
  numbers.forEach((it, at) => io.setUint32(1 + at * 4, it, true));
  return ask(1 + numbers.length * 4, where) > 1 ? io.getUint32(1, true) : undefined;
}

// Values of JavaScript's that WebAssembly has, by their numbers.
const references = [];
// Functions of WebAssembly's: their handles, and by handle.
const handles = new WeakMap();
const functions = new Map();
// Functions of JavaScript's that were imported: [function, results], by handle.
const imported = new Map();
// Memories whose buffer JavaScript has, by handle.
const shared = new Map();

const LETTERS = { i: 0, I: 1, f: 2, F: 3, r: 4, e: 5 };
const scratch = new DataView(new ArrayBuffer(8));

// A value as its type wants it.
function coerce(letter, value) {
  switch (letter) {
    case "i":
      // Unlike `|`, a plus tells of a BigInt what V8 tells.
      return typeof value === "number" ? value | 0 : +value | 0;
    case "I":
      scratch.setBigInt64(0, value);
      return scratch.getBigInt64(0);
    case "f":
    case "F":
      return +value;
    case "r": {
      if (value === null) return 0;
      const handle = typeof value === "function" ? handles.get(value) : undefined;
      if (handle === undefined) {
        throw new TypeError("type incompatibility when transforming from/to JS");
      }
      return handleOf(handle) + 1;
    }
    default:
      return value === null ? 0 : references.push(value);
  }
}

function put(at, letter, value) {
  io.setUint8(at, LETTERS[letter]);
  if (letter === "I") io.setBigInt64(at + 1, value, true);
  else if (letter === "F") io.setFloat64(at + 1, value, true);
  else {
    io.setUint32(at + 5, 0, true);
    if (letter === "f") io.setFloat32(at + 1, value, true);
    else if (letter === "i") io.setInt32(at + 1, value, true);
    else io.setUint32(at + 1, value, true);
  }
  return at + 9;
}

function take(at) {
  switch (io.getUint8(at)) {
    case 0:
      return io.getInt32(at + 1, true);
    case 1:
      return io.getBigInt64(at + 1, true);
    case 2:
      return io.getFloat32(at + 1, true);
    case 3:
      return io.getFloat64(at + 1, true);
    case 4: {
      const handle = io.getUint32(at + 1, true);
      return handle === 0 ? null : { handle: handle - 1 };
    }
    default: {
      const id = io.getUint32(at + 1, true);
      return id === 0 ? null : references[id - 1];
    }
  }
}

function takeAll(at, length) {
  const values = [];
  const found = [];
  for (; at + 9 <= length; at += 9) {
    values.push(take(at));
    if (io.getUint8(at) === 4) found.push(values.length - 1);
  }
  for (const at of found) if (values[at] !== null) values[at] = functionOf(values[at].handle);
  return values;
}

// Gives WebAssembly what JavaScript wrote.
function write() {
  for (const [handle, memory] of shared) native.wasmWrite(handle, memory.buffer);
}

// Gives JavaScript what WebAssembly wrote; a buffer that is too short is detached.
function read() {
  for (const [handle, memory] of shared) {
    const pages = memory.buffer.detached ? NONE : native.wasmRead(handle, memory.buffer);
    if (pages * PAGE !== memory.buffer.byteLength) drop(memory);
  }
}

function drop(memory) {
  shared.delete(memory.handle);
  if (memory.buffer?.detached === false) memory.buffer.transfer();
  memory.buffer = undefined;
}

// Runs a function of WebAssembly's.
function call(slot, params, results, given) {
  const values = [];
  for (let at = 0; at < params.length; at++) values.push(coerce(params[at], given[at]));
  if (scope.global && results === "" && slot.handle === undefined) {
    deferred.push(() => run(slot.handle, params, results, values));
    return undefined;
  }
  return run(handleOf(slot), params, results, values);
}

function run(handle, params, results, values) {
  write();
  io.setUint8(0, CALL);
  io.setUint32(1, handle, true);
  let at = 5;
  for (let i = 0; i < values.length; i++) at = put(at, params[i], values[i]);
  let length = native.wasm(IO, at);
  for (;;) {
    const status = length < 0 ? 10 : io.getUint8(0);
    if (status === 2) {
      io.setUint8(0, CONTINUE);
      length = native.wasm(IO, 1);
    } else if (status === 0) {
      const made = takeAll(1, length);
      read();
      return made.length === 0 ? undefined : results.length === 1 ? made[0] : made;
    } else if (status === 1) {
      const asked = imported.get(io.getUint32(1, true));
      const argument = takeAll(5, length);
      read();
      let given;
      try {
        const gave = Reflect.apply(asked.call, undefined, argument);
        given = back(asked.results, gave);
      } catch (error) {
        io.setUint8(0, ABORT);
        native.wasm(IO, 1);
        throw error;
      }
      write();
      io.setUint8(0, RESUME);
      let end = 1;
      for (let i = 0; i < given.length; i++) end = put(end, asked.results[i], given[i]);
      length = native.wasm(IO, end);
    } else {
      const error = length < 0 ? new RangeError("Out of memory") : refuse(status, answered(length), "");
      read();
      throw error;
    }
  }
}

// What an imported function gave, as WebAssembly takes it.
function back(results, gave) {
  if (results.length === 0) return [];
  if (results.length === 1) return [coerce(results, gave)];
  const values = [...gave];
  if (values.length !== results.length) throw new TypeError("multi-return length mismatch");
  return values.map((value, at) => coerce(results[at], value));
}

// A function of WebAssembly's.
function makeFunction(slot, name, params, results) {
  const f = { f: (...given) => call(slot, params, results, given) }.f;
  defineProperty(f, "name", { value: `${name}`, configurable: true });
  defineProperty(f, "length", { value: params.length, configurable: true });
  handles.set(f, slot);
  return f;
}

// The function of a handle.
function functionOf(handle) {
  const known = functions.get(handle);
  if (known !== undefined) return known;
  io.setUint8(0, TYPE);
  io.setUint32(1, handle, true);
  const [params, results] = answered(ask(5, "Function")).split(">");
  const f = makeFunction({ handle }, handle, params, results);
  functions.set(handle, f);
  return f;
}

export {
  ENGINE, IO, io, octets, decoder, NONE, PAGE, CompileError, LinkError, RuntimeError, soon, handleOf, check,
  ask, number, handles, functions, imported, shared, coerce, put, takeAll, write, read, drop, run,
  makeFunction, EXPORT, IMPORT, MEMORY_NEW, MEMORY_GROW, MEMORY_SIZE, GLOBAL_NEW, GLOBAL_GET, GLOBAL_SET,
  TABLE_NEW, TABLE_GET, TABLE_SET, TABLE_GROW, TABLE_SIZE,
};
