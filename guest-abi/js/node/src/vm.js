// node:vm: code made of text does not run in Workers; what is asked is checked first.
import { Buffer } from "node:buffer";
import {
  ERR_INVALID_ARG_TYPE,
  ERR_METHOD_NOT_IMPLEMENTED,
  validateArray,
  validateBoolean,
  validateInteger,
  validateObject,
  validateOneOf,
  validateString,
  validateUint32,
} from "internal:node/errors";

const MARK = Symbol("vm_context_symbol");
const isArray = { allowArray: true };
const int32 = (value, name) => validateInteger(value, name, -2147483648, 2147483647);
const positive = (value, name) => validateUint32(value, name, true);
const bytes = (value, name) => {
  if (!ArrayBuffer.isView(value)) throw ERR_INVALID_ARG_TYPE(name, ["Buffer", "TypedArray", "DataView"], value);
};
const SCRIPT = { filename: validateString, lineOffset: int32, columnOffset: int32, cachedData: bytes, produceCachedData: validateBoolean, importModuleDynamically: validateBoolean };
const RUN = { timeout: positive, displayErrors: validateBoolean, breakOnSigint: validateBoolean };
const IN_NEW = { contextName: validateString, contextOrigin: validateString, contextCodeGeneration: generation, microtaskMode: mode };
const CONTEXT = { name: validateString, origin: validateString, codeGeneration: generation, microtaskMode: mode, importModuleDynamically: validateBoolean };
const FUNCTION = { filename: validateString, columnOffset: int32, lineOffset: int32, cachedData: bytes, produceCachedData: validateBoolean, parsingContext: context, contextExtensions: extensions };

function generation(value, name) {
  validateObject(value, name);
  check(value, { strings: validateBoolean, wasm: validateBoolean }, name);
}
function mode(value, name) {
  validateOneOf(value, name, ["afterEvaluate", undefined]);
}
function context(value, name) {
  if (!isMade(value)) throw ERR_INVALID_ARG_TYPE(name, "Context", value);
}
function extensions(value, name) {
  validateArray(value, name);
  value.forEach((extension, at) => validateObject(extension, `${name}[${at}]`));
}
// Each option that is stated, by the function with its name.
function check(options, rules, name = "options") {
  if (name === "options") validateObject(options, name);
  for (const [key, rule] of Object.entries(rules)) {
    if (options[key] !== undefined) rule(options[key], `${name}.${key}`);
  }
}
const isMade = (object) => typeof object === "object" && object !== null && MARK in object;
const named = (options) => (typeof options === "string" ? { filename: options } : options);

export class Script {
  cachedDataRejected;
  cachedDataProduced;
  cachedData;
  sourceMapURL;
  constructor(code, options = {}) {
    `${code}`;
    check(named(options), SCRIPT);
  }
  createCachedData() {
    return Buffer.alloc(0);
  }
  runInThisContext(options = {}) {
    check(options, RUN);
    throw ERR_METHOD_NOT_IMPLEMENTED("runInThisContext");
  }
  runInContext(contextifiedObject, options = {}) {
    validateContext(contextifiedObject);
    return this.runInThisContext(options);
  }
  runInNewContext(contextObject, options = {}) {
    check(options, IN_NEW);
    return this.runInContext(createContext(contextObject), options);
  }
}
Object.defineProperty(Script.prototype.runInNewContext, "length", { value: 1 });
function validateContext(object) {
  validateObject(object, "object", isArray);
  if (!isMade(object)) throw ERR_INVALID_ARG_TYPE("contextifiedObject", "vm.Context", object);
}
export const constants = Object.freeze(Object.assign(Object.create(null), { USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol("vm_dynamic_import_main_context_default"), DONT_CONTEXTIFY: Symbol("vm_context_no_contextify") }));
export function isContext(object) {
  validateObject(object, "object", isArray);
  return isMade(object);
}
export function createContext(contextObject = {}, options = {}) {
  if (contextObject !== constants.DONT_CONTEXTIFY) {
    validateObject(contextObject, "object", isArray);
    if (isMade(contextObject)) return contextObject;
  }
  check(options, CONTEXT);
  return Object.defineProperty(Object.create(null), MARK, { value: true });
}
export function createScript(code, options = {}) {
  return new Script(code, options);
}
export function runInContext(code, contextifiedObject, options) {
  validateContext(contextifiedObject);
  return new Script(code, options).runInContext(contextifiedObject, named(options));
}
Object.defineProperty(runInContext, "length", { value: 2 });
export function runInNewContext(code, contextObject, options) {
  const asked = { ...named(options) };
  check(asked, IN_NEW);
  return runInContext(code, createContext(contextObject), asked);
}
export function runInThisContext(code, options) {
  return new Script(code, options).runInThisContext(named(options));
}
Object.defineProperty(runInThisContext, "length", { value: 1 });
export function compileFunction(code, params = [], options = {}) {
  validateString(code, "code");
  validateArray(params, "params");
  params.forEach((param, at) => validateString(param, `params[${at}]`));
  check(options, FUNCTION);
  throw ERR_METHOD_NOT_IMPLEMENTED("compileFunction");
}
export function measureMemory(options = {}) {
  check(options, { mode: (value, name) => validateOneOf(value, name, ["summary", "detailed"]), execution: (value, name) => validateOneOf(value, name, ["default", "eager"]) });
  throw ERR_METHOD_NOT_IMPLEMENTED("measureMemory");
}
Object.defineProperty(measureMemory, "length", { value: 0 });
export default { Script, createContext, createScript, runInContext, runInNewContext, runInThisContext, isContext, compileFunction, measureMemory, constants };
