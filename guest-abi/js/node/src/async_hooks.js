// node:async_hooks. The context is one value, a frame, that travels with promises and timers
// (internal:frames); a frame is a Map of storages to what they hold, and is not changed.
import context from "internal:frames";
import { platform } from "internal:platform";

const custom = Symbol.for("nodejs.util.inspect.custom");
const wrong = (name, owner, at, type) => new TypeError(`Failed to execute '${name}' on '${owner}': parameter ${at} is not of type '${type}'.`);

export class AsyncLocalStorage {
  #default;
  #name;
  constructor() {
    const options = arguments[0];
    if (options !== undefined && options !== null && typeof options !== "object" && typeof options !== "function") throw new TypeError("Failed to construct 'AsyncLocalStorage': constructor parameter 1 is not of type 'AsyncLocalStorageOptions'.");
    this.#default = options?.defaultValue;
    this.#name = options?.name === undefined ? "" : String(options.name);
    context.use();
  }
  static bind(fn) {
    if (typeof fn !== "function") throw wrong("bind", "AsyncLocalStorage", 1, "Function");
    return AsyncResource.bind(fn);
  }
  static snapshot() {
    const frame = context.get();
    return function (...args) {
      const [fn, ...rest] = args;
      return context.run(frame, fn, this, rest);
    };
  }
  run(store, callback, ...args) {
    if (typeof callback !== "function") throw wrong("run", "AsyncLocalStorage", 2, "function");
    const frame = new Map(context.get());
    frame.set(this, store);
    return context.run(frame, callback, undefined, args);
  }
  exit(callback, ...args) {
    if (typeof callback !== "function") throw wrong("exit", "AsyncLocalStorage", 1, "function");
    return this.run(undefined, callback, ...args);
  }
  getStore() {
    const frame = context.get();
    return frame !== undefined && frame.has(this) ? frame.get(this) : this.#default;
  }
  enterWith() {
    throw new Error("asyncLocalStorage.enterWith() is not implemented");
  }
  disable() {
    throw new Error("asyncLocalStorage.disable() is not implemented");
  }
  get name() {
    return this.#name;
  }
  [custom](depth, options, inspect) {
    return `AsyncLocalStorage ${inspect({ name: this.#name }, options)}`;
  }
}

export class AsyncResource {
  #frame = context.get();
  constructor() {
    context.use();
  }
  static bind(fn, type, thisArg) {
    if (typeof fn !== "function") throw wrong("bind", "AsyncResource", 1, "Function");
    type = type || fn.name;
    return new AsyncResource(type || "bound-anonymous-fn").bind(fn, thisArg);
  }
  asyncId() {
    return 0;
  }
  triggerAsyncId() {
    return 0;
  }
  bind(fn, thisArg) {
    if (typeof fn !== "function") throw wrong("bind", "AsyncResource", 1, "Function");
    const resource = this;
    const bound = thisArg === undefined
      ? function (...args) { return resource.runInAsyncScope(fn, this, ...args); }
      : (...args) => resource.runInAsyncScope(fn, thisArg, ...args);
    Object.defineProperties(bound, {
      length: { configurable: true, enumerable: false, value: fn.length, writable: false },
      asyncResource: { configurable: true, enumerable: true, value: this, writable: true },
    });
    return bound;
  }
  runInAsyncScope(fn, thisArg, ...args) {
    if (typeof fn !== "function") throw wrong("runInAsyncScope", "AsyncResource", 1, "function");
    return context.run(this.#frame, fn, thisArg, args);
  }
  emitDestroy() {}
}

for (const made of [AsyncLocalStorage, AsyncResource]) platform(made);

export const asyncWrapProviders = Object.fromEntries(["NONE", "DIRHANDLE", "DNSCHANNEL", "ELDHISTOGRAM", "FILEHANDLE", "FILEHANDLECLOSEREQ", "BLOBREADER", "FSEVENTWRAP", "FSREQCALLBACK", "FSREQPROMISE", "GETADDRINFOREQWRAP", "GETNAMEINFOREQWRAP", "HEAPSNAPSHOT", "HTTP2SESSION", "HTTP2STREAM", "HTTP2PING", "HTTP2SETTINGS", "HTTPINCOMINGMESSAGE", "HTTPCLIENTREQUEST", "LOCKS", "JSSTREAM", "JSUDPWRAP", "MESSAGEPORT", "PIPECONNECTWRAP", "PIPESERVERWRAP", "PIPEWRAP", "PROCESSWRAP", "PROMISE", "QUERYWRAP", "QUIC_ENDPOINT", "QUIC_LOGSTREAM", "QUIC_SESSION", "QUIC_STREAM", "QUIC_UDP", "SHUTDOWNWRAP", "SIGNALWRAP", "STATWATCHER", "STREAMPIPE", "TCPCONNECTWRAP", "TCPSERVERWRAP", "TCPWRAP", "TTYWRAP", "UDPSENDWRAP", "UDPWRAP", "SIGINTWATCHDOG", "WORKER", "WORKERCPUPROFILE", "WORKERCPUUSAGE", "WORKERHEAPPROFILE", "WORKERHEAPSNAPSHOT", "WORKERHEAPSTATISTICS", "WRITEWRAP", "ZLIB", "CHECKPRIMEREQUEST", "PBKDF2REQUEST", "KEYPAIRGENREQUEST", "KEYGENREQUEST", "KEYEXPORTREQUEST", "ARGON2REQUEST", "CIPHERREQUEST", "DERIVEBITSREQUEST", "HASHREQUEST", "RANDOMBYTESREQUEST", "RANDOMPRIMEREQUEST", "SCRYPTREQUEST", "SIGNREQUEST", "TLSWRAP", "VERIFYREQUEST", "QUIC_PACKET"].map((name) => [name, 0]));

export function createHook() {
  return { enable() { return this; }, disable() { return this; } };
}
export const executionAsyncId = () => 0;
export const executionAsyncResource = () => Object.create(null);
export const triggerAsyncId = () => 0;

export default { AsyncLocalStorage, AsyncResource, asyncWrapProviders, createHook, executionAsyncId, executionAsyncResource, triggerAsyncId };
