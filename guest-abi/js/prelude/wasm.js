// WebAssembly: what JavaScript sees of it.
//
// A snapshot has nothing of the host's in it. So what global scope makes is only noted, and made when
// a handler first needs it; calls without a result that it makes are noted too.
import native from "internal:native";
import { TextEncoder } from "internal:encoding";
import { scope } from "internal:errors";
import { Exception, JSTag, Tag, exceptionMembers } from "internal:wasm/tags";
import { member } from "internal:shape";
import {
  ENGINE, IO, io, octets, decode, decoder, NONE, PAGE, CompileError, LinkError, RuntimeError, soon, handleOf, check,
  ask, number, handles, functions, imported, shared, coerce, put, takeAll, write, read, drop, run,
  makeFunction, EXPORT, IMPORT, MEMORY_NEW, MEMORY_GROW, MEMORY_SIZE, GLOBAL_NEW, GLOBAL_GET, GLOBAL_SET,
  TABLE_NEW, TABLE_GET, TABLE_SET, TABLE_GROW, TABLE_SIZE,
} from "internal:wasm/calls";

const { defineProperty, freeze, create, getOwnPropertyNames } = Object;
const { parse } = JSON;
const encoder = new TextEncoder();
const encodeInto = member(TextEncoder, "encodeInto");
const COMPILE_REFUSED = "Wasm code generation disallowed by embedder";

const modules = new WeakMap();
const instances = new WeakMap();
const memories = new WeakMap();
const tables = new WeakMap();
const globals = new WeakMap();

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// The slot of one of our objects.
function slot(map, value, where, name) {
  const found = isObject(value) ? map.get(value) : undefined;
  if (found !== undefined) return found;
  // What gets and sets a global names the engine itself, and ends as V8 ends it.
  const place = where.includes(" ") ? `${where})` : `${ENGINE}.${where}`;
  throw new TypeError(`${place}: Receiver is not a ${ENGINE}.${name}`);
}

function needsNew(target, name, prefix = `${ENGINE}.${name}(): `) {
  if (target === undefined) throw new TypeError(`${prefix}${ENGINE}.${name} must be invoked with 'new'`);
}

function moduleOf(value, where) {
  const found = isObject(value) ? modules.get(value) : undefined;
  if (found === undefined) throw new TypeError(`${ENGINE}.${where}: Argument 0 must be a ${ENGINE}.Module`);
  return found;
}

// A DataView is none, as in the field.
const isBuffer = (value) => value instanceof ArrayBuffer || (isView(value) && !(value instanceof DataView));

function wantBytes(source, where) {
  if (!isBuffer(source)) throw new TypeError(`${ENGINE}.${where}: Argument 0 must be a buffer source`);
  if (source.byteLength === 0) throw new CompileError(`${ENGINE}.${where}: BufferSource argument is empty`);
}

const copied = (source) =>
  isView(source) ? source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength) : source.slice();

// Global scope may make modules of bytes where it may make code of strings.
function mayCompile(where) {
  if (!(scope.global && scope.flags?.has("allow_eval_during_startup"))) {
    throw new CompileError(`${ENGINE}.${where}: ${COMPILE_REFUSED}`);
  }
}

function makeModule(bytes, where, prototype = Module.prototype) {
  const told = native.wasmDescribe(bytes);
  if (told[0] !== "0") throw new CompileError(`${ENGINE}.${where}: ${told.slice(1)}`);
  const module = create(prototype);
  modules.set(module, { bytes, handle: undefined, ...parse(told.slice(1)) });
  return module;
}

function Module(source) {
  needsNew(new.target, "Module");
  mayCompile("Module()");
  wantBytes(source, "Module()");
  return makeModule(copied(source), "Module()", new.target.prototype);
}

// What `import module from "./x.wasm"` gives.
export const importedModule = (bytes) => makeModule(bytes, "Module()");

// What global scope has compiled in the background is there when the first handler begins, not before.
const compiling = [];
const inBackground = (give) =>
  new Promise((resolve, reject) => {
    compiling.push(() => {
      try {
        resolve(give());
      } catch (error) {
        reject(error);
      }
    });
  });

// The first handler begins.
export function compiled() {
  for (const settle of compiling.splice(0)) settle();
}

// The bytes of one; undefined for anything else.
export const bytesOfModule = (value) => (isObject(value) ? modules.get(value)?.bytes : undefined);

