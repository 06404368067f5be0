// A value as text for people: what console methods write.
import native from "internal:native";
import { facades, prototypes, shown } from "internal:platform";
import { isStackAccessor } from "internal:stacks";

const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const BREAK_COLUMNS = 80, COMPACT = 3, ITEMS_MAX = 100, TEXT_MAX = 10_000, WHOLE_MAX = 256 * 1024;
const viewTag = getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

native.learnKinds([
  "Object", {}, "Array", [], "Function", () => {}, "Function", function () {}, "Function", Math.max, "Function", Function.prototype.bind.call(() => {}),
  "GeneratorFunction", function* () {}, "AsyncFunction", async () => {}, "AsyncGeneratorFunction", async function* () {},
  "Date", new Date(0), "RegExp", /a/, "Error", new Error(), "Number", Object(1), "String", Object(""), "Boolean", Object(true),
  "Symbol", Object(Symbol.iterator), "BigInt", Object(1n), "Map", new Map(), "Set", new Set(), "WeakMap", new WeakMap(),
  "WeakSet", new WeakSet(), "WeakRef", new WeakRef({}), "ArrayBuffer", new ArrayBuffer(1), "SharedArrayBuffer", new SharedArrayBuffer(1),
  "DataView", new DataView(new ArrayBuffer(1)), "Promise", Promise.resolve(),
  ...[
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float16Array, Float32Array, Float64Array,
    BigInt64Array, BigUint64Array,
  ].flatMap((View) => ["TypedArray", new View(1)]),
  "Arguments", (function () { return arguments; })(), "Arguments", (0, eval)("(function (a) { return arguments; })")(1),
]);

function functionKind(value) {
  const kind = native.kindOf(value);
  return kind.endsWith("Function") ? kind : "Function";
}

const ESCAPES = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\" };

