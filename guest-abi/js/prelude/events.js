// Event, EventTarget and the events of the platform (spec: SEMANTICS §16, §31).
import { closed, illegalConstructor, isGlobal, platform, readOnly, scalar, text, wrongConstructorParameter, wrongField, wrongParameter } from "internal:platform";
import native from "internal:native";
import { integer } from "internal:arguments";
import { DOMException, flag } from "internal:errors";
import { reportUncaught } from "internal:console";

const BUBBLES = 1, CANCELABLE = 2, COMPOSED = 4, PREVENTED = 8, STOPPED = 16, STOPPED_NOW = 32, DISPATCHING = 64,
  TRUSTED = 128, PASSIVE = 256, REFUSED = 512;

const targetIsThis = () => flag("set_event_target_this");

// Calls a listener. From some date on what one throws is told of, and the others hear of the event too.
function invoke(handle, self, event) {
  if (!flag("spec_compliant_dispatch_exceptions")) return handle.call(self, event);
  try {
    return handle.call(self, event);
  } catch (error) {
    noteFailure(event, error);
    if (reportException(error, uncaughtText(error))) reportUncaught(error);
  }
}

// Given to a constructor that tenants may not call.
export const KEY = Symbol();

const INITS = { Event: "Init", MessageEvent: "Initializer", CloseEvent: "Initializer" };

function checkInit(owner, type, init, count) {
  if (count === 0) throw wrongConstructorParameter(owner, 1, "string");
  if (init !== undefined && init !== null && typeof init !== "object" && typeof init !== "function") {
    throw wrongConstructorParameter(owner, 2, INITS[owner] ?? `${owner}Init`);
  }
}

let deliver, trusted, noteFailure, failureOf, isHandled;

export class Event {
  #type;
  #flags = 0;
  #target = undefined;
  #current = undefined;
  // What a listener threw first, where others heard of the event all the same.
  #failure = null;

  constructor(type, init) {
    if (new.target === Event || arguments.length === 0) checkInit("Event", type, init, arguments.length);
    this.#type = text(type);
    if (init !== undefined && init !== null) {
      if (init.bubbles) this.#flags |= BUBBLES;
      if (init.cancelable) this.#flags |= CANCELABLE;
      if (init.composed) this.#flags |= COMPOSED;
    }
  }