const described = ({ imports, exports }) => ({
  imports: imports.map(([module, name, kind]) => ({ module, name, kind })),
  exports: exports.map(([name, kind]) => ({ name, kind })),
});

// The sections of a module that have this name.
function customSections(bytes, name) {
  const view = new Uint8Array(bytes);
  const found = [];
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = view[at++];
      value += (byte & 127) * 2 ** shift;
      if (!(byte & 128)) return value;
    }
  };
  while (at < view.length) {
    const id = view[at++];
    const size = leb();
    const end = at + size;
    if (id === 0) {
      const length = leb();
      if (decode(decoder, view.subarray(at, at + length)) === name) found.push(bytes.slice(at + length, end));
    }
    at = end;
  }
  return found;
}

const moduleMembers = {
  imports(module) {
    return described(moduleOf(module, "Module.imports()")).imports;
  },
  exports(module) {
    return described(moduleOf(module, "Module.exports()")).exports;
  },
  customSections(module, name) {
    const { bytes } = moduleOf(module, "Module.customSections()");
    if (name === undefined) throw new TypeError(`${ENGINE}.Module.customSections(): Argument 1 is required`);
    return customSections(bytes, `${name}`);
  },
};

// The handle of what a module imports.
function linked(module, at, [from, name, kind, type], value, where) {
  const fail = (what) => {
    throw new LinkError(`${ENGINE}.${where}: Import #${at} "${from}" "${name}": ${what}`);
  };
  switch (kind) {
    case "function": {
      if (typeof value !== "function") fail("function import requires a callable");
      const own = handles.get(value);
      if (own !== undefined) return handleOf(own);
      const before = module.imports.slice(0, at).filter((it) => it[2] === "function");
      const handle = number(where, IMPORT, module.handle, before.length);
      imported.set(handle, { call: value, results: type[2] });
      return handle;
    }
    case "memory": {
      const memory = isObject(value) ? memories.get(value) : undefined;
      return memory === undefined ? fail("memory import must be a WebAssembly.Memory object") : handleOf(memory);
    }
    case "table": {
      const table = isObject(value) ? tables.get(value) : undefined;
      return table === undefined ? fail("table import requires a WebAssembly.Table") : handleOf(table);
    }
    default: {
      const global = isObject(value) ? globals.get(value) : undefined;
      if (global !== undefined) return handleOf(global);
      const [letter, mutable] = type;
      if (mutable) fail("imported mutable global must be a WebAssembly.Global object");
      if (letter === "I" ? typeof value !== "bigint" : letter !== "e" && letter !== "r" && typeof value !== "number") {
        fail("global import must be a number, valid Wasm reference, or WebAssembly.Global object");
      }
      return newGlobal(letter, false, coerce(letter, value), where);
    }
  }
}

function wantImports(imports, where) {
  if (imports !== undefined && !isObject(imports)) {
    throw new TypeError(`${ENGINE}.${where}: Argument 1 must be an object`);
  }
}

function link(instance, module, imports, where) {
  if (module.imports.length > 0 && !isObject(imports)) {
    throw new TypeError(`${ENGINE}.${where}: Imports argument must be present and must be an object`);
  }
  const values = module.imports.map(([from, name], at) => {
    const room = imports[from];
    if (!isObject(room)) {
      throw new TypeError(`${ENGINE}.${where}: Import #${at} "${from}": module is not an object or function`);
    }
    return room[name];
  });
  const exports = create(null);
  const slots = module.exports.map(([name, kind, type]) => {
    const slot = { handle: undefined, buffer: undefined };
    exports[name] = wrap(slot, kind, type);
    return slot;
  });
  soon(() => makeInstance(module, imports, values, exports, slots, where));
  freeze(exports);
  instances.set(instance, exports);
  return instance;
}

function makeInstance(module, imports, values, exports, slots, where) {
  if (module.handle === undefined) {
    check(native.wasmCompile(module.bytes, IO), where);
    module.handle = io.getUint32(1, true);
  }
  const found = module.imports.map((it, at) => linked(module, at, it, values[at], where));
  write();
  io.setUint8(0, 2);
  [module.handle, ...found].forEach((it, at) => io.setUint32(1 + at * 4, it, true));
  ask(5 + found.length * 4, where);
  const handle = io.getUint32(1, true);
  const start = io.getUint32(5, true);
  read();
  module.exports.forEach(([name, kind], at) => {
    io.setUint8(0, EXPORT);
    io.setUint32(1, handle, true);
    const { written } = encodeInto(encoder, name, octets.subarray(5));
    ask(5 + written, where);
    const thing = io.getUint32(1, true);
    slots[at].handle = thing;
    if (kind === "function") functions.set(thing, exports[name]);
  });
  if (start !== NONE) run(start, "", "", []);
}

