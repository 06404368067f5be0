// node:events.
import native from "internal:native";
import { AbortError, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNHANDLED_ERROR, brief, validateAbortSignal, validateBoolean, validateFunction } from "internal:node/errors";
import { later } from "./later.js";

const kCapture = Symbol("kCapture");
const kErrorMonitor = Symbol("events.errorMonitor");
const kRejection = Symbol.for("nodejs.rejection");
let defaultMax = 10;

export function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}
EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
EventEmitter.usingDomains = false;
EventEmitter.captureRejectionSymbol = kRejection;
EventEmitter.errorMonitor = kErrorMonitor;
Object.defineProperties(EventEmitter, {
  captureRejections: {
    get: () => EventEmitter.prototype[kCapture],
    set(value) {
      validateBoolean(value, "EventEmitter.captureRejections");
      EventEmitter.prototype[kCapture] = value;
    },
    enumerable: true,
    configurable: false,
  },
  defaultMaxListeners: {
    get: () => defaultMax,
    set(value) {
      checkMax(value, "defaultMaxListeners");
      defaultMax = value;
    },
    enumerable: true,
    configurable: false,
  },
});
Object.defineProperty(EventEmitter.prototype, kCapture, { value: false, writable: true, enumerable: false, configurable: false });

EventEmitter.init = function (options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
  this.domain = null;
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, "options.captureRejections");
    this[kCapture] = Boolean(options.captureRejections);
  } else {
    this[kCapture] = EventEmitter.prototype[kCapture];
  }
};

function checkMax(value, name) {
  if (typeof value !== "number" || !(value >= 0)) throw ERR_OUT_OF_RANGE(name, "a non-negative number", value);
}

function maxOf(emitter) {
  return emitter._maxListeners === undefined ? defaultMax : emitter._maxListeners;
}

function check(listener) {
  validateFunction(listener, "listener");
}

function captured(emitter, promise, type, args) {
  if (!emitter[kCapture]) return;
  try {
    const then = promise.then;
    if (typeof then !== "function") return;
    then.call(promise, undefined, (error) => later(() => {
      if (typeof emitter[kRejection] === "function") emitter[kRejection](error, type, ...args);
      else {
        const before = emitter[kCapture];
        try {
          emitter[kCapture] = false;
          emitter.emit("error", error);
        } finally {
          emitter[kCapture] = before;
        }
      }
    }));
  } catch (error) {
    emitter.emit("error", error);
  }
}

EventEmitter.prototype.setMaxListeners = function setMaxListeners(count) {
  checkMax(count, "n");
  this._maxListeners = count;
  return this;
};
EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
  return maxOf(this);
};

