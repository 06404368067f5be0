// What a Worker with `nodejs_compat` finds besides: modules of Node, and globals made of them when
// they are first looked at.
import native from "internal:native";
import { EventTarget } from "internal:events";
import { closed, illegalConstructor, platform, wrongParameter } from "internal:platform";
import { checkPerformance, startTimer, stopTimer } from "internal:timers";

function lazy(name, make, holder = globalThis) {
  Object.defineProperty(holder, name, {
    get() {
      const value = make();
      put(name, value, holder);
      return value;
    },
    set(value) {
      put(name, value);
    },
    enumerable: true,
    configurable: true,
  });
}

function put(name, value, holder = globalThis) {
  Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
}

const KEY = Symbol();
let idOf;
class Immediate {
  #id;
  constructor(key, id) {
    if (key !== KEY) throw illegalConstructor();
    this.#id = id;
  }
  // Nothing waits for one.
  ref() {
    this.#id;
  }
  unref() {
    this.#id;
  }
  hasRef() {
    this.#id;
    return false;
  }
  [Symbol.dispose]() {
    stopTimer(this.#id);
  }
  static {
    idOf = (immediate) => immediate.#id;
  }
}
platform(Immediate);
closed(Immediate);

const immediates = {
  setImmediate(callback, ...args) {
    if (typeof callback !== "function") throw wrongParameter("setImmediate", "ServiceWorkerGlobalScope", 1, "function");
    return new Immediate(KEY, startTimer(() => callback(...args), 0));
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
    this.#delay = delay * 1;
    this.#args = args;
    this.#repeats = repeats;
    this.#start();
  }
  #start() {
    const begin = this.#repeats ? plain.setInterval : plain.setTimeout;
    const callback = this.#callback;
    // On the global object, and named by nothing but itself in stacks.
    this.#id = begin(() => callback.apply(globalThis, this.#args), this.#delay);
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
    else if (typeof timer === "number") plain.clearTimeout(timer);
  },
  setInterval(callback, delay, ...args) {
    validateCallback(callback);
    return new Timeout(callback, delay, args, true);
  },
  clearInterval(timer) {
    if (timer instanceof Timeout) timer.close();
    else if (typeof timer === "number") plain.clearInterval(timer);
  },
};

// What the timeline of performance adds to the clock, loaded when it is first used.
const timeline = () => native.builtin("internal:node/performance");
const CLASSES = ["Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceResourceTiming", "PerformanceObserver", "PerformanceObserverEntryList"];
const GETTERS = new Set(["eventCounts", "nodeTiming"]);
const MEMBERS = [
  "eventCounts", "clearMarks", "clearMeasures", "clearResourceTimings", "getEntries", "getEntriesByName", "getEntriesByType", "mark", "measure",
  "setResourceTimingBufferSize", "toJSON", "nodeTiming", "eventLoopUtilization", "markResourceTiming", "timerify",
];

function useTimeline() {
  const scope = Object.getPrototypeOf(globalThis);
  for (const name of CLASSES) lazy(name, () => timeline()[name], scope);
  const prototype = Object.getPrototypeOf(performance);
  Object.setPrototypeOf(prototype, EventTarget.prototype);
  for (const name of MEMBERS) {
    const { [name]: member } = {
      [name](...args) {
        checkPerformance(this);
        return timeline().members[name](...args);
      },
    };
    if (GETTERS.has(name)) {
      Object.defineProperty(member, "name", { value: "", configurable: true });
      Object.defineProperty(prototype, name, { get: member, enumerable: true, configurable: true });
    } else {
      Object.defineProperty(prototype, name, { value: member, writable: true, enumerable: true, configurable: true });
    }
  }
  native.order(prototype, ["timeOrigin", "now", ...MEMBERS, "constructor"]);
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
