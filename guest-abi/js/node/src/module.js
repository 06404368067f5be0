// node:module.
import native from "internal:native";
import { scope } from "internal:errors";
import builtinModules from "./builtin.json";
import { ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export function createRequire(path) {
  path = String(path);
  if (!path.startsWith("/") && !path.startsWith("file:")) {
    throw ERR_INVALID_ARG_VALUE("path", path, "The argument must be a file URL object, a file URL string, or an absolute path string.");
  }
  return Object.assign((id) => {
    id = String(id);
    const found = native.builtin(id.startsWith("node:") || id.startsWith("cloudflare:") ? id : `node:${id}`);
    if (found !== undefined) return scope.flags?.has("require_returns_default_export") === false ? found : found.default ?? { ...found };
    return native.require(path.replace(/^file:\/\/+|^\/+(bundle\/)?/g, ""), id);
  }, {});
}
// These have no names without the prefix in builtinModules.
const PREFIXED = ["quic", "sea", "sqlite", "test", "test/reporters"];
export function isBuiltin(id) {
  if (typeof id !== "string") return false;
  const name = id.replace(/^(?:node:)+/, "");
  return builtinModules.includes(name) || name === "sqlite" || (name !== id && PREFIXED.includes(name));
}
const missing = (name) => ({ [name]() { throw ERR_METHOD_NOT_IMPLEMENTED(`module.${name}`); } })[name];
export const _debug = missing("_debug"), _findPath = missing("_findPath"), _initPaths = missing("_initPaths"), _load = missing("_load"), _nodeModulePaths = missing("_nodeModulePaths"), _preloadModules = missing("_preloadModules"), _resolveFilename = missing("_resolveFilename"), _resolveLookupPaths = missing("_resolveLookupPaths"), enableCompileCache = missing("enableCompileCache"), findPackageJSON = missing("findPackageJSON"), findSourceMap = missing("findSourceMap"), flushCompileCache = missing("flushCompileCache"), getCompileCacheDir = missing("getCompileCacheDir"), getSourceMapsSupport = missing("getSourceMapsSupport"), register = missing("register"), registerHooks = missing("registerHooks"), runMain = missing("runMain"), setSourceMapsSupport = missing("setSourceMapsSupport"), stripTypeScriptTypes = missing("stripTypeScriptTypes"), syncBuiltinESMExports = missing("syncBuiltinESMExports"), wrap = missing("wrap");
export const _cache = { __proto__: null }, _pathCache = { __proto__: null }, globalPaths = [], constants = { __proto__: null, compileCacheStatus: { __proto__: null, FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 } };
export const _extensions = { ".js": missing("_extensions.js"), ".json": missing("_extensions.json"), ".node": missing("_extensions.node") };
export function Module() {
  throw ERR_METHOD_NOT_IMPLEMENTED("module.Module");
}
Object.assign(Module.prototype, { load() {}, require() {}, _compile() {} });
Object.defineProperty(Module.prototype, "isPreloading", { get: () => false });
export function SourceMap() {
  throw ERR_METHOD_NOT_IMPLEMENTED("module.SourceMap");
}
export { builtinModules };
Object.assign(Module, { Module, SourceMap, _cache, _debug, _extensions, _findPath, _initPaths, _load, _nodeModulePaths, _pathCache, _preloadModules, _resolveFilename, _resolveLookupPaths, builtinModules, constants, createRequire, enableCompileCache, findPackageJSON, findSourceMap, flushCompileCache, getCompileCacheDir, getSourceMapsSupport, globalPaths, isBuiltin, register, registerHooks, runMain, setSourceMapsSupport, stripTypeScriptTypes, syncBuiltinESMExports, wrap });
export default Module;
