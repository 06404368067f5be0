// What a Worker with `nodejs_compat` finds besides: modules of Node, and globals made of them when
// they are first looked at.
import native from "internal:native";
import { wrongParameter } from "internal:platform";
import { startTimer, stopTimer } from "internal:timers";

function lazy(name, make) {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = make();
      put(name, value);
      return value;
    },
    set(value) {
      put(name, value);
    },
    enumerable: true,
    configurable: true,
  });
}

function put(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
}

class Immediate {
  #id;
  constructor(id) {
    this.#id = id;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return true;
  }
  [Symbol.dispose]() {
    stopTimer(this.#id);
  }
  static id(immediate) {
    return immediate.#id;
  }
}
const idOf = Immediate.id;
delete Immediate.id;

const immediates = {
  setImmediate(callback, ...args) {
    if (typeof callback !== "function") throw wrongParameter("setImmediate", "ServiceWorkerGlobalScope", 1, "function");
    return new Immediate(startTimer(() => callback(...args), 0));
  },
  clearImmediate(immediate) {
    if (arguments.length > 0 && (immediate === undefined || immediate === null)) return;
    if (!(immediate instanceof Immediate)) throw wrongParameter("clearImmediate", "ServiceWorkerGlobalScope", 1, "Immediate");
    stopTimer(idOf(immediate));
  },
};
for (const name of Object.keys(immediates)) Object.defineProperty(immediates[name], "length", { value: 0 });

// Node's timers: objects, which node:timers has at every date and the global scope by date. What they are
// made of is the global scope's own, as it is before the Worker's modules.
const plain = {};
export class Timeout {
  #callback;
  #delay;
  #args;
  #repeats;
  #ref = true;
  #id;
  constructor(callback, delay = 1, args, repeats, ref) {
    this.#callback = callback;
    delay *= 1;
    this.#delay = delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
    this.#args = args;
    this.#repeats = repeats;
    this.#start();
  }
  #start() {
    const begin = this.#repeats ? plain.setInterval : plain.setTimeout;
    this.#id = begin(() => this.#callback(...this.#args), this.#delay);
  }
  #stop() {
    (this.#repeats ? plain.clearInterval : plain.clearTimeout)(this.#id);
  }
  refresh() {
    this.#stop();
    this.#start();
    return this;
  }
  unref() {
    this.#ref = false;
    return this;
  }
  ref() {
    this.#ref = true;
    return this;
  }
  hasRef() {
    return this.#ref;
  }
  close() {
    this.#stop();
    return this;
  }
  [Symbol.dispose]() {
    this.#stop();
  }
  [Symbol.toPrimitive]() {
    return this.#id;
  }
}
const validateCallback = (callback) => {
  if (typeof callback !== "function") native.builtin("internal:node/errors").validateFunction(callback, "callback");
};
export const timers = {
  setTimeout(callback, delay, ...args) {
    validateCallback(callback);
    return new Timeout(callback, delay, args, false);
  },
  clearTimeout(timer) {
    if (timer instanceof Timeout) timer.close();
    else plain.clearTimeout(timer);
  },
  setInterval(callback, delay, ...args) {
    validateCallback(callback);
    return new Timeout(callback, delay, args, true);
  },
  clearInterval(timer) {
    if (timer instanceof Timeout) timer.close();
    else plain.clearInterval(timer);
  },
};

// What the timeline of performance adds to the clock, loaded when it is first used.
const timeline = () => native.builtin("internal:node/performance");
const CLASSES = ["Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList", "PerformanceResourceTiming"];
const NAMED = ["mark", "measure", "getEntriesByName", "getEntriesByType"];
const UNNAMED = ["getEntries", "clearMarks", "clearMeasures", "clearResourceTimings", "setResourceTimingBufferSize", "markResourceTiming", "eventLoopUtilization", "timerify", "toJSON"];

function useTimeline() {
  for (const name of CLASSES) lazy(name, () => timeline()[name]);
  const prototype = Object.getPrototypeOf(performance);
  Object.defineProperty(prototype, "nodeTiming", { get: () => timeline().nodeTiming(), enumerable: true, configurable: true });
  for (const name of [...NAMED, ...UNNAMED]) {
    const needsName = NAMED.includes(name);
    const method = {
      [name](...args) {
        if (needsName && args.length === 0) throw wrongParameter(name, "Performance", 1, "string");
        return timeline().methods[name](...args);
      },
    }[name];
    Object.defineProperty(prototype, name, { value: method, writable: true, enumerable: true, configurable: true });
  }
}

export function useNode(flags) {
  for (const name of Object.keys(timers)) {
    plain[name] = globalThis[name].bind(globalThis);
    if (flags.has("enable_nodejs_global_timers")) put(name, timers[name]);
  }
  if (flags.has("enable_global_performance_classes")) useTimeline();
  for (const name of Object.keys(immediates)) {
    Object.defineProperty(Object.getPrototypeOf(globalThis), name, { value: immediates[name], writable: true, enumerable: true, configurable: true });
  }
  lazy("Buffer", () => native.builtin("node:buffer").Buffer);
  lazy("process", () => native.builtin("node:process").default);
  put("global", globalThis);
}
