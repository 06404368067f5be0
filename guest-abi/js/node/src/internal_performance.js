// The timeline of performance: marks and measures, which a Worker makes itself. Besides
// node:perf_hooks the global scope has these with `enable_global_performance_classes`.
import native from "internal:native";
import { closed, illegalConstructor, platform, scalar, wrongConstructorParameter, wrongField, wrongParameter } from "internal:platform";

const KEY = Symbol();
const { performance } = globalThis;
export const Performance = performance.constructor;
// How many entries are kept.
const KEPT = 10_000;
const UNSIGNED_MAX = 2 ** 32 - 1;
const entries = [];
const own = (value) => value !== null && (typeof value === "object" || typeof value === "function");

export class PerformanceEntry {
  #facts;
  constructor(key, name, type, start, duration) {
    if (key !== KEY) throw illegalConstructor();
    this.#facts = { name, entryType: type, startTime: start, duration };
  }
  get name() {
    return this.#facts.name;
  }
  get entryType() {
    return this.#facts.entryType;
  }
  get startTime() {
    return this.#facts.startTime;
  }
  get duration() {
    return this.#facts.duration;
  }
  toJSON() {
    return { ...this.#facts };
  }
}
function detailOf(options) {
  const detail = options?.detail;
  if (detail !== undefined && !own(detail)) throw wrongField("detail", "Options", "Object");
  return detail;
}
const withDetail = (facts, detail) => (detail === undefined ? facts : { ...facts, detail });
export class PerformanceMark extends PerformanceEntry {
  #detail;
  constructor(name, options) {
    if (arguments.length === 0) throw wrongConstructorParameter("PerformanceMark", 1, "string");
    name = scalar(name);
    if (options !== undefined && options !== null && !own(options)) throw wrongConstructorParameter("PerformanceMark", 2, "Options");
    super(KEY, name, "mark", timeAmong(options?.startTime) ?? performance.now(), 0);
    this.#detail = detailOf(options);
  }
  get detail() {
    return this.#detail ?? null;
  }
  toJSON() {
    return withDetail(super.toJSON(), this.#detail);
  }
}
export class PerformanceMeasure extends PerformanceEntry {
  #detail;
  constructor(key, name, start, duration, detail) {
    super(key, name, "measure", start, duration);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail ?? null;
  }
  toJSON() {
    return withDetail(super.toJSON(), this.#detail);
  }
}
export class PerformanceResourceTiming extends PerformanceEntry {}
for (const name of ["connectEnd", "connectStart", "decodedBodySize", "domainLookupEnd", "domainLookupStart", "encodedBodySize", "fetchStart", "initiatorType", "nextHopProtocol", "redirectEnd", "redirectStart", "requestStart", "responseEnd", "responseStart", "responseStatus", "secureConnectionStart", "transferSize", "workerStart"]) {
  Object.defineProperty(PerformanceResourceTiming.prototype, name, { get: () => (name === "initiatorType" || name === "nextHopProtocol" ? "" : 0), enumerable: true, configurable: true });
}
export class PerformanceObserverEntryList {
  #entries;
  constructor(key, list) {
    if (key !== KEY) throw illegalConstructor();
    this.#entries = list;
  }
  getEntries() {
    return [...this.#entries];
  }
  getEntriesByType(type) {
    return this.#entries.filter((entry) => entry.entryType === type);
  }
  getEntriesByName(name, type) {
    return this.#entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type));
  }
}
export class PerformanceObserver {
  constructor(callback) {
    if (arguments.length === 0) throw wrongConstructorParameter("PerformanceObserver", 1, "Value");
  }
  disconnect() {}
  observe() {}
  takeRecords() {
    return [];
  }
  static get supportedEntryTypes() {
    return ["measure", "mark"];
  }
}
Object.defineProperty(PerformanceObserver, "supportedEntryTypes", { enumerable: true });
for (const type of [PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceResourceTiming, PerformanceObserverEntryList, PerformanceObserver]) platform(type);
closed(PerformanceEntry, PerformanceMeasure, PerformanceResourceTiming, PerformanceObserverEntryList);

function keep(entry) {
  if (entries.length === KEPT) entries.shift();
  entries.push(entry);
  return entry;
}
const clear = (type, name) => {
  for (let i = entries.length - 1; i >= 0; i--) {
    if (entries[i].entryType === type && (name === undefined || entries[i].name === name)) entries.splice(i, 1);
  }
};
// A time among options; one that is left out is none.
const timeAmong = (value) => (value === undefined ? undefined : +value);
// When a mark of this name was made, if one was.
const timeOfMark = (name) => entries.findLast((entry) => entry.entryType === "mark" && entry.name === name)?.startTime;

// When a process began, which none did.
const MOMENTS = ["nodeStart", "v8Start", "bootstrapComplete", "environment", "loopStart", "loopExit", "idleTime"];
const noEvents = () => ({ __proto__: null, loopCount: 0, events: 0, eventsWaiting: 0 });
class PerformanceNodeTiming extends PerformanceEntry {
  constructor() {
    super(KEY, "node", "node", 0, 0);
    this.uvMetricsInfo = { ...noEvents() };
    for (const name of MOMENTS.toReversed()) this[name] = 0;
    for (const name of Object.keys(this)) Object.defineProperty(this, name, { writable: false });
  }
  toJSON() {
    const moments = Object.fromEntries(MOMENTS.map((name) => [name, 0]));
    return { __proto__: null, ...super.toJSON(), ...moments, uvMetricsInfo: noEvents() };
  }
}
platform(PerformanceNodeTiming);

// How many events there were of each type; there are none.
class EventCounts {
  #none = [];
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  get size() {
    return this.#none.length;
  }
  get(type) {
    if (arguments.length === 0) throw wrongParameter("get", "EventCounts", 1, "string");
    scalar(type);
    this.#none;
  }
  has(type) {
    if (arguments.length === 0) throw wrongParameter("has", "EventCounts", 1, "string");
    return this.#none.includes(scalar(type));
  }
  entries() {
    return native.iterateList(this.#none, 2);
  }
  keys() {
    return native.iterateList(this.#none, 0);
  }
  values() {
    return native.iterateList(this.#none, 1);
  }
  forEach(callback) {
    this.#none;
    if (typeof callback !== "function") throw wrongParameter("forEach", "EventCounts", 1, "function");
  }
  [Symbol.iterator]() {
    return native.iterateList(this.#none, 2);
  }
}
platform(EventCounts);

function checkUnsigned(value) {
  if (typeof value === "bigint") throw new TypeError("Cannot convert a BigInt value to a number");
  const number = Number(value);
  if (!Number.isFinite(number)) throw new TypeError("The value cannot be converted because it is not an integer.");
  if (number < 0) throw new TypeError("The value cannot be converted because it is negative and this API expects a positive number.");
  if (number > UNSIGNED_MAX) throw new TypeError(`Value out of range. Must be less than or equal to ${UNSIGNED_MAX}.`);
}

// What Performance.prototype has besides its clock.
export const members = {
  eventCounts() {
    return new EventCounts(KEY);
  },
  clearMarks(name) {
    clear("mark", name === undefined ? name : scalar(name));
  },
  clearMeasures(name) {
    clear("measure", name === undefined ? name : scalar(name));
  },
  clearResourceTimings() {},
  getEntries() {
    return [...entries];
  },
  getEntriesByName(name, type) {
    if (arguments.length === 0) throw wrongParameter("getEntriesByName", "Performance", 1, "string");
    name = scalar(name);
    if (type !== undefined) type = scalar(type);
    return entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type));
  },
  getEntriesByType(type) {
    if (arguments.length === 0) throw wrongParameter("getEntriesByType", "Performance", 1, "string");
    type = scalar(type);
    return entries.filter((entry) => entry.entryType === type);
  },
  mark(name, options) {
    if (arguments.length === 0) throw wrongParameter("mark", "Performance", 1, "string");
    name = scalar(name);
    if (options !== undefined && options !== null && !own(options)) throw wrongParameter("mark", "Performance", 2, "Options");
    return keep(new PerformanceMark(name, options));
  },
  measure(name, from, to) {
    if (arguments.length === 0) throw wrongParameter("measure", "Performance", 1, "string");
    name = scalar(name);
    let start, end, detail;
    if (own(from)) {
      detail = detailOf(from);
      const duration = timeAmong(from.duration);
      end = timeAmong(from.end);
      start = timeAmong(from.start);
      if (duration !== undefined) end ??= (start ?? 0) + duration;
    } else {
      if (from !== undefined && from !== null) start = timeOfMark(scalar(from));
      if (to !== undefined && to !== null) end = timeOfMark(scalar(to));
    }
    start ??= 0;
    end ??= performance.now();
    return keep(new PerformanceMeasure(KEY, name, start, end > start ? end - start : 0, detail));
  },
  setResourceTimingBufferSize(size) {
    if (arguments.length === 0) throw wrongParameter("setResourceTimingBufferSize", "Performance", 1, "unsigned integer");
    checkUnsigned(size);
  },
  toJSON() {
    return { __proto__: null, timeOrigin: 0 };
  },
  nodeTiming() {
    return new PerformanceNodeTiming();
  },
  eventLoopUtilization() {
    return { idle: 0, active: 0, utilization: 0 };
  },
  markResourceTiming() {},
  timerify(callback) {
    if (typeof callback !== "function") throw wrongParameter("timerify", "Performance", 1, "function");
    return callback;
  },
};