function wrap(slot, kind, type) {
  if (kind === "function") return makeFunction(slot, ...type);
  if (kind === "memory") {
    const made = create(Memory.prototype);
    memories.set(made, slot);
    return made;
  }
  if (kind === "table") {
    slot.letter = type;
    const made = create(Table.prototype);
    tables.set(made, slot);
    return made;
  }
  [slot.letter, slot.mutable] = type;
  const made = create(Global.prototype);
  globals.set(made, slot);
  return made;
}

function Instance(module, imports) {
  needsNew(new.target, "Instance", "");
  const found = moduleOf(module, "Instance()");
  wantImports(imports, "Instance()");
  return link(create(new.target.prototype), found, imports, "Instance()");
}
const instanceMembers = {
  get exports() {
    return slot(instances, this, "Instance.exports()", "Instance");
  },
};

// A number of 32 bits that is no sign's; `what` names it in `where`.
function unsigned(value, what, where) {
  const number = +value;
  const refuse = (wanted) => {
    throw new TypeError(`${ENGINE}.${where}: ${what} must be ${wanted}`);
  };
  if (number - number !== 0) refuse("convertible to a valid number");
  if (number < 0) refuse("non-negative");
  if (number >= NONE + 1) refuse("in the unsigned long range");
  return Math.trunc(number);
}

function limit(value, name, where, lower, upper) {
  const whole = unsigned(value, `Property '${name}'`, where);
  if (whole > upper) {
    throw new RangeError(`${ENGINE}.${where}: Property '${name}': value ${whole} is above the upper bound ${upper}`);
  }
  if (whole < lower) {
    throw new RangeError(`${ENGINE}.${where}: Property '${name}': value ${whole} is below the lower bound ${lower.toString(16)}`);
  }
  return whole;
}

function limitsOf(descriptor, where, upper) {
  descriptor.address;
  const { initial } = descriptor;
  if (initial === undefined) throw new TypeError(`${ENGINE}.${where}: Property 'initial' is required`);
  const least = limit(initial, "initial", where, 0, upper);
  const { maximum } = descriptor;
  const most = maximum === undefined ? NONE : limit(maximum, "maximum", where, least, upper === PAGE ? upper : NONE);
  return [least, most];
}

function Memory(descriptor) {
  needsNew(new.target, "Memory");
  if (!isObject(descriptor)) throw new TypeError(`${ENGINE}.Memory(): Argument 0 must be a memory descriptor`);
  const [least, most] = limitsOf(descriptor, "Memory()", PAGE);
  // Of more than one thread there is none here.
  descriptor.shared;
  const made = create(new.target.prototype);
  const memory = { handle: undefined, buffer: undefined, isOpen: most === NONE };
  memories.set(made, memory);
  soon(() => {
    memory.handle = number("Memory()", MEMORY_NEW, least, most);
  });
  return made;
}
const memoryMembers = {
  grow(delta) {
    const memory = slot(memories, this, "Memory.grow()", "Memory");
    const more = unsigned(delta, "Argument 0", "Memory.grow()");
    const handle = handleOf(memory);
    write();
    const before = number("Memory.grow()", MEMORY_GROW, handle, more);
    if (before === NONE) {
      const why = memory.isOpen ? "Unable to grow instance memory" : "Maximum memory size exceeded";
      throw new RangeError(`${ENGINE}.Memory.grow(): ${why}`);
    }
    const known = shared.get(handle);
    if (known !== undefined) drop(known);
    return before;
  },
  get buffer() {
    const memory = slot(memories, this, "Memory.buffer", "Memory");
    const handle = handleOf(memory);
    const known = shared.get(handle);
    if (known !== undefined) return known.buffer;
    const buffer = native.wasmBuffer(number("Memory.buffer", MEMORY_SIZE, handle) * PAGE);
    native.wasmRead(handle, buffer);
    memory.buffer = buffer;
    shared.set(handle, memory);
    return memory.buffer;
  },
};

