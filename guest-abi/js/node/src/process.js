// node:process, and the global of that name.
import native from "internal:native";
import { EventEmitter } from "node:events";
import { env as bindings } from "internal:env";
import { scope } from "internal:errors";
import config from "./config.json";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, ERR_OUT_OF_RANGE, validateNumber, validateFunction, validateObject, validateString } from "internal:node/errors";
import { later } from "./later.js";

// Texts and secrets of the Worker's bindings, filled in when they are first looked at; a snapshot
// does not keep them.
const own = new Map();
const removed = new Set();
function values() {
  const all = {};
  if (scope.flags?.has("nodejs_compat_populate_process_env") && !scope.flags.has("disallow_importable_env")) {
    const bound = bindings();
    for (const key of Object.keys(bound)) {
      if (removed.has(key)) continue;
      const value = bound[key];
      if (typeof value === "string") all[key] = value;
      else if (value === null || typeof value === "number" || typeof value === "boolean" || Array.isArray(value) || (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)) all[key] = JSON.stringify(value);
    }
  }
  for (const [key, value] of own) all[key] = value;
  return all;
}
const noText = () => new TypeError("Cannot convert a symbol value to a string");
function setEnv(key, value) {
  if (typeof value === "symbol") throw noText();
  own.set(key, `${value}`);
  removed.delete(key);
  return true;
}
export const env = new Proxy({}, {
  get: (target, key) => (typeof key === "symbol" ? target[key] : own.has(key) ? own.get(key) : (values()[key] ?? Object.prototype[key])),
  set: (target, key, value) => {
    if (typeof key === "symbol") throw noText();
    return setEnv(key, value);
  },
  has: (_, key) => typeof key === "string" && Object.hasOwn(values(), key),
  deleteProperty: (_, key) => {
    own.delete(key);
    removed.add(key);
    return true;
  },
  ownKeys: () => Object.keys(values()),
  getOwnPropertyDescriptor: (_, key) => {
    const all = values();
    return typeof key === "string" && Object.hasOwn(all, key) ? { value: all[key], writable: true, enumerable: true, configurable: true } : undefined;
  },
  defineProperty: (_, key, property) => {
    if ("value" in property) {
      if (!property.configurable) throw coded(TypeError, "ERR_INVALID_OBJECT_DEFINE_PROPERTY", "'process.env' only accepts a configurable, writable, and enumerable data descriptor");
      return setEnv(key, property.value);
    }
    throw coded(TypeError, "ERR_INVALID_OBJECT_DEFINE_PROPERTY", "'process.env' does not accept an accessor(getter/setter) descriptor");
  },
});

const version = scope.flags?.has("nodejs_process_version_24") ? "v24.22.2" : "v22.23.4";
const versions = { node: version.slice(1) };
for (const name of ["v8", "modules", "zlib", "brotli", "zstd", "ares", "napi", "llhttp", "nghttp2", "acorn", "ada", "simdutf", "nbytes", "ncrypto", "uvwasi", "uv", "openssl", "sqlite", "icu", "undici", "simdjson", "unicode", "cldr", "tz", "cjs_module_lexer", "amaro", "merve"]) versions[name] = name === "modules" ? "" : "";

let directory = "/bundle";
let exitCode;
const missing = (name, length = 0) => {
  const method = { [name](...args) { throw ERR_METHOD_NOT_IMPLEMENTED(`process.${name}`); } }[name];
  Object.defineProperty(method, "length", { value: length });
  return method;
};
const nothing = (name) => ({ [name]() {} })[name];
const denied = (name, root = 0) => ({ [name](id) {
  if (id !== root) throw Object.assign(coded(Error, "ERR_EPERM", "operation not permitted"), { code: "EPERM" });
} })[name];

function hrtime(time) {
  const now = native.now();
  let seconds = Math.trunc(now / 1000), nanos = Math.trunc((now % 1000) * 1e6);
  if (time !== undefined) {
    if (!Array.isArray(time)) throw ERR_INVALID_ARG_TYPE("time", "tuple of integers", time);
    if (time.length !== 2) throw ERR_OUT_OF_RANGE("time", "2", time);
    seconds -= time[0];
    nanos -= time[1];
    if (nanos < 0) {
      seconds--;
      nanos += 1e9;
    }
  }
  return [seconds, nanos];
}
hrtime.bigint = function bigint() {
  return BigInt(Math.trunc(native.now())) * 1_000_000n;
};

let stdio;
function stream(name) {
  stdio ??= native.builtin("internal:node/stdio").default;
  return stdio[name];
}