function quote(text) {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes("`") && !text.includes("${")) mark = "`";
  }
  const body = text.replace(/[\x00-\x1f\x7f-\x9f'\\]|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (found) => {
    if (found.length === 2) return found;
    if (found === "'") return mark === "'" ? "\\'" : found;
    const code = found.charCodeAt(0);
    if (code >= 0xd800) return `\\u${code.toString(16)}`;
    return ESCAPES[found] ?? `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return mark + body + mark;
}

const number = (value) => (Object.is(value, -0) ? "-0" : `${value}`);

function primitive(state, value) {
  switch (typeof value) {
    case "string": {
      let rest = "";
      if (value.length > TEXT_MAX) {
        const more = value.length - TEXT_MAX;
        value = value.slice(0, TEXT_MAX);
        rest = `... ${more} more character${more > 1 ? "s" : ""}`;
      }
      if (value.length > 16 && value.length > BREAK_COLUMNS - state.indent - 4 && value.includes("\n")) {
        return value.split(/(?<=\n)/).map(quote).join(` +\n${" ".repeat(state.indent + 2)}`) + rest;
      }
      return quote(value) + rest;
    }
    case "number":
      return number(value);
    case "bigint":
      return `${value}n`;
    default:
      return String(value);
  }
}

// The name of the class that made an object; null if it has none.
function className(value) {
  for (let object = value; object !== null; object = getPrototypeOf(object)) {
    const made = getOwnPropertyDescriptor(object, "constructor");
    if (made !== undefined && typeof made.value === "function" && made.value.name !== "" && isOf(value, made.value)) {
      return made.value.name;
    }
  }
  return null;
}

function isOf(value, c) {
  try {
    return value instanceof c;
  } catch {
    return false;
  }
}

function keysOf(value) {
  const keys = Object.keys(value);
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (getOwnPropertyDescriptor(value, symbol)?.enumerable) keys.push(symbol);
  }
  return keys;
}

const isIndex = (key) => typeof key === "string" && /^(0|[1-9][0-9]*)$/.test(key) && Number(key) < 2 ** 32 - 1;

const keyText = (key) =>
  typeof key === "symbol" ? String(key) : /^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key) ? key : quote(key);

function prefix(name, tag, fallback, size = "") {
  if (name === null) {
    return tag !== "" && tag !== fallback ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  }
  return tag !== "" && tag !== name ? `${name}${size} [${tag}] ` : `${name}${size} `;
}

class State {
  constructor(depth, hidden) {
    this.depth = depth;
    this.hidden = hidden;
    this.indent = 0;
    this.deepest = 0;
    this.seen = [];
    this.circular = null;
    this.length = 0;
  }
}

const stylizeNoColor = (text) => text;

// What a method of the object's own is told of how to show it.
const customOptions = (state) => ({
  stylize: stylizeNoColor, showHidden: state.hidden, depth: state.depth === Infinity ? null : state.depth, colors: false, customInspect: true,
  showProxy: false, maxArrayLength: ITEMS_MAX, maxStringLength: TEXT_MAX, breakLength: BREAK_COLUMNS, compact: COMPACT,
  sorted: false, getters: false, numericSeparator: false,
});

function show(state, value, level) {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return primitive(state, value);
  if (state.length > WHOLE_MAX) return "...";
  const facade = facades.get(value);
  if (facade !== undefined) return object(state, Object.assign(Object.create(getPrototypeOf(value)), facade), level);
  const target = native.proxyTarget(value);
  if (target !== undefined) {
    if (level > state.depth) return "Proxy [Array]";
    return target === null ? "<Revoked Proxy>" : `Proxy(${show(state, target, level)})`;
  }
  const custom = value[CUSTOM];
  if (typeof custom === "function" && custom !== inspect) {
    const left = state.depth === Infinity ? null : state.depth - level;
    const said = custom.call(value, left, customOptions(state), inspect);
    if (said !== value) return typeof said === "string" ? said.replaceAll("\n", `\n${" ".repeat(state.indent)}`) : show(state, said, level);
  }
  if (state.seen.includes(value)) {
    state.circular ??= new Map();
    let at = state.circular.get(value);
    if (at === undefined) state.circular.set(value, (at = state.circular.size + 1));
    return `[Circular *${at}]`;
  }
  return object(state, value, level);
}

function functionHead(value, name, tag) {
  const text = Function.prototype.toString.call(value);
  const own = getOwnPropertyDescriptor(value, "name")?.value;
  if (text.startsWith("class") || shown.has(value.prototype)) {
    const parent = getPrototypeOf(value);
    let head = hasOwn(value, "name") && typeof own === "string" && own !== "" ? `[class ${own}` : "[class (anonymous)";
    if (parent !== null && typeof parent === "function" && parent.name !== "") head += ` extends ${parent.name}`;
    return `${head}]`;
  }
  let kind = functionKind(value);
  let head = typeof own === "string" && own !== "" ? `[${kind}: ${own}]` : `[${kind} (anonymous)]`;
  if (name === null) head += " [null prototype]";
  if (tag !== "" && tag !== kind && !kind.startsWith(tag)) head += ` [${tag}]`;
  return head;
}

// A stack that tells the class which made the error too, where its name does not.
function improved(stack, value, name, tag) {
  let said;
  try {
    said = value.name === undefined || value.name === null ? "Error" : `${value.name}`;
  } catch {
    return stack;
  }
  let { length } = said;
  const begins = said.endsWith("Error") && stack.startsWith(said) && [undefined, ":", "\n"].includes(stack[length]);
  if (name !== null && !begins) return stack;
  let fallback = "Error";
  if (name === null) {
    const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    fallback = start?.[1] ?? "";
    ({ length } = fallback);
    fallback ||= "Error";
  }
  const made = prefix(name, tag, fallback).slice(0, -1);
  if (said === made) return stack;
  if (!made.includes(said)) return `${made} [${said}]${stack.slice(length)}`;
  return length === 0 ? `${made}: ${stack}` : `${made}${stack.slice(length)}`;
}

// The text of an error, with its lines indented.
function errorText(state, value, keys, name, tag) {
  let { stack } = value;
  if (stack) stack = improved(`${stack}`, value, name, tag);
  if (!stack) {
    let text;
    try {
      text = Error.prototype.toString.call(value);
    } catch {
      text = "Error";
    }
    stack = `[${text}]`;
  } else if (!/\n {4}at /.test(stack)) {
    stack = `[${stack}]`;
  }
  for (const name of ["name", "message", "stack"]) {
    const at = keys.indexOf(name);
    if (at !== -1 && (typeof value[name] !== "string" || stack.includes(value[name]))) keys.splice(at, 1);
  }
  for (const name of ["cause", "errors"]) {
    if (hasOwn(value, name) && !keys.includes(name) && (name === "cause" || Array.isArray(value[name]))) keys.push(name);
  }
  return state.indent === 0 ? stack : stack.replaceAll("\n", `\n${" ".repeat(state.indent)}`);
}

const PLAIN = 0, ARRAY = 1;

function object(state, value, level) {
  let width;
  const name = className(value);
  let tag = value[Symbol.toStringTag];
  if (typeof tag !== "string" || tag === "" || getOwnPropertyDescriptor(value, Symbol.toStringTag)?.enumerable) tag = "";
  let base = "";
  let open = "{", close = "}";
  let extras = PLAIN;
  let keys = keysOf(value);
  let items = null;
  let hiddenKeys = [];
  const kind = typeof value === "function" ? "Function" : Array.isArray(value) ? "Array" : native.kindOf(value);
  switch (kind) {
    case "Array":
      open = name !== "Array" || tag !== "" ? `${prefix(name, tag, "Array", `(${value.length})`)}[` : "[";
      close = "]";
      keys = keys.filter((key) => !isIndex(key));
      if (state.hidden) hiddenKeys = ["length"];
      if (value.length === 0 && keys.length === 0 && hiddenKeys.length === 0) return `${open}]`;
      extras = ARRAY;
      items = () => arrayItems(state, value, level);
      break;
    case "TypedArray": {
      const type = viewTag.call(value);
      open = `${prefix(name, name === null ? type : tag === name ? "" : type, type, `(${value.length})`)}[`;
      close = "]";
      keys = keys.filter((key) => !isIndex(key));
      if (value.length === 0 && keys.length === 0) return `${open}]`;
      extras = ARRAY;
      items = () => viewItems(value);
      break;
    }
    case "Set":
      open = `${prefix(name, tag, "Set", `(${value.size})`)}{`;
      if (value.size === 0 && keys.length === 0) return `${open}}`;
      items = () => setItems(state, value, level);
      break;
    case "Map":
      open = `${prefix(name, tag, "Map", `(${value.size})`)}{`;
      if (value.size === 0 && keys.length === 0) return `${open}}`;
      items = () => mapItems(state, value, level);
      break;
    case "Function":
      base = functionHead(value, name, tag);
      if (state.hidden) hiddenKeys = ["length", "name", ...(hasOwn(value, "prototype") ? ["prototype"] : [])];
      if (keys.length === 0 && hiddenKeys.length === 0) return base;
      break;
    case "RegExp":
      base = RegExp.prototype.toString.call(value);
      if (keys.length === 0) return base;
      break;
    case "Date": {
      const time = Date.prototype.getTime.call(value);
      base = Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value);
      if (keys.length === 0) return base;
      break;
    }
    case "Error":
      base = errorText(state, value, keys, name, tag);
      if (keys.length === 0) return base;
      break;
    case "Number":
    case "String":
    case "Boolean":
    case "Symbol":
    case "BigInt": {
      const inner = value.valueOf();
      base = `[${kind}: ${typeof inner === "string" ? quote(inner) : typeof inner === "symbol" ? String(inner) : primitive(state, inner)}]`;
      if (kind === "String") keys = keys.filter((key) => !isIndex(key));
      if (keys.length === 0) return base;
      break;
    }
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      open = `${prefix(name, tag, kind)}{`;
      items = () => bufferItems(value);
      break;
    case "DataView":
      open = `${prefix(name, tag, kind)}{`;
      items = () =>
        ["byteLength", "byteOffset", "buffer"].map((key) => `${key}: ${nested(state, value[key], level)}`);
      break;
    case "Promise":
      open = `${prefix(name, tag, "Promise")}{`;
      items = () => {
        const [settled, result] = native.promiseState(value);
        if (settled === 0) return ["<pending>"];
        const text = nested(state, result, level);
        return [settled === 2 ? `<rejected> ${text}` : text];
      };
      break;
    case "WeakMap":
    case "WeakSet":
      return `${prefix(name, tag, kind)}{ <items unknown> }`;
    case "WeakRef":
      open = `${prefix(name, tag, kind)}{`;
      items = () => [`${nested(state, value.deref(), level)}`];
      break;
    default: {
      const special = kind === "Arguments" ? null : platformObject(state, value, level);
      if (special !== null) {
        const { size, entries } = special;
        open = `${prefix(name, tag, "Object", size)}{`;
        // The name of what is shown by its accessors is no part of the line's width.
        if (size === "") width = 1;
        if (level > state.depth) break;
        if (entries.length === 0 && keys.length === 0) return `${open}}`;
        items = entries;
      } else if (kind === "Arguments") {
        open = "[Arguments] {";
      } else if (name !== "Object" || tag !== "") {
        open = `${prefix(name, tag, "Object")}{`;
      }
      if (items === null && keys.length === 0) return `${open}}`;
    }
  }
  if (level > state.depth) {
    if (kind === "Error" || kind === "RegExp" || kind === "Date") return base;
    const shownName = prefix(name, tag, kind === "Array" ? "Array" : "Object").slice(0, -1);
    return name === null ? `[${shownName}]`.replace("[[", "[").replace("]]", "]") : `[${shownName}]`;
  }
  state.seen.push(value);
  state.deepest = level;
  let output;
  if (items === null) output = [];
  else if (Array.isArray(items)) {
    output = items.map(([key, get]) => (typeof get === "string" ? get : `${key}: ${nested(state, get(), level)}`));
  } else output = items();
  const listed = output.length;
  for (const key of keys) output.push(property(state, value, key, level, extras));
  for (const key of hiddenKeys) {
    output.push(`[${key}]: ${nested(state, value[key], level)}`);
  }
  state.seen.pop();
  const at = state.circular?.get(value);
  if (at !== undefined) {
    if (base === "") open = `<ref *${at}> ${open}`;
    else base = `<ref *${at}> ${base}`;
  }
  const more = kind === "Array" || kind === "TypedArray" ? listed > 0 && value.length > ITEMS_MAX && keys.length === 0 : false;
  const text = join(state, output, base, open, close, extras, level, kind === "Array" || kind === "TypedArray" ? value : undefined, more, width ?? open.length);
  state.length += text.length;
  return text;
}

// Text of a value inside another one.
function nested(state, value, level) {
  state.indent += 2;
  const text = show(state, value, level + 1);
  state.indent -= 2;
  return text;
}

function property(state, value, key, level, extras) {
  const found = getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
  let text;
  // The stack of what is no error of the language's, which is kept behind accessors too.
  if (key === "stack" && found.enumerable && isStackAccessor(found.get)) text = nested(state, value.stack, level);
  else if (found.get !== undefined) text = found.set !== undefined ? "[Getter/Setter]" : "[Getter]";
  else if (found.set !== undefined) text = "[Setter]";
  else text = nested(state, found.value, level);
  if (extras === ARRAY && isIndex(key)) return text;
  return `${found.enumerable ? keyText(key) : `[${String(key)}]`}: ${text}`;
}

const moreItems = (count) => `... ${count} more item${count > 1 ? "s" : ""}`;

function arrayItems(state, value, level) {
  const output = [];
  const { length } = value;
  let at = 0;
  while (at < length && output.length < ITEMS_MAX) {
    if (hasOwn(value, at)) {
      output.push(property(state, value, `${at}`, level, ARRAY));
      at++;
      continue;
    }
    let end = at + 1;
    const next = Object.keys(value).find((key) => isIndex(key) && Number(key) > at);
    end = next === undefined ? length : Number(next);
    const count = end - at;
    output.push(`<${count} empty item${count > 1 ? "s" : ""}>`);
    at = end;
  }
  if (at < length) output.push(moreItems(length - at));
  return output;
}

function viewItems(value) {
  const output = [];
  const count = Math.min(value.length, ITEMS_MAX);
  for (let at = 0; at < count; at++) {
    const item = value[at];
    output.push(typeof item === "bigint" ? `${item}n` : number(item));
  }
  if (value.length > count) output.push(moreItems(value.length - count));
  return output;
}

function setItems(state, value, level) {
  const output = [];
  const items = Set.prototype.values.call(value);
  for (const item of items) {
    if (output.length === ITEMS_MAX) break;
    output.push(nested(state, item, level));
  }
  if (value.size > ITEMS_MAX) output.push(moreItems(value.size - ITEMS_MAX));
  return output;
}

function mapItems(state, value, level) {
  const output = [];
  for (const [key, item] of Map.prototype.entries.call(value)) {
    if (output.length === ITEMS_MAX) break;
    output.push(`${nested(state, key, level)} => ${nested(state, item, level)}`);
  }
  if (value.size > ITEMS_MAX) output.push(moreItems(value.size - ITEMS_MAX));
  return output;
}

function bufferItems(value) {
  const bytes = new Uint8Array(value);
  const count = Math.min(50, bytes.length);
  let text = "";
  for (let at = 0; at < count; at++) text += `${at > 0 ? " " : ""}${bytes[at].toString(16).padStart(2, "0")}`;
  if (bytes.length > count) text += ` ... ${bytes.length - count} more byte${bytes.length - count > 1 ? "s" : ""}`;
  return [`[Uint8Contents]: <${text}>`, `byteLength: ${value.byteLength}`];
}

// Ways to show objects of the platform, by prototype: a function of the object that gives
// `[size, entries]`, or null for all accessors.
const special = new Map();

// Tells how objects of a class are shown: as pairs, with these private facts behind them.
export function showAsPairs(c, pairs, facts = () => []) {
  special.set(c.prototype, { pairs, facts });
}

const inner = new Map();

// Tells of what objects of a class are shown with besides their accessors: names and values.
export function showFacts(c, facts) {
  inner.set(c.prototype, facts);
}

function platformObject(state, value, level) {
  let accessors = null;
  let facts = [];
  for (let proto = getPrototypeOf(value); proto !== null; proto = getPrototypeOf(proto)) {
    const way = special.get(proto);
    if (way !== undefined) {
      const pairs = [...way.pairs(value)];
      return {
        size: `(${pairs.length})`,
        entries: [
          ...pairs.map(([key, item]) => ["", `${quote(key)} => ${nested(state, item, level)}`]),
          ...way.facts(value).map(([key, item]) => [`[${key}]`, () => item]),
        ],
      };
    }
    const names = shown.get(proto);
    const isFirst = accessors === null;
    if (names !== undefined) accessors = accessors === null ? [...names] : [...accessors, ...names];
    else if (prototypes.has(proto)) accessors ??= [];
    const more = inner.get(proto);
    if (more !== undefined && isFirst) facts = more(value);
  }
  if (accessors === null) return null;
  const own = accessors.filter((key) => !hasOwn(value, key));
  return {
    size: "",
    entries: [
      ...own.map((key) => [
        key,
        () => {
          try {
            return value[key];
          } catch {
            return undefined;
          }
        },
      ]),
      ...facts.map(([key, item]) => [`[${key}]`, () => item]),
    ],
  };
}

// ---- Lines ----

function join(state, output, base, open, close, extras, level, value, more, width) {
  const entries = output.length;
  if (extras === ARRAY && entries > 6) output = columns(state, output, value, more);
  if (state.deepest - level < COMPACT && entries === output.length) {
    const start = output.length + state.indent + width + base.length + 10;
    let total = output.length + start;
    for (const text of output) total += text.length;
    if (total <= BREAK_COLUMNS && !base.includes("\n")) {
      const joined = output.join(", ");
      if (!joined.includes("\n")) return `${base !== "" ? `${base} ` : ""}${open} ${joined} ${close}`;
    }
  }
  const line = `\n${" ".repeat(state.indent)}`;
  return `${base !== "" ? `${base} ` : ""}${open}${line}  ${output.join(`,${line}  `)}${line}${close}`;
}

// Short items of an array, several to a line.
function columns(state, output, value, more) {
  let count = output.length;
  if (more) count--;
  const gap = 2;
  const widths = new Array(count);
  let total = 0, widest = 0;
  for (let at = 0; at < count; at++) {
    const width = output[at].length;
    widths[at] = width;
    total += width + gap;
    if (width > widest) widest = width;
  }
  const cell = widest + gap;
  if (!(cell * 3 + state.indent < BREAK_COLUMNS && (total / cell > 5 || widest <= 6))) return output;
  const bias = Math.max(cell - 3 - Math.sqrt(cell - total / output.length), 1);
  const wanted = Math.min(
    Math.round(Math.sqrt(2.5 * bias * count) / bias),
    Math.floor((BREAK_COLUMNS - state.indent) / cell),
    COMPACT * 4,
    15,
  );
  if (wanted <= 1) return output;
  const sizes = [];
  for (let column = 0; column < wanted; column++) {
    let size = 0;
    for (let at = column; at < count; at += wanted) if (widths[at] > size) size = widths[at];
    sizes.push(size + gap);
  }
  let right = value !== undefined;
  for (let at = 0; right && at < count; at++) {
    const type = typeof value[at];
    right = type === "number" || type === "bigint";
  }
  const lines = [];
  for (let from = 0; from < count; from += wanted) {
    const to = Math.min(from + wanted, count);
    let line = "";
    let at = from;
    for (; at < to - 1; at++) {
      const text = `${output[at]}, `;
      line += right ? text.padStart(sizes[at - from]) : text.padEnd(sizes[at - from]);
    }
    line += right ? output[at].padStart(sizes[at - from] - gap) : output[at];
    lines.push(line);
  }
  if (more) lines.push(output[count]);
  return lines;
}

// A value as text; `depth` levels of it, two unless said.
export function inspect(value, options = undefined) {
  const depth = options?.depth === null ? Infinity : (options?.depth ?? 2);
  return show(new State(depth, options?.showHidden === true), value, 0);
}

// ---- Formats ----

// The language's classes with a text of their own.
const LANGUAGE = new Set([Object, Function, Array, Number, Boolean, String, Symbol, BigInt, Date, RegExp, Error]);

const hasOwnText = (value) => {
  if (native.proxyTarget(value) !== undefined) return false;
  if (native.kindOf(value) === "Error" || native.kindOf(value) === "Date") return native.kindOf(value) === "Date" ? null : false;
  if (typeof value.toString !== "function") return false;
  if (hasOwn(value, "toString")) return true;
  for (let proto = getPrototypeOf(value); proto !== null; proto = getPrototypeOf(proto)) {
    if (hasOwn(proto, "toString")) {
      const c = getOwnPropertyDescriptor(proto, "constructor")?.value;
      return typeof c === "function" && !LANGUAGE.has(c);
    }
  }
  return false;
};

function formatted(letter, value) {
  switch (letter) {
    case "s":
      if (typeof value === "string") return value;
      if (typeof value === "number") return number(value);
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value === "function") return hasOwn(value, "toString") ? String(value) : Function.prototype.toString.call(value);
      if (typeof value !== "object" || value === null) return String(value);
      return hasOwnText(value) ? String(value) : inspect(value, { depth: 0 });
    case "d":
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value === "symbol") return "NaN";
      return typeof value === "object" && value !== null ? number(Number(value)) : number(Number(value));
    case "i":
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value === "symbol") return "NaN";
      return number(Number.parseInt(value));
    case "f":
      return typeof value === "symbol" ? "NaN" : number(Number.parseFloat(value));
    case "j":
      try {
        return JSON.stringify(value) ?? "undefined";
      } catch (error) {
        if (/circular/i.test(error.message)) return "[Circular]";
        throw error;
      }
    case "o":
      return inspect(value, { depth: 4, showHidden: true });
    case "O":
      return inspect(value);
    default:
      return "";
  }
}

// The line that these arguments of a console method make.
export function format(args) {
  const { length } = args;
  const first = args[0];
  if (typeof first !== "string") return length === 1 ? one(first) : Array.prototype.map.call(args, one).join(" ");
  if (length === 1) return first;
  let next = 1;
  let line = "";
  let from = 0;
  for (let at = first.indexOf("%"); at !== -1 && at < first.length - 1; ) {
    const letter = first[at + 1];
    if (letter === "%") {
      line += first.slice(from, at + 1);
      from = at + 2;
    } else if (next < length && "sdifjoOc".includes(letter)) {
      line += first.slice(from, at) + formatted(letter, args[next++]);
      from = at + 2;
    }
    at = first.indexOf("%", at + 2);
  }
  line += first.slice(from);
  while (next < length) line += ` ${one(args[next++])}`;
  return line;
}

function one(value) {
  return typeof value === "string" ? value : typeof value === "object" || typeof value === "function" ? inspect(value) : primitiveLine(value);
}

const primitiveLine = (value) =>
  typeof value === "number" ? number(value) : typeof value === "bigint" ? `${value}n` : String(value);
