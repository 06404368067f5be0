// node:module.
import native from "internal:native";
import { scope } from "internal:errors";
import builtinModules from "./builtin.json";
import { coded, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, validateString } from "internal:node/errors";

export function createRequire(path) {
  path = String(path);
  if (!path.startsWith("/") && !path.startsWith("file:")) {
    throw ERR_INVALID_ARG_VALUE("filename", path, "must be a file URL object, file URL string, or absolute path string");
  }
  return Object.assign((id) => {
    validateString(id, "id");
    const found = native.builtin(id.startsWith("node:") || id.startsWith("cloudflare:") ? id : `node:${id}`);
    if (found !== undefined) return scope.flags?.has("require_returns_default_export") === false ? found : found.default ?? { ...found };
    return native.require(path.replace(/^file:\/\/+|^\/+(bundle\/)?/g, ""), id);
  }, {});
}
export function isBuiltin(id) {
  return builtinModules.includes(id.replace(/^node:/, ""));
}
const missing = (name) => ({ [name]() { throw ERR_METHOD_NOT_IMPLEMENTED(`module.${name}`); } })[name];
export const _debug = missing("_debug"), _findPath = missing("_findPath"), _initPaths = missing("_initPaths"), _load = missing("_load"), _nodeModulePaths = missing("_nodeModulePaths"), _preloadModules = missing("_preloadModules"), _resolveFilename = missing("_resolveFilename"), _resolveLookupPaths = missing("_resolveLookupPaths"), enableCompileCache = missing("enableCompileCache"), findPackageJSON = missing("findPackageJSON"), findSourceMap = missing("findSourceMap"), flushCompileCache = missing("flushCompileCache"), getCompileCacheDir = missing("getCompileCacheDir"), getSourceMapsSupport = missing("getSourceMapsSupport"), register = missing("register"), registerHooks = missing("registerHooks"), runMain = missing("runMain"), setSourceMapsSupport = missing("setSourceMapsSupport"), stripTypeScriptTypes = missing("stripTypeScriptTypes"), syncBuiltinESMExports = missing("syncBuiltinESMExports"), wrap = missing("wrap");
export const _cache = { __proto__: null }, _pathCache = { __proto__: null }, globalPaths = [], constants = { compileCacheStatus: {} };
export const _extensions = { ".js": missing(".js"), ".json": missing(".json"), ".node": missing(".node") };
export function Module() {
  throw ERR_METHOD_NOT_IMPLEMENTED("Module");
}
export function SourceMap() {
  throw ERR_METHOD_NOT_IMPLEMENTED("SourceMap");
}
export { builtinModules };
Object.assign(Module, { Module, SourceMap, _cache, _debug, _extensions, _findPath, _initPaths, _load, _nodeModulePaths, _pathCache, _preloadModules, _resolveFilename, _resolveLookupPaths, builtinModules, constants, createRequire, enableCompileCache, findPackageJSON, findSourceMap, flushCompileCache, getCompileCacheDir, getSourceMapsSupport, globalPaths, isBuiltin, register, registerHooks, runMain, setSourceMapsSupport, stripTypeScriptTypes, syncBuiltinESMExports, wrap });
export default Module;
