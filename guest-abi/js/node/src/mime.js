// MIMEType and MIMEParams of node:util.
import { coded } from "internal:node/errors";

const custom = Symbol.for("nodejs.util.inspect.custom");
const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~A-Za-z0-9]/;
const NOT_QUOTED = /[^\t\u0020-~\u0080-\u00FF]/;
const invalid = (what, text, at) => coded(TypeError, "ERR_INVALID_MIME_SYNTAX", `The MIME syntax for a ${what} in "${text}" is invalid${at === -1 || at === undefined ? "" : ` at ${at}`}`);

function quoted(value) {
  if (value.length === 0) return '""';
  return NOT_TOKEN.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}

export class MIMEParams {
  #data = new Map();
  delete(name) {
    this.#data.delete(`${name}`);
  }
  get(name) {
    return this.#data.get(`${name}`) ?? null;
  }
  has(name) {
    return this.#data.has(`${name}`);
  }
  set(name, value) {
    name = `${name}`;
    value = `${value}`;
    const at = name.search(NOT_TOKEN);
    if (name.length === 0 || at !== -1) throw invalid("parameter name", name, at);
    const bad = value.search(NOT_QUOTED);
    if (bad !== -1) throw invalid("parameter value", value, bad);
    this.#data.set(name, value);
  }
  *entries() {
    yield* this.#data.entries();
  }
  *keys() {
    yield* this.#data.keys();
  }
  *values() {
    yield* this.#data.values();
  }
  toString() {
    return [...this.#data].map(([name, value]) => `${name}=${quoted(value)}`).join(";");
  }
  toJSON() {
    return this.toString();
  }
  [custom](depth, options, inspect) {
    const inside = inspect(new Map(this.#data), options);
    return inside.replace(/^Map/, "MIMEParams");
  }
}
Object.defineProperty(MIMEParams.prototype, Symbol.iterator, { value: MIMEParams.prototype.entries, writable: true, configurable: true });

export class MIMEType {
  #type;
  #subtype;
  #params = new MIMEParams();
  constructor() {
    const text = `${arguments[0]}`;
    const head = /^[\t\n\f\r ]*([^/]*)\/([^;]*)/.exec(text);
    if (head === null) throw invalid("type", text, -1);
    const type = head[1], subtype = head[2].replace(/[\t\n\f\r ]+$/, "");
    if (type === "" || NOT_TOKEN.test(type)) throw invalid("type", text, text.indexOf(type));
    if (subtype === "" || NOT_TOKEN.test(subtype)) throw invalid("subtype", text, text.indexOf("/") + 1);
    this.#type = type.toLowerCase();
    this.#subtype = subtype.toLowerCase();
    const rest = text.slice(head[0].length);
    for (const match of rest.matchAll(/;[\t\n\f\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*)"?[^;]*|([^;]*)))?/g)) {
      const name = match[1].toLowerCase();
      const value = match[2] !== undefined ? match[2].replace(/\\(.)/g, "$1") : (match[3] ?? "").replace(/[\t\n\f\r ]+$/, "");
      if (name === "" || NOT_TOKEN.test(name) || NOT_QUOTED.test(value) || (match[2] === undefined && value === "") || this.#params.has(name)) continue;
      this.#params.set(name, value);
    }
  }
  get type() {
    return this.#type;
  }
  set type(value) {
    value = `${value}`;
    const at = value.search(NOT_TOKEN);
    if (value === "" || at !== -1) throw invalid("type", value, at);
    this.#type = value.toLowerCase();
  }
  get subtype() {
    return this.#subtype;
  }
  set subtype(value) {
    value = `${value}`;
    const at = value.search(NOT_TOKEN);
    if (value === "" || at !== -1) throw invalid("subtype", value, at);
    this.#subtype = value.toLowerCase();
  }
  get essence() {
    return `${this.#type}/${this.#subtype}`;
  }
  get params() {
    return this.#params;
  }
  toString() {
    const params = this.#params.toString();
    return params === "" ? this.essence : `${this.essence};${params}`;
  }
  toJSON() {
    return this.toString();
  }
  [custom](depth, options, inspect) {
    const { type, subtype, essence, params } = this;
    return `MIMEType ${inspect({ type, subtype, essence, params }, options)}`;
  }
}
for (const made of [MIMEParams, MIMEType]) Object.defineProperty(made.prototype, Symbol.toStringTag, { value: made.name, configurable: true, writable: true });