const process = Object.create(EventEmitter.prototype, { constructor: { value: EventEmitter, enumerable: false, writable: true, configurable: true } });
EventEmitter.call(process);
Object.defineProperty(process, Symbol.toStringTag, { value: "process", enumerable: false, writable: false, configurable: true });

Object.assign(process, {
  version,
  versions,
  title: "workerd",
  argv: ["workerd"],
  argv0: "workerd",
  execArgv: [],
  execPath: "",
  arch: "x64",
  platform: "linux",
  env,
  pid: 1,
  ppid: 0,
  release: { name: "node", lts: true, sourceUrl: "", headersUrl: "" },
  features: { cached_builtins: true, debug: false, inspector: false, ipv6: true, openssl_is_boringssl: true, require_module: false, tls: true, tls_alpn: true, tls_ocsp: true, tls_sni: true, typescript: false, uv: true },
  config,
  debugPort: 0,
  connected: false,
  channel: null,
  domain: null,
  allowedNodeEnvironmentFlags: new Set(),
  moduleLoadList: [],
  noDeprecation: false,
  throwDeprecation: false,
  traceDeprecation: false,
  sourceMapsEnabled: false,
  exitCode: undefined,
  report: { compact: false, directory: "", filename: "", getReport() { return {}; }, reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false, excludeNetwork: false, excludeEnv: false, signal: "SIGUSR2", writeReport() { throw ERR_METHOD_NOT_IMPLEMENTED("process.report.writeReport"); } },
  permission: { has() { return true; } },
  finalization: { register() {}, registerBeforeExit() {}, unregister() {} },
  nextTick(callback, ...args) {
    // That it is none is noticed when it is called.
    later((...given) => {
      const cb = callback;
      cb(...given);
    }, ...args);
  },
  cwd: function getCwd() { return directory; }.bind(undefined),
  chdir(path) {
    validateString(path, "directory");
    const builtin = globalThis.process.getBuiltinModule;
    const resolved = builtin("node:path").resolve(directory, path);
    const found = builtin("node:fs")?.statSync(resolved, { throwIfNoEntry: false });
    if (found === undefined || !found.isDirectory()) {
      const code = found === undefined ? "ENOENT" : "ENOTDIR", shown = resolved.slice(1);
      throw Object.assign(new Error(`${code === "ENOENT" ? "no such file or directory" : "not a directory"}, chdir '${shown}'`), { syscall: "chdir", code, path: shown });
    }
    directory = resolved;
  },
  hrtime,
  uptime() { return native.now() / 1000; },
  memoryUsage: Object.assign(function memoryUsage() { return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }; }, { rss() { return 0; } }),
  resourceUsage() {
    return { userCPUTime: 0, systemCPUTime: 0, maxRSS: 0, sharedMemorySize: 0, unsharedDataSize: 0, unsharedStackSize: 0, minorPageFault: 0, majorPageFault: 0, swappedOut: 0, fsRead: 0, fsWrite: 0, ipcSent: 0, ipcReceived: 0, signalsCount: 0, voluntaryContextSwitches: 0, involuntaryContextSwitches: 0 };
  },
  umask(mask) {
    if (mask === undefined) return 18;
    const wrong = ERR_INVALID_ARG_VALUE("mask", mask, "must be a 32-bit unsigned integer or an octal string");
    if (typeof mask === "string") {
      if (!/^[0-7]+$/.test(mask)) throw wrong;
    } else {
      validateNumber(mask, "mask");
      if (!Number.isInteger(mask) || mask < 0 || mask > 0xffffffff) throw wrong;
    }
    return 18;
  },
  getuid() { return 0; },
  geteuid() { return 0; },
  getgid() { return 0; },
  getegid() { return 0; },
  getgroups() { return [0]; },
  setuid: denied("setuid"),
  seteuid: denied("seteuid"),
  setgid: denied("setgid"),
  setegid: denied("setegid"),
  setgroups: denied("setgroups", NaN),
  initgroups: Object.defineProperty(denied("initgroups", NaN), "length", { value: 2 }),
  availableMemory() { return 0; },
  constrainedMemory() { return 0; },
  emitWarning(warning, type, code, ctor) {
    if (type !== null && typeof type === "object" && !Array.isArray(type)) ({ type, code } = type);
    else if (typeof type === "function") {
      ctor = type;
      code = type = undefined;
    } else if (type !== undefined && typeof type !== "string") validateObject(type, "options");
    if (typeof code === "function") {
      ctor = code;
      code = undefined;
    } else if (code !== undefined) validateString(code, "code");
    if (ctor !== undefined) validateFunction(ctor, "ctor");
    const error = typeof warning === "string" ? Object.assign(new Error(warning), { name: String(type || "Warning") }) : warning;
    if (!(error instanceof Error)) throw ERR_INVALID_ARG_TYPE("warning", "string or Error", warning);
    if (code !== undefined) error.code = code;
    later(() => process.emit("warning", error));
  },
  exit(code) {
    throw new Error(`process.exit(${code ?? exitCode ?? 0}) was called`);
  },
  reallyExit(code) {
    process.exit(code);
  },
  abort() {
    throw new Error("process.abort() was called");
  },
  getBuiltinModule(id) {
    if (typeof id !== "string") return undefined;
    const found = native.builtin(id.startsWith("node:") ? id : `node:${id}`);
    return found === undefined ? undefined : (found.default ?? found);
  },
  assert: scope.flags?.has("remove_nodejs_compat_eol_v23") ? undefined : function assert(value, message) {
    const { ok } = native.builtin("node:assert").default;
    return arguments.length === 0 ? ok() : ok(value, message);
  }.bind(undefined),
  ref: nothing("ref"),
  unref: nothing("unref"),
  getSourceMapsSupport() { return { enabled: false, nodeModules: false, generatedCode: false }; },
  setSourceMapsEnabled(enabled, options) {},
  loadEnvFile(path = ".env") {
    const builtin = globalThis.process.getBuiltinModule;
    const all = builtin("node:util").parseEnv(builtin("node:fs").readFileSync(path, "utf8"));
    for (const key of Object.keys(all)) if (!(key in env)) env[key] = all[key];
  },
  setUncaughtExceptionCaptureCallback: missing("setUncaughtExceptionCaptureCallback", 1),
  _rawDebug: nothing("_rawDebug"),
  _startProfilerIdleNotifier: nothing("_startProfilerIdleNotifier"),
  _stopProfilerIdleNotifier: nothing("_stopProfilerIdleNotifier"),
  _tickCallback: nothing("_tickCallback"),
  _exiting: false,
  _channel: undefined,
  _disconnect: undefined,
  _handleQueue: undefined,
  _pendingMessage: undefined,
  _send: undefined,
  _preload_modules: [],
});
for (const [name, length] of [["binding", 1], ["cpuUsage", 1], ["dlopen", 3], ["execve", 3], ["getActiveResourcesInfo", 0], ["hasUncaughtExceptionCaptureCallback", 0], ["kill", 2], ["threadCpuUsage", 0], ["_kill", 2], ["_linkedBinding", 1]]) process[name] = missing(name, length);
Object.assign(process, { openStdin() { return stream("stdin"); }, send(message, sendHandle) { return false; }, _debugEnd() {}, _debugProcess(pid) {}, _fatalException(error) { return false; }, _getActiveHandles() { return []; }, _getActiveRequests() { return []; } });
for (const name of ["stdin", "stdout", "stderr"]) Object.defineProperty(process, name, { get: () => stream(name), set() {}, enumerable: true, configurable: true });