function Table(descriptor, value) {
  needsNew(new.target, "Table");
  if (!isObject(descriptor)) throw new TypeError(`${ENGINE}.Table(): Argument 0 must be a table descriptor`);
  const letter = { anyfunc: "r", externref: "e" }[`${descriptor.element}`];
  if (letter === undefined) {
    throw new TypeError(`${ENGINE}.Table(): Descriptor property 'element' must be a WebAssembly reference type`);
  }
  const [least, most] = limitsOf(descriptor, "Table()", 10_000_000);
  const made = create(new.target.prototype);
  const table = { handle: undefined, letter };
  tables.set(made, table);
  soon(() => {
    io.setUint8(0, TABLE_NEW);
    io.setUint8(1, letter === "r" ? 0 : 1);
    io.setUint32(2, least, true);
    io.setUint32(6, most, true);
    ask(10, "Table()");
    table.handle = io.getUint32(1, true);
    if (letter === "e" || value !== undefined) {
      const what = "Argument 2 must be undefined or a value of type compatible with the type of the new table";
      for (let at = 0; at < least; at++) setIn(table, at, value, "Table()", what);
    }
  });
  return made;
}

const NO_FUNCTION = "function-typed object must be null (if nullable) or a Wasm function object";

function element(table, value, where, what) {
  if (table.letter === "r" && value !== null && handles.get(value) === undefined) {
    const stop = where === "Table()" ? "." : "";
    throw new TypeError(`${ENGINE}.${where}: ${what}: ${NO_FUNCTION}${stop}`);
  }
  return coerce(table.letter, value);
}

function setIn(table, at, value, where, what) {
  const converted = element(table, value, where, what);
  handleOf(table);
  io.setUint8(0, TABLE_SET);
  io.setUint32(1, handleOf(table), true);
  io.setUint32(5, at, true);
  ask(put(9, table.letter, converted), where);
}

function inTable(table, at, where) {
  const size = number(where, TABLE_SIZE, handleOf(table));
  const place = unsigned(at, "Argument 0", where);
  if (place >= size) {
    const kind = table.letter === "r" ? "funcref" : "externref";
    throw new RangeError(`${ENGINE}.${where}: invalid address ${place} in ${kind} table of size ${size}`);
  }
  return place;
}

const tableMembers = {
  get length() {
    return number("Table.length", TABLE_SIZE, handleOf(slot(tables, this, "Table.length()", "Table")));
  },
  grow(delta, value) {
    const table = slot(tables, this, "Table.grow()", "Table");
    const more = unsigned(delta, "Argument 0", "Table.grow()");
    const converted = element(table, value === undefined && table.letter === "r" ? null : value, "Table.grow()", "Argument 1 is invalid");
    handleOf(table);
    io.setUint8(0, TABLE_GROW);
    io.setUint32(1, table.handle, true);
    io.setUint32(5, more, true);
    ask(put(9, table.letter, converted), "Table.grow()");
    const before = io.getUint32(1, true);
    if (before === NONE) throw new RangeError(`${ENGINE}.Table.grow(): failed to grow table by ${more}`);
    return before;
  },
  set(index, value) {
    const table = slot(tables, this, "Table.set()", "Table");
    const at = inTable(table, index, "Table.set()");
    setIn(table, at, arguments.length < 2 && table.letter === "r" ? null : value, "Table.set()", "Argument 1 is invalid for table");
  },
  get(index) {
    const table = slot(tables, this, "Table.get()", "Table");
    number("Table.get()", TABLE_GET, handleOf(table), inTable(table, index, "Table.get()"));
    return takeAll(1, 10)[0];
  },
};
defineProperty(tableMembers.grow, "length", { value: 1, configurable: true });
defineProperty(tableMembers.set, "length", { value: 1, configurable: true });

const TYPES = { i32: "i", i64: "I", f32: "f", f64: "F", anyfunc: "r", externref: "e" };

function newGlobal(letter, mutable, value, where) {
  io.setUint8(0, GLOBAL_NEW);
  io.setUint8(1, mutable ? 1 : 0);
  ask(put(2, letter, value), where);
  return io.getUint32(1, true);
}