  get type() {
    const type = this.#type;
    return type.isWellFormed() ? type : scalar(type);
  }
  get eventPhase() {
    return this.#flags & DISPATCHING ? 2 : 0;
  }
  get composed() {
    return (this.#flags & COMPOSED) !== 0;
  }
  get bubbles() {
    return (this.#flags & BUBBLES) !== 0;
  }
  get cancelable() {
    return (this.#flags & CANCELABLE) !== 0;
  }
  get defaultPrevented() {
    return (this.#flags & PREVENTED) !== 0;
  }
  get returnValue() {
    return (this.#flags & PREVENTED) === 0;
  }
  get currentTarget() {
    return this.#current;
  }
  get target() {
    return this.#target;
  }
  get srcElement() {
    return this.#target;
  }
  get timeStamp() {
    this.#type;
    return 0;
  }
  get isTrusted() {
    return (this.#flags & TRUSTED) !== 0;
  }
  get cancelBubble() {
    return (this.#flags & STOPPED) !== 0;
  }
  set cancelBubble(value) {
    this.#flags = value ? this.#flags | STOPPED : this.#flags & ~STOPPED;
  }

  stopImmediatePropagation() {
    this.#flags |= STOPPED_NOW;
  }
  preventDefault() {
    if (this.#flags & PASSIVE) return;
    this.#flags |= this.#flags & CANCELABLE ? PREVENTED | REFUSED : REFUSED;
  }
  stopPropagation() {
    this.#flags |= STOPPED;
  }
  composedPath() {
    return this.#flags & DISPATCHING ? [this.#current] : [];
  }

  static {
    trusted = (event) => {
      event.#flags |= TRUSTED;
      return event;
    };
    noteFailure = (event, error) => (event.#failure ??= { error });
    failureOf = (event) => event.#failure;
    // Calls what listens to an event; gives whether its default was left standing. The handler of the target itself comes first, unless it
    // listens as others do.
    deliver = (target, listeners, event) => {
      if (typeof event !== "object" || event === null || !(#flags in event)) {
        throw wrongParameter("dispatchEvent", "EventTarget", 1, "Event");
      }
      if (event.#flags & DISPATCHING) {
        throw new DOMException("The event is already being dispatched.", "InvalidStateError");
      }
      event.#flags = (event.#flags & ~REFUSED) | DISPATCHING;
      event.#target = event.#current = target;
      event.#failure = null;
      try {
        const type = event.#type;
        const handler = isHandled(target, type) ? undefined : target[`on${type}`];
        if (typeof handler === "function") invoke(handler, globalThis, event);
        const list = listeners?.get(type);
        if (list !== undefined) {
          for (const entry of list.slice()) {
            if (event.#flags & STOPPED_NOW) break;
            if (entry.removed) continue;
            if (entry.once) drop(listeners, type, entry);
            if (entry.passive) event.#flags |= PASSIVE;
            invoke(entry.handle, entry.self ?? (targetIsThis() ? target : globalThis), event);
            event.#flags &= ~PASSIVE;
          }
        }
      } finally {
        event.#flags &= ~(DISPATCHING | PASSIVE);
      }
      return (event.#flags & REFUSED) === 0;
    };
  }
}
for (const holder of [Event, Event.prototype]) {
  ["NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE"].forEach((name, value) => {
    Object.defineProperty(holder, name, { value, enumerable: true, configurable: true });
  });
}

function drop(listeners, type, entry) {
  entry.removed = true;
  const left = listeners.get(type).filter((other) => other !== entry);
  if (left.length === 0) listeners.delete(type);
  else listeners.set(type, left);
}

// What listens to the global scope, which no constructor made.
const globalListeners = new Map();

let listenersOf, handlerOf, setHandler;

export class EventTarget {
  #listeners = null;
  #handlers = null;

  addEventListener(type, callback, options) {
    const global = isGlobal(this);
    let listeners = global ? globalListeners : this.#listeners;
    if (arguments.length === 0) throw wrongParameter("addEventListener", "EventTarget", 1, "string");
    // All that is given is looked at before there may be nothing to do.
    type = text(type);
    const nobody = callback === null || (callback === undefined && arguments.length > 1);
    let handle = callback;
    let self = null;
    if (typeof callback !== "function" && !nobody) {
      if (typeof callback !== "object") {
        throw wrongParameter("addEventListener", "EventTarget", 2, "function or HandlerObject");
      }
      handle = callback.handleEvent;
      self = callback;
      if (typeof handle !== "function") throw wrongField("handleEvent", "HandlerObject", "function");
    }
    const entry = { callback, handle, self, once: false, passive: false, removed: false };
    if ((typeof options === "object" && options !== null) || typeof options === "function") {
      const { capture, passive, once, signal } = options;
      if (signal !== undefined && !isAbortSignal(signal)) {
        throw wrongField("signal", "AddEventListenerOptions", "AbortSignal");
      }
      if (nobody) return;
      if (capture) throw new TypeError("addEventListener(): options.capture must be false.");
      if (signal !== undefined) {
        if (isAborted(signal)) return;
        whenAborted(signal, () => entry.removed || drop(listeners, type, entry));
      }
      entry.once = !!once;
      entry.passive = !!passive;
    } else if (nobody) {
      return;
    } else if (options) {
      throw new TypeError("addEventListener(): useCapture must be false.");
    }
    if (listeners === null) listeners = this.#listeners = new Map();
    const list = listeners.get(type);
    if (list === undefined) listeners.set(type, [entry]);
    else if (!list.some((other) => other.callback === callback)) list.push(entry);
  }

  removeEventListener(type, callback, options) {
    const listeners = isGlobal(this) ? globalListeners : this.#listeners;
    if (arguments.length === 0) throw wrongParameter("removeEventListener", "EventTarget", 1, "string");
    type = text(type);
    const nobody = callback === null || (callback === undefined && arguments.length > 1);
    if (typeof callback !== "function" && typeof callback !== "object" && !nobody) {
      throw wrongParameter("removeEventListener", "EventTarget", 2, "Object");
    }
    const isDictionary = typeof options === "object" || typeof options === "function";
    if (isDictionary ? options?.capture : options) {
      throw new TypeError(
        isDictionary
          ? "removeEventListener(): options.capture must be false."
          : "removeEventListener(): useCapture must be false.",
      );
    }
    if (nobody) return;
    const entry = listeners?.get(type)?.find((other) => other.callback === callback);
    if (entry !== undefined) drop(listeners, type, entry);
  }

  dispatchEvent(event) {
    if (isGlobal(this)) return deliver(globalThis, globalListeners, event);
    return deliver(this, this.#listeners, event);
  }

  static {
    listenersOf = (target) => target.#listeners;
    isHandled = (target, type) => #handlers in target && target.#handlers?.has(type) === true;
    handlerOf = (target, type) => target.#handlers?.get(type)?.callback ?? null;
    // A handler that a property has (`onabort`) listens as others do, and the next one takes its place among them.
    setHandler = (target, type, value) => {
      const isHandler = typeof value === "function" || (typeof value === "object" && value !== null);
      const before = target.#handlers?.get(type);
      if (!isHandler) {
        if (before === undefined) return;
        target.#handlers.delete(type);
        drop(target.#listeners, type, before.entry);
        return;
      }
      const handle = typeof value === "function" ? value : () => {};
      if (before !== undefined) {
        before.callback = value;
        before.entry.handle = handle;
        return;
      }
      const entry = { callback: undefined, handle, self: globalThis, once: false, passive: false, removed: false };
      (target.#handlers ??= new Map()).set(type, { callback: value, entry });
      const listeners = (target.#listeners ??= new Map());
      listeners.set(type, [...(listeners.get(type) ?? []), entry]);
    };
  }
}
export { handlerOf, setHandler };

// Dispatches an event of the platform's own.
export function dispatch(target, event) {
  const listeners = target === globalThis ? globalListeners : listenersOf(target);
  return deliver(target, listeners, trusted(event));
}

// The same, and throws what a listener threw first, also where the tenant was told of it already.
export function dispatchOrThrow(target, event) {
  dispatch(target, event);
  const failure = failureOf(event);
  if (failure !== null) throw failure.error;
}

// Whether anything listens to this type of event on the global scope.
export const isListened = (type) => globalListeners.has(type) || typeof globalThis[`on${type}`] === "function";

// Whether anything listens to this type of event on an object of the platform's.
export const isListenedOn = (target, type) => listenersOf(target)?.has(type) === true;

// The types of events that the global scope listens to.
export const listenedTypes = () => [...globalListeners.keys()];

// ---- Events with more to tell ----

export class ExtendableEvent extends Event {
  #wait;
  constructor(key, type, wait) {
    if (key !== KEY) throw illegalConstructor();
    super(type);
    this.#wait = wait;
  }
  waitUntil(promise) {
    const wait = this.#wait;
    if (arguments.length === 0) throw wrongParameter("waitUntil", "ExtendableEvent", 1, "Promise");
    wait(promise);
  }
}

export class CustomEvent extends Event {
  #detail = undefined;
  constructor(type, init) {
    checkInit("CustomEvent", type, init, arguments.length);
    super(type, init);
    if (init !== undefined && init !== null) this.#detail = init.detail;
  }
  get detail() {
    return this.#detail;
  }
}

// The origin of messages that have none.
export const NO_ORIGIN = {};
const READ_ONLY = { writable: false };
const MESSAGE = ["ports", "source", "lastEventId", "origin", "data"];
const CLOSE = ["wasClean", "reason", "code"];

export class MessageEvent extends Event {
  constructor(type, init) {
    checkInit("MessageEvent", type, init, arguments.length);
    super(type, init);
    const { data, origin, lastEventId, source, ports } = init ?? {};
    if (ports !== undefined && !isArray(ports)) throw wrongField("ports", "Initializer", "Array");
    this.ports = ports === undefined ? [] : [...ports];
    this.source = source ?? null;
    this.lastEventId = lastEventId === undefined ? "" : `${lastEventId}`;
    this.origin = origin === undefined ? "" : origin === NO_ORIGIN ? null : `${origin}`;
    this.data = data === undefined ? null : data;
    for (const name of MESSAGE) Object.defineProperty(this, name, READ_ONLY);
  }
}

export class CloseEvent extends Event {
  constructor(type, init) {
    checkInit("CloseEvent", type, init, arguments.length);
    super(type, init);
    const { code, reason, wasClean } = init ?? {};
    const number = code === undefined ? 0 : integer(code);
    this.wasClean = !!wasClean;
    this.reason = reason === undefined ? "" : `${reason}`.toWellFormed();
    this.code = number;
    for (const name of CLOSE) Object.defineProperty(this, name, READ_ONLY);
  }
}

export class ErrorEvent extends Event {
  #message;
  #filename;
  #lineno;
  #colno;
  #error;
  constructor(type, init) {
    checkInit("ErrorEvent", type, init, arguments.length);
    super(type, init);
    const from = init ?? {};
    this.#message = from.message === undefined ? "" : `${from.message}`;
    this.#filename = from.filename === undefined ? "" : `${from.filename}`;
    this.#lineno = from.lineno === undefined ? 0 : integer(from.lineno);
    this.#colno = from.colno === undefined ? 0 : integer(from.colno);
    this.#error = from.error;
  }
  get filename() {
    return this.#filename;
  }
  get message() {
    return this.#message;
  }
  get lineno() {
    return this.#lineno;
  }
  get colno() {
    return this.#colno;
  }
  get error() {
    return this.#error;
  }
}

export class PromiseRejectionEvent extends Event {
  constructor(key, type, reason, promise) {
    if (key !== KEY) throw illegalConstructor();
    super(type);
    this.reason = reason;
    this.promise = promise;
  }
}

let closeAnswers;

export class FetchEvent extends ExtendableEvent {
  #answer;
  #pass;
  constructor(key, request, wait, answer, pass) {
    super(key, "fetch", wait);
    this.#answer = answer;
    this.#pass = pass;
    readOnly(this, "request", request);
    readOnly(this, "actorState", undefined);
  }
  respondWith(response) {
    if (this.#answer === null) {
      throw new DOMException(
        "Too late to call FetchEvent.respondWith(). It must be called synchronously in the event handler.",
        "InvalidStateError",
      );
    }
    if (this.#answer === undefined) {
      throw new DOMException(
        "FetchEvent.respondWith() has already been called; it can only be called once.",
        "InvalidStateError",
      );
    }
    if (this.#answer(response)) {
      this.#answer = undefined;
      this.stopImmediatePropagation();
    } else {
      throw wrongParameter("respondWith", "FetchEvent", 1, "Promise");
    }
  }
  passThroughOnException() {
    this.#pass();
  }
  static {
    closeAnswers = (event) => (event.#answer = null);
  }
}
// Nobody answers any more: the listeners have been called.
export { closeAnswers };

export class ScheduledEvent extends ExtendableEvent {
  #brand;
  constructor(key, time, cron, wait) {
    super(key, "scheduled", wait);
    readOnly(this, "cron", cron);
    readOnly(this, "scheduledTime", time);
    readOnly(this, "actorState", undefined);
  }
  noRetry() {
    this.#brand;
  }
}

export class TailEvent extends ExtendableEvent {
  constructor(key, events, wait, type = "tail") {
    super(key, type, wait);
    readOnly(this, "events", events);
    readOnly(this, "traces", events);
    readOnly(this, "actorState", undefined);
  }
}

// ---- AbortSignal ----

let isAbortSignal, isAborted, reasonOf, whenAborted, newSignal, abortSignal;

// The platform's own reasons say that trying again may help.
const reason = (message, name) => Object.assign(new DOMException(message, name), { retryable: true });
const aborted = () => reason("The operation was aborted", "AbortError");

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  // Called when the signal is aborted, after its listeners.
  #steps = null;
  // Signals that are aborted with this one.
  #dependents = null;

  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
    super();
  }

  static abort(reason) {
    const signal = new AbortSignal(KEY);
    signal.#aborted = true;
    signal.#reason = reason === undefined ? aborted() : reason;
    return signal;
  }
  static timeout(delay) {
    if (arguments.length === 0) throw wrongParameter("timeout", "AbortSignal", 1, "number");
    const signal = new AbortSignal(KEY);
    startTimer(() => {
      abortSignal(signal, reason("The operation was aborted due to timeout", "TimeoutError"));
    }, delay);
    return signal;
  }
  static any(signals) {
    if (!isArray(signals)) throw wrongParameter("any", "AbortSignal", 1, "Array");
    signals.forEach((signal, at) => {
      if (!isAbortSignal(signal)) {
        throw new TypeError(`Incorrect type for array element ${at}: the provided value is not of type 'AbortSignal'.`);
      }
    });
    const signal = new AbortSignal(KEY);
    const first = signals.find((source) => source.#aborted);
    if (first !== undefined) {
      signal.#aborted = true;
      signal.#reason = first.#reason;
    } else {
      for (const source of signals) (source.#dependents ??= new Set()).add(signal);
    }
    return signal;
  }

  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  get onabort() {
    return handlerOf(this, "abort");
  }
  set onabort(value) {
    setHandler(this, "abort", value);
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  static {
    isAbortSignal = (value) => typeof value === "object" && value !== null && #aborted in value;
    isAborted = (signal) => signal !== undefined && signal.#aborted;
    reasonOf = (signal) => signal.#reason;
    newSignal = () => new AbortSignal(KEY);
    // Calls `step(reason)` when the signal is aborted. Gives what forgets that again.
    whenAborted = (signal, step) => {
      const steps = (signal.#steps ??= new Set());
      steps.add(step);
      return () => steps.delete(step);
    };
    // `exactly`: an abort without a reason has none.
    abortSignal = (signal, reason, exactly = false) => {
      if (signal.#aborted) return;
      // All of them are aborted before anybody hears of it.
      const all = new Set([signal]);
      const why = reason === undefined && !exactly ? aborted() : reason;
      for (const each of all) {
        if (each.#aborted) continue;
        each.#aborted = true;
        each.#reason = why;
        if (each.#dependents !== null) for (const dependent of each.#dependents) if (!dependent.#aborted) all.add(dependent);
        each.#dependents = null;
      }
      let failure = null;
      for (const each of all) {
        const steps = each.#steps;
        each.#steps = null;
        try {
          dispatch(each, new Event("abort"));
        } catch (error) {
          failure ??= { error };
        } finally {
          if (steps !== null) for (const step of steps) step(why);
        }
      }
      if (failure !== null) throw failure.error;
    };
  }
}

export class AbortController {
  #signal = null;
  get signal() {
    return (this.#signal ??= newSignal());
  }
  abort(reason) {
    abortSignal((this.#signal ??= newSignal()), reason);
  }
}

// Timers are given by their module, which comes later.
let startTimer;
export function useTimers(start) {
  startTimer = start;
}

export { isAbortSignal, isAborted, reasonOf, whenAborted, newSignal, abortSignal };

// ---- The global scope ----

export class WorkerGlobalScope extends EventTarget {
  constructor() {
    throw illegalConstructor();
  }
}
export class ServiceWorkerGlobalScope extends WorkerGlobalScope {}

// What is said of an error that nobody catches.
export const uncaughtText = (error) => `Uncaught ${error instanceof DOMException ? "" : native.shown(error)}`;

// Tells the tenant of an error that nobody catches; false if it does not want to hear more of it.
// Where it was is told by its stack, or by that of who reports it.
export function reportException(error, message, reporter = undefined) {
  if (!isListened("error")) return true;
  const stack = typeof error?.stack === "string" ? error.stack : reporter?.stack;
  const at = typeof stack === "string" ? /\(?([^\s()]+):(\d+):(\d+)\)?$/m.exec(stack) : null;
  return dispatch(
    globalThis,
    new ErrorEvent("error", {
      message,
      error,
      filename: at?.[1] ?? "",
      lineno: at === null ? 0 : Number(at[2]),
      colno: at === null ? 0 : Number(at[3]) - 1,
    }),
  );
}

export const globals = {
  EventTarget, Event, ExtendableEvent, CustomEvent, PromiseRejectionEvent, FetchEvent, TailEvent,
  TraceEvent: TailEvent, ScheduledEvent, MessageEvent, CloseEvent, ErrorEvent, AbortController, AbortSignal,
  WorkerGlobalScope, ServiceWorkerGlobalScope,
};
for (const c of Object.values(globals)) platform(c);
closed(ExtendableEvent, PromiseRejectionEvent, FetchEvent, TailEvent, ScheduledEvent, AbortSignal, WorkerGlobalScope, ServiceWorkerGlobalScope);