export const { title, argv, argv0, execArgv, execPath, arch, platform, pid, ppid, release, features, debugPort, connected, channel, domain, allowedNodeEnvironmentFlags, moduleLoadList, noDeprecation, throwDeprecation, traceDeprecation, sourceMapsEnabled, report, permission, finalization, nextTick, cwd, chdir, uptime, memoryUsage, resourceUsage, umask, getuid, geteuid, getgid, getegid, getgroups, setuid, seteuid, setgid, setegid, setgroups, initgroups, availableMemory, constrainedMemory, emitWarning, exit, reallyExit, abort, getBuiltinModule, assert, ref, unref, getSourceMapsSupport, setSourceMapsEnabled, loadEnvFile, setUncaughtExceptionCaptureCallback, binding, cpuUsage, dlopen, execve, getActiveResourcesInfo, hasUncaughtExceptionCaptureCallback, kill, openStdin, send, threadCpuUsage } = process;
const { _debugEnd, _debugProcess, _events, _eventsCount, _exiting, _fatalException, _getActiveHandles, _getActiveRequests, _kill, _linkedBinding, _maxListeners, _preload_modules, _rawDebug, _startProfilerIdleNotifier, _stopProfilerIdleNotifier, _tickCallback, _channel, _disconnect, _handleQueue, _pendingMessage, _send } = process;
export { version, versions, hrtime, config, exitCode, _debugEnd, _debugProcess, _events, _eventsCount, _exiting, _fatalException, _getActiveHandles, _getActiveRequests, _kill, _linkedBinding, _maxListeners, _preload_modules, _rawDebug, _startProfilerIdleNotifier, _stopProfilerIdleNotifier, _tickCallback, _channel, _disconnect, _handleQueue, _pendingMessage, _send };
export const stdin = undefined, stdout = undefined, stderr = undefined;
export default process;
