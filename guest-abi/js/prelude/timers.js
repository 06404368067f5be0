// Timers, the scheduler, the clock and Math.random.
import native from "internal:native";
import frames from "internal:frames";
import { DOMException, insideHandler } from "internal:errors";
import { closed, illegalConstructor, ofGlobal, platform, wrongField, wrongParameter } from "internal:platform";
import { EventTarget, isAbortSignal, isAborted, reasonOf, KEY, useTimers, whenAborted, reportException, uncaughtText } from "internal:events";
import { failWaiting, reportUncaught } from "internal:console";
import { currentFlight } from "internal:flights";

const timers = new Map();
// Intervals by the operation that is under way: each round has another.
const byOp = new Map();
const LONGEST_MS = 2 ** 31 - 1;
const ACTIVE_MAX = 10_000;
// Those that went off or were cleared.
let finished = 0;

// A number as the platform converts one.
function numberOf(value) {
  switch (typeof value) {
    case "symbol":
      throw new TypeError("Cannot convert a Symbol value to a number");
    case "bigint":
      throw new TypeError("Cannot convert a BigInt value to a number");
    default:
      return +value;
  }
}

function millisOf(delay) {
  const millis = Math.trunc(typeof delay === "number" ? delay : numberOf(delay));
  return millis > 0 ? Math.min(millis, LONGEST_MS) : 0;
}

function start(callback, delay, repeat, args) {
  insideHandler();
  const millis = millisOf(delay);
  if (timers.size >= ACTIVE_MAX) {
    throw new DOMException(
      `You have exceeded the number of active timeouts you may set. max active timeouts: ${ACTIVE_MAX}, current active timeouts: ${timers.size}, finished timeouts: ${finished}`,
      "QuotaExceededError",
    );
  }
  const op = native.timer(millis);
  const timer = { id: op, op, callback, args, millis, repeat, frame: frames.used ? frames.get() : undefined };
  timers.set(op, timer);
  if (repeat) byOp.set(op, timer);
  return op;
}

// A timer's time has come.
export function timer(op) {
  const timer = byOp.get(op) ?? timers.get(op);
  if (timer === undefined) return;
  if (timer.repeat) {
    byOp.delete(op);
    timer.op = native.timer(timer.millis);
    byOp.set(timer.op, timer);
  } else {
    timers.delete(op);
    finished++;
  }
  try {
    if (timer.frame === undefined) timer.callback.apply(globalThis, timer.args);
    else frames.run(timer.frame, timer.callback, globalThis, timer.args);
  } catch (error) {
    failWaiting(currentFlight(), error);
  }
}

function clear(id) {
  const timer = timers.get(Math.trunc(id));
  if (timer === undefined) return;
  timers.delete(timer.id);
  finished++;
  byOp.delete(timer.op);
  native.opCancel(timer.op);
}

// The platform's own timers.
export const startTimer = (callback, delay) => start(callback, delay, false, []);
export const stopTimer = clear;
useTimers(startTimer);

const notFunction = (name) => wrongParameter(name, "ServiceWorkerGlobalScope", 1, "function");

function clearArgument(name, count, id) {
  if (count === 0) throw wrongParameter(name, "ServiceWorkerGlobalScope", 1, "Number");
  if (id !== undefined && id !== null) {
    const number = numberOf(id);
    if (!Number.isNaN(number)) insideHandler();
    clear(number);
  }
}

const functions = {
  setTimeout(callback, delay, ...args) {
    ofGlobal(this);
    if (typeof callback !== "function") throw notFunction("setTimeout");
    return start(callback, delay, false, args);
  },
  setInterval(callback, delay, ...args) {
    ofGlobal(this);
    if (typeof callback !== "function") throw notFunction("setInterval");
    return start(callback, delay, true, args);
  },
  clearTimeout(id) {
    ofGlobal(this);
    clearArgument("clearTimeout", arguments.length, id);
  },
  clearInterval(id) {
    ofGlobal(this);
    clearArgument("clearInterval", arguments.length, id);
  },
};

const enqueue = globalThis.queueMicrotask;

functions.queueMicrotask = {
  queueMicrotask(callback) {
    ofGlobal(this);
    if (typeof callback !== "function") throw notFunction("queueMicrotask");
    enqueue(() => {
      try {
        callback.call(globalThis);
      } catch (error) {
        if (reportException(error, uncaughtText(error))) reportUncaught(error);
      }
    });
  },
}.queueMicrotask;

const asError = (reason) => (reason instanceof Error ? reason : new Error(`${reason}`));

class Scheduler {
  #brand;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  // Resolves after `delay` milliseconds, or rejects when the signal is aborted.
  async wait(delay, options) {
    this.#brand;
    if (arguments.length === 0) throw wrongParameter("wait", "Scheduler", 1, "number");
    if (options !== undefined && options !== null && typeof options !== "object" && typeof options !== "function") {
      throw wrongParameter("wait", "Scheduler", 2, "WaitOptions");
    }
    const signal = options?.signal;
    if (signal !== undefined) {
      if (!isAbortSignal(signal)) throw wrongField("signal", "WaitOptions", "AbortSignal");
      if (isAborted(signal)) throw asError(reasonOf(signal));
    }
    await new Promise((resolve, reject) => {
      if (signal === undefined) {
        startTimer(resolve, delay);
        return;
      }
      const id = startTimer(() => {
        forget();
        resolve();
      }, delay);
      const forget = whenAborted(signal, (reason) => {
        clear(id);
        reject(asError(reason));
      });
    });
  }
}
platform(Scheduler);

let checkPerformance;
class Performance extends EventTarget {
  #brand;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
    super();
  }
  get timeOrigin() {
    this.#brand;
    return 0;
  }
  // The clock stands still while code runs.
  now() {
    this.#brand;
    return native.now();
  }
  static {
    checkPerformance = (it) => void it.#brand;
  }
}
export { checkPerformance };
platform(Performance);
closed(Performance);
const performance = new Performance(KEY);
// What it inherits is there by flag (`useTimeline`).
Object.setPrototypeOf(Performance.prototype, Object.prototype);

globalThis.Math.random = {
  random() {
    return native.random();
  },
}.random;

export const globals = {
  setTimeout: functions.setTimeout,
  clearTimeout: functions.clearTimeout,
  setInterval: functions.setInterval,
  clearInterval: functions.clearInterval,
  queueMicrotask: functions.queueMicrotask,
};
export const own = { performance, scheduler: new Scheduler(KEY) };
