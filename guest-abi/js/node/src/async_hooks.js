// node:async_hooks. The context is one value, a frame, that travels with promises and timers
// (internal:frames); a frame is a Map of storages to what they hold, and is not changed.
import context from "internal:frames";
import { ERR_INVALID_ARG_TYPE, validateFunction, validateString } from "internal:node/errors";

export class AsyncLocalStorage {
  #default;
  #name;
  constructor() {
    const options = arguments[0];
    this.#default = options?.defaultValue;
    this.#name = options?.name === undefined ? "" : String(options.name);
    context.use();
  }
  static bind(fn) {
    return AsyncResource.bind(fn);
  }
  static snapshot() {
    const frame = context.get();
    return function (fn, ...args) {
      return context.run(frame, fn, this, args);
    };
  }
  get name() {
    return this.#name;
  }
  run(store, callback, ...args) {
    const frame = new Map(context.get());
    frame.set(this, store);
    return context.run(frame, callback, undefined, args);
  }
  exit(callback, ...args) {
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
}

export class AsyncResource {
  #frame = context.get();
  constructor() {
    validateString(arguments[0], "type");
    context.use();
  }
  static bind(fn, type, thisArg) {
    type = type || fn.name;
    return new AsyncResource(type || "bound-anonymous-fn").bind(fn, thisArg);
  }
  asyncId() {
    return 0;
  }
  triggerAsyncId() {
    return 0;
  }
  emitDestroy() {
    return this;
  }
  bind(fn, thisArg) {
    validateFunction(fn, "fn");
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
    return context.run(this.#frame, fn, thisArg, args);
  }
}

export const asyncWrapProviders = Object.freeze({ __proto__: null, NONE: 0, DIRHANDLE: 1, DNSCHANNEL: 2, ELDHISTOGRAM: 3, FILEHANDLE: 4, FILEHANDLECLOSEREQ: 5, BLOBREADER: 6, FSEVENTWRAP: 7, FSREQCALLBACK: 8, FSREQPROMISE: 9, GETADDRINFOREQWRAP: 10, GETNAMEINFOREQWRAP: 11, HEAPSNAPSHOT: 12, CPUHEAPPROFILE: 13, HTTP2SESSION: 14, HTTP2STREAM: 15, HTTP2PING: 16, HTTP2SETTINGS: 17, HTTPINCOMINGMESSAGE: 18, HTTPCLIENTREQUEST: 19, LOCKS: 20, JSSTREAM: 21, JSUDPWRAP: 22, MESSAGEPORT: 23, PIPECONNECTWRAP: 24, PIPESERVERWRAP: 25, PIPEWRAP: 26, PROCESSWRAP: 27, PROMISE: 28, QUERYWRAP: 29, SHUTDOWNWRAP: 30, SIGNALWRAP: 31, STATWATCHER: 32, STREAMPIPE: 33, TCPCONNECTWRAP: 34, TCPSERVERWRAP: 35, TCPWRAP: 36, TTYWRAP: 37, UDPSENDWRAP: 38, UDPWRAP: 39, SIGINTWATCHDOG: 40, WORKER: 41, WORKERHEAPSNAPSHOT: 42, WRITEWRAP: 43, ZLIB: 44 });

export function createHook() {
  return { enable() { return this; }, disable() { return this; } };
}
export const executionAsyncId = () => 0;
export const executionAsyncResource = () => Object.create(null);
export const triggerAsyncId = () => 0;

export default { AsyncLocalStorage, AsyncResource, asyncWrapProviders, createHook, executionAsyncId, executionAsyncResource, triggerAsyncId };