EventEmitter.prototype.emit = function emit(type, ...args) {
  let isError = type === "error";
  const events = this._events;
  if (events !== undefined) {
    if (isError && events[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args);
    isError = isError && events.error === undefined;
  } else if (!isError) return false;
  if (isError) {
    const error = args[0];
    if (error instanceof Error) throw error;
    const unhandled = ERR_UNHANDLED_ERROR(typeof error === "string" ? `'${error}'` : brief(error));
    unhandled.context = error;
    throw unhandled;
  }
  const handler = events[type];
  if (handler === undefined) return false;
  if (typeof handler === "function") {
    const result = handler.apply(this, args);
    if (result !== undefined && result !== null) captured(this, result, type, args);
  } else {
    for (const listener of handler.slice()) {
      const result = listener.apply(this, args);
      if (result !== undefined && result !== null) captured(this, result, type, args);
    }
  }
  return true;
};

function add(target, type, listener, prepend) {
  check(listener);
  let events = target._events;
  let existing;
  if (events === undefined) {
    events = target._events = { __proto__: null };
    target._eventsCount = 0;
  } else {
    if (events.newListener !== undefined) {
      target.emit("newListener", type, listener.listener ?? listener);
      events = target._events;
    }
    existing = events[type];
  }
  if (existing === undefined) {
    events[type] = listener;
    ++target._eventsCount;
    return target;
  }
  if (typeof existing === "function") existing = events[type] = prepend ? [listener, existing] : [existing, listener];
  else if (prepend) existing.unshift(listener);
  else existing.push(listener);
  const max = maxOf(target);
  if (max > 0 && existing.length > max && !existing.warned) {
    existing.warned = true;
    const name = target.constructor?.name ?? "EventEmitter";
    console.log(`Possible EventEmitter memory leak detected. ${existing.length} ${String(type)} listeners added to [${name}]. Use emitter.setMaxListeners() to increase limit`);
    const warning = new Error(`Possible EventEmitter memory leak detected. ${existing.length} ${String(type)} listeners added to [${name}]. Use emitter.setMaxListeners() to increase limit`);
    globalThis.process?.emitWarning?.(Object.assign(warning, { name: "MaxListenersExceededWarning", emitter: target, type, count: existing.length }));
  }
  return target;
}

EventEmitter.prototype.addListener = function addListener(type, listener) {
  return add(this, type, listener, false);
};
EventEmitter.prototype.on = EventEmitter.prototype.addListener;
EventEmitter.prototype.prependListener = function prependListener(type, listener) {
  return add(this, type, listener, true);
};

function wrapOnce(target, type, listener) {
  let fired = false;
  const wrapped = function onceWrapper(...args) {
    if (fired) return undefined;
    target.removeListener(type, wrapped);
    fired = true;
    return listener.apply(target, args);
  }.bind(undefined);
  wrapped.listener = listener;
  return wrapped;
}
EventEmitter.prototype.once = function once(type, listener) {
  check(listener);
  this.on(type, wrapOnce(this, type, listener));
  return this;
};
EventEmitter.prototype.prependOnceListener = function prependOnceListener(type, listener) {
  check(listener);
  this.prependListener(type, wrapOnce(this, type, listener));
  return this;
};
EventEmitter.prototype.removeListener = function removeListener(type, listener) {
  check(listener);
  const events = this._events;
  const list = events?.[type];
  if (list === undefined) return this;
  if (list === listener || list.listener === listener) {
    this._eventsCount -= 1;
    if (this._eventsCount === 0) this._events = { __proto__: null };
    else delete events[type];
    if (events.removeListener) this.emit("removeListener", type, list.listener || listener);
  } else if (typeof list !== "function") {
    let at = -1;
    for (let index = list.length - 1; index >= 0; index--) {
      if (list[index] === listener || list[index].listener === listener) {
        at = index;
        break;
      }
    }
    if (at < 0) return this;
    const removed = list[at];
    list.splice(at, 1);
    if (list.length === 1) events[type] = list[0];
    if (events.removeListener !== undefined) this.emit("removeListener", type, removed.listener || listener);
  }
  return this;
};
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;
EventEmitter.prototype.removeAllListeners = function removeAllListeners(type) {
  const events = this._events;
  if (events === undefined) return this;
  if (events.removeListener === undefined) {
    if (arguments.length === 0) {
      this._events = { __proto__: null };
      this._eventsCount = 0;
    } else if (events[type] !== undefined) {
      if (--this._eventsCount === 0) this._events = { __proto__: null };
      else delete events[type];
    }
    return this;
  }
  if (arguments.length === 0) {
    for (const key of Reflect.ownKeys(events)) if (key !== "removeListener") this.removeAllListeners(key);
    this.removeAllListeners("removeListener");
    this._events = { __proto__: null };
    this._eventsCount = 0;
    return this;
  }
  const listeners = events[type];
  if (typeof listeners === "function") this.removeListener(type, listeners);
  else if (listeners !== undefined) for (let at = listeners.length - 1; at >= 0; at--) this.removeListener(type, listeners[at]);
  return this;
};

function listenersOf(target, type, unwrap) {
  const list = target._events?.[type];
  if (list === undefined) return [];
  const all = typeof list === "function" ? [list] : list.slice();
  return unwrap ? all.map((listener) => listener.listener || listener) : all;
}
EventEmitter.prototype.listeners = function listeners(type) {
  return listenersOf(this, type, true);
};
EventEmitter.prototype.rawListeners = function rawListeners(type) {
  return listenersOf(this, type, false);
};
EventEmitter.prototype.listenerCount = function listenerCount(type, _listener) {
  const list = this._events?.[type];
  if (list === undefined) return 0;
  return typeof list === "function" ? 1 : list.length;
};
EventEmitter.prototype.eventNames = function eventNames() {
  return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
};

// ---- The module's functions ----

const isTarget = (value) => typeof value?.addEventListener === "function";

function listen(emitter, name, listener, flags) {
  if (typeof emitter.on === "function") {
    if (flags?.once) emitter.once(name, listener);
    else emitter.on(name, listener);
  } else if (isTarget(emitter)) emitter.addEventListener(name, listener, flags);
  else throw ERR_INVALID_ARG_TYPE("emitter", "EventEmitter", emitter);
}
function unlisten(emitter, name, listener, flags) {
  if (typeof emitter.removeListener === "function") emitter.removeListener(name, listener);
  else if (isTarget(emitter)) emitter.removeEventListener(name, listener, flags);
  else throw ERR_INVALID_ARG_TYPE("emitter", "EventEmitter", emitter);
}

export async function once(emitter, name, options = {}) {
  const signal = options?.signal;
  validateAbortSignal(signal, "options.signal");
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  return new Promise((resolve, reject) => {
    const failed = (error) => {
      unlisten(emitter, name, resolver);
      if (signal) unlisten(signal, "abort", aborted);
      reject(error);
    };
    const resolver = (...args) => {
      if (typeof emitter.removeListener === "function") emitter.removeListener("error", failed);
      if (signal) unlisten(signal, "abort", aborted);
      resolve(args);
    };
    const aborted = () => {
      unlisten(emitter, name, resolver);
      if (typeof emitter.removeListener === "function") unlisten(emitter, "error", failed);
      reject(new AbortError(undefined, { cause: signal?.reason }));
    };
    listen(emitter, name, resolver, { once: true });
    if (name !== "error" && typeof emitter.once === "function") emitter.once("error", failed);
    if (signal) listen(signal, "abort", aborted, { once: true });
  });
}

export function on(emitter, name, options = {}) {
  const signal = options?.signal;
  validateAbortSignal(signal, "options.signal");
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  const events = [], waiting = [];
  let error = null, finished = false;
  const heard = (...args) => {
    const promise = waiting.shift();
    if (promise) promise.resolve({ value: args, done: false });
    else events.push(args);
  };
  const failed = (reason) => {
    const promise = waiting.shift();
    if (promise) promise.reject(reason);
    else error = reason;
    iterator.return();
  };
  const aborted = () => failed(new AbortError(undefined, { cause: signal?.reason }));
  const close = () => iterator.return();
  const iterator = Object.setPrototypeOf({
    next() {
      if (events.length > 0) return Promise.resolve({ value: events.shift(), done: false });
      if (error) {
        const promise = Promise.reject(error);
        error = null;
        return promise;
      }
      if (finished) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      unlisten(emitter, name, heard);
      if (name !== "error" && typeof emitter.removeListener === "function") emitter.removeListener("error", failed);
      for (const each of options?.close ?? []) unlisten(emitter, each, close);
      if (signal) unlisten(signal, "abort", aborted);
      finished = true;
      for (const promise of waiting.splice(0)) promise.resolve({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(reason) {
      if (!reason || !(reason instanceof Error)) throw ERR_INVALID_ARG_TYPE("EventEmitter.AsyncIterator", "Error", reason);
      error = reason;
      unlisten(emitter, name, heard);
      if (typeof emitter.removeListener === "function") emitter.removeListener("error", failed);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  }, Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype));
  listen(emitter, name, heard);
  if (name !== "error" && typeof emitter.on === "function") emitter.on("error", failed);
  for (const each of options?.close ?? []) listen(emitter, each, close);
  if (signal) listen(signal, "abort", aborted, { once: true });
  return iterator;
}

export function listenerCount(emitter, type) {
  if (typeof emitter.listenerCount === "function") return emitter.listenerCount(type);
  return EventEmitter.prototype.listenerCount.call(emitter, type);
}

const targets = new WeakMap();
export function getEventListeners(target, type) {
  if (typeof target?.listeners === "function") return target.listeners(type);
  if (isTarget(target)) return [];
  throw ERR_INVALID_ARG_TYPE("emitter", ["EventEmitter", "EventTarget"], target);
}

export { _getMaxListeners as getMaxListeners };
function _getMaxListeners(target) {
  if (typeof target?.getMaxListeners === "function") return maxOf(target);
  return targets.get(target) ?? defaultMax;
}

const kMaxEventTargetListeners = Symbol("events.maxEventTargetListeners"), kMaxEventTargetListenersWarned = Symbol("events.maxEventTargetListenersWarned");
export function setMaxListeners(...args) {
  const [count = defaultMax, ...emitters] = args;
  checkMax(count, "n");
  if (emitters.length === 0) defaultMax = count;
  for (const target of emitters) {
    if (typeof target?.setMaxListeners === "function") target.setMaxListeners(count);
    else if (isTarget(target)) targets.set(target, count);
    else throw ERR_INVALID_ARG_TYPE("eventTargets", ["EventEmitter", "EventTarget"], target);
  }
}

export function addAbortListener(signal, listener) {
  if (signal === undefined) throw ERR_INVALID_ARG_TYPE("signal", "AbortSignal", signal);
  validateAbortSignal(signal, "signal");
  validateFunction(listener, "listener");
  let remove;
  if (signal.aborted) queueMicrotask(() => listener());
  else {
    signal.addEventListener("abort", listener, { once: true });
    remove = () => signal.removeEventListener("abort", listener);
  }
  return { __proto__: null, [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() { remove?.(); } };
}

export class EventEmitterAsyncResource extends EventEmitter {
  #resource;
  constructor(options) {
    let name;
    if (typeof options === "string") {
      name = options;
      options = undefined;
    } else name = options?.name || new.target.name;
    super(options);
    const { AsyncResource } = globalThis.process.getBuiltinModule("node:async_hooks");
    this.#resource = new AsyncResource(name);
  }
  emit(event, ...args) {
    this.#resource.runInAsyncScope(super.emit, this, event, ...args);
    return true;
  }
  emitDestroy() {
    this.#resource.emitDestroy();
  }
  get asyncId() {
    return undefined;
  }
  get triggerAsyncId() {
    return undefined;
  }
  get asyncResource() {
    return this.#resource;
  }
}

Object.assign(EventEmitter, { addAbortListener, once, on, getEventListeners, EventEmitter, listenerCount, setMaxListeners, EventEmitterAsyncResource });
for (const [name, value] of Object.entries({ kMaxEventTargetListeners, kMaxEventTargetListenersWarned })) Object.defineProperty(EventEmitter, name, { value });
EventEmitter.getMaxListeners = _getMaxListeners;
native.order(EventEmitter, `
  length name prototype on once getEventListeners getMaxListeners setMaxListeners listenerCount EventEmitter usingDomains captureRejectionSymbol
  errorMonitor EventEmitterAsyncResource captureRejections defaultMaxListeners init addAbortListener`.trim().split(/\s+/));

export const usingDomains = false, captureRejectionSymbol = kRejection, errorMonitor = kErrorMonitor, captureRejections = false, defaultMaxListeners = defaultMax;
export default EventEmitter;