function Global(descriptor, value) {
  needsNew(new.target, "Global");
  if (!isObject(descriptor)) throw new TypeError(`${ENGINE}.Global(): Argument 0 must be a global descriptor`);
  const mutable = !!descriptor.mutable;
  const type = `${descriptor.value}`;
  if (type === "v128") throw new TypeError(`${ENGINE}.Global(): A global of type 'v128' cannot be created in JavaScript`);
  const letter = TYPES[type];
  if (letter === undefined) {
    throw new TypeError(`${ENGINE}.Global(): Descriptor property 'value' must be a WebAssembly type`);
  }
  // Of a function, undefined is one that is wrong.
  if (letter === "r" && arguments.length < 2) value = null;
  if (value === undefined && "iIfF".includes(letter)) value = letter === "I" ? 0n : 0;
  if (letter === "r" && value !== null && handles.get(value) === undefined) {
    throw new TypeError(`${ENGINE}.Global(): ${NO_FUNCTION}`);
  }
  const global = { handle: undefined, letter, mutable };
  const converted = coerce(letter, value);
  const made = create(new.target.prototype);
  globals.set(made, global);
  soon(() => {
    global.handle = newGlobal(letter, mutable, converted, "Global()");
  });
  return made;
}

function valueOf(global) {
  number("Global.value", GLOBAL_GET, handleOf(global));
  return takeAll(1, 10)[0];
}

const globalMembers = {
  valueOf() {
    return valueOf(slot(globals, this, "Global.valueOf()", "Global"));
  },
  get value() {
    return valueOf(slot(globals, this, "get WebAssembly.Global.value", "Global"));
  },
  set value(value) {
    const global = slot(globals, this, "set WebAssembly.Global.value", "Global");
    if (!global.mutable) {
      throw new TypeError("set WebAssembly.Global.value): Can't set the value of an immutable global.");
    }
    const converted = coerce(global.letter, value);
    handleOf(global);
    io.setUint8(0, GLOBAL_SET);
    io.setUint32(1, global.handle, true);
    ask(put(5, global.letter, converted), "Global.value");
  },
};

const members = {
  // Where it is refused it is whatever it is given.
  async compile(source) {
    mayCompile("compile()");
    wantBytes(source, "compile()");
    const module = makeModule(copied(source), "compile()");
    return inBackground(() => module);
  },
  validate(bytes) {
    if (!isBuffer(bytes)) throw new TypeError(`${ENGINE}.validate(): Argument 0 must be a buffer source`);
    return native.wasmDescribe(bytes)[0] === "0";
  },
  async instantiate(source, imports) {
    if (!isObject(source)) {
      throw new TypeError(`${ENGINE}.instantiate(): Argument 0 must be a buffer source or a ${ENGINE}.Module object`);
    }
    wantImports(imports, "instantiate()");
    const instantiated = (module) => link(create(Instance.prototype), module, imports, "instantiate()");
    const known = modules.get(source);
    if (known !== undefined) return instantiated(known);
    wantBytes(source, "instantiate()");
    mayCompile("instantiate()");
    const module = makeModule(copied(source), "instantiate()");
    return inBackground(() => ({ module, instance: instantiated(modules.get(module)) }));
  },
};
defineProperty(members.instantiate, "length", { value: 1, configurable: true });

const WebAssembly = {};
const tag = (holder, value) => defineProperty(holder, Symbol.toStringTag, { value, configurable: true });
const hidden = (holder, name, value) => defineProperty(holder, name, { value, writable: true, configurable: true });
function describe(holder, members) {
  for (const name of getOwnPropertyNames(members)) {
    defineProperty(holder, name, { ...Object.getOwnPropertyDescriptor(members, name), enumerable: true });
  }
}
describe(WebAssembly, members);
for (const [type, own, statics] of [
  [Module, {}, moduleMembers],
  [Instance, instanceMembers, {}],
  [Table, tableMembers, {}],
  [Memory, memoryMembers, {}],
  [Global, globalMembers, {}],
  [Tag, {}, {}],
  [Exception, exceptionMembers, {}],
]) {
  describe(type.prototype, own);
  describe(type, statics);
  tag(type.prototype, `${ENGINE}.${type.name}`);
  if (type !== Exception) defineProperty(type, "length", { value: 1, configurable: true });
  defineProperty(type, "prototype", { writable: false });
  hidden(WebAssembly, type.name, type);
  if (type === Tag) defineProperty(WebAssembly, "JSTag", { value: JSTag, configurable: true });
}
for (const type of [CompileError, LinkError, RuntimeError]) hidden(WebAssembly, type.name, type);
tag(WebAssembly, ENGINE);
hidden(globalThis, ENGINE, WebAssembly);
