// node:vm: code made of text does not run in Workers.
import { ERR_INVALID_ARG_TYPE, ERR_METHOD_NOT_IMPLEMENTED, validateObject } from "internal:node/errors";

export class Script {
  constructor(code, options) {}
  createCachedData() {
    throw ERR_METHOD_NOT_IMPLEMENTED("Script.createCachedData");
  }
  runInContext() {
    throw ERR_METHOD_NOT_IMPLEMENTED("runInContext");
  }
  runInNewContext() {
    throw ERR_METHOD_NOT_IMPLEMENTED("runInNewContext");
  }
  runInThisContext() {
    throw ERR_METHOD_NOT_IMPLEMENTED("runInThisContext");
  }
}
Object.defineProperty(Script, "length", { value: 1 });
export const constants = Object.freeze(Object.assign(Object.create(null), { USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol("vm_dynamic_import_main_context_default"), DONT_CONTEXTIFY: Symbol("vm_context_no_contextify") }));
const contexts = new WeakSet();
export function isContext(object) {
  validateObject(object, "object", { allowArray: true });
  return contexts.has(object);
}
export function createContext(contextObject = {}, options = {}) {
  if (typeof contextObject === "object" && contextObject !== null) contexts.add(contextObject);
  return contextObject;
}
export function createScript(code, options) {
  return new Script(code, options);
}
Object.defineProperty(createScript, "length", { value: 1 });
export function runInContext(code, contextifiedObject, options) {
  throw ERR_INVALID_ARG_TYPE("contextifiedObject", "vm.Context", contextifiedObject);
}
Object.defineProperty(runInContext, "length", { value: 2 });
export function runInNewContext(code, contextObject, options) {
  throw ERR_METHOD_NOT_IMPLEMENTED("runInThisContext");
}
export function runInThisContext(code, options) {
  throw ERR_METHOD_NOT_IMPLEMENTED("runInThisContext");
}
Object.defineProperty(runInThisContext, "length", { value: 1 });
export function compileFunction(code, parameters, options) {
  throw ERR_METHOD_NOT_IMPLEMENTED("compileFunction");
}
Object.defineProperty(compileFunction, "length", { value: 1 });
export function measureMemory(options) {
  throw ERR_METHOD_NOT_IMPLEMENTED("measureMemory");
}
Object.defineProperty(measureMemory, "length", { value: 0 });
export default { Script, createContext, createScript, runInContext, runInNewContext, runInThisContext, isContext, compileFunction, measureMemory, constants };
