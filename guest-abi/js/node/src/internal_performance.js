// The timeline of performance: marks and measures, which a Worker makes itself. Besides
// node:perf_hooks the global scope has these with `enable_global_performance_classes`.
import { illegalConstructor, platform, wrongField, wrongConstructorParameter } from "internal:platform";

const KEY = Symbol();
const { performance } = globalThis;
export const Performance = performance.constructor;
// How many entries are kept.
const KEPT = 10_000;
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
    super(KEY, `${name}`, "mark", options?.startTime ?? performance.now(), 0);
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
  observe() {}
  disconnect() {}
  takeRecords() {
    return [];
  }
  static get supportedEntryTypes() {
    return ["measure", "mark"];
  }
}
Object.defineProperty(PerformanceObserver, "supportedEntryTypes", { enumerable: true });
for (const type of [PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceResourceTiming, PerformanceObserverEntryList, PerformanceObserver]) platform(type);

function keep(entry) {
  if (entries.length === KEPT) entries.shift();
  entries.push(entry);
  return entry;
}
const clear = (type, name) => {
  for (let i = entries.length - 1; i >= 0; i--) {
    if (entries[i].entryType === type && (name === undefined || entries[i].name === `${name}`)) entries.splice(i, 1);
  }
};
// When a mark of this name was made; a number is a time itself.
function timeOf(value, otherwise) {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === "number") return value;
  for (let i = entries.length - 1; i >= 0; i--) if (entries[i].entryType === "mark" && entries[i].name === `${value}`) return entries[i].startTime;
  return 0;
}

// When a process began, which none did.
const MOMENTS = ["nodeStart", "v8Start", "bootstrapComplete", "environment", "loopStart", "loopExit", "idleTime"];
class PerformanceNodeTiming extends PerformanceEntry {
  constructor() {
    super(KEY, "node", "node", 0, 0);
  }
  get uvMetricsInfo() {
    return { loopCount: 0, events: 0, eventsWaiting: 0 };
  }
  toJSON() {
    return { ...super.toJSON(), ...Object.fromEntries(MOMENTS.map((name) => [name, 0])), uvMetricsInfo: this.uvMetricsInfo };
  }
}
for (const name of MOMENTS) Object.defineProperty(PerformanceNodeTiming.prototype, name, { get: () => 0, enumerable: true, configurable: true });
platform(PerformanceNodeTiming);
export const nodeTiming = () => new PerformanceNodeTiming();

// What Performance.prototype has besides its clock.
export const methods = {
  mark(name, options) {
    return keep(new PerformanceMark(name, options));
  },
  measure(name, from, to) {
    const options = own(from) ? from : { start: from, end: to };
    const detail = detailOf(options);
    let start = timeOf(options.start, undefined);
    let end = timeOf(options.end, undefined);
    if (options.duration !== undefined) {
      if (start === undefined && end !== undefined) start = end - options.duration;
      else end = (start ?? 0) + options.duration;
    }
    start ??= 0;
    end ??= performance.now();
    return keep(new PerformanceMeasure(KEY, `${name}`, start, end - start, detail));
  },
  getEntries() {
    return [...entries];
  },
  getEntriesByName(name, type) {
    return entries.filter((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type));
  },
  getEntriesByType(type) {
    return entries.filter((entry) => entry.entryType === type);
  },
  clearMarks(name) {
    clear("mark", name);
  },
  clearMeasures(name) {
    clear("measure", name);
  },
  clearResourceTimings() {},
  setResourceTimingBufferSize() {},
  markResourceTiming() {},
  eventLoopUtilization() {
    return { idle: 0, active: 0, utilization: 0 };
  },
  timerify(callback) {
    return callback;
  },
  toJSON() {
    return { timeOrigin: 0 };
  },
};
