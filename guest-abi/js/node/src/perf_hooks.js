// node:perf_hooks: the clock, and entries that a Worker makes itself. Nothing else is observed.
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";
import { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, PerformanceResourceTiming } from "internal:node/performance";

const { performance } = globalThis;
export { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, PerformanceResourceTiming, performance };
export const constants = {};
for (const [name, value] of Object.entries({ GC_MAJOR: 4, GC_MINOR: 1, GC_INCREMENTAL: 8, GC_WEAKCB: 16, GC_FLAGS_NO: 0, GC_FLAGS_CONSTRUCT_RETAINED: 2, GC_FLAGS_FORCED: 4, GC_FLAGS_SYNCHRONOUS_PHANTOM_PROCESSING: 8, GC_FLAGS_ALL_AVAILABLE_GARBAGE: 16, GC_FLAGS_ALL_EXTERNAL_MEMORY: 32, GC_FLAGS_SCHEDULE_IDLE: 64, ENTRY_TYPE_GC: 0, ENTRY_TYPE_HTTP: 1, ENTRY_TYPE_HTTP2: 2, ENTRY_TYPE_NET: 3, ENTRY_TYPE_DNS: 4, MILESTONE_TIME_ORIGIN_TIMESTAMP: 0, MILESTONE_TIME_ORIGIN: 1, MILESTONE_ENVIRONMENT: 2, MILESTONE_NODE_START: 3, MILESTONE_V8_START: 4, MILESTONE_LOOP_START: 5, MILESTONE_LOOP_EXIT: 6, MILESTONE_BOOTSTRAP_COMPLETE: 7 })) constants[`NODE_PERFORMANCE_${name}`] = value;
Object.freeze(constants);
export function monitorEventLoopDelay() {
  throw ERR_METHOD_NOT_IMPLEMENTED("monitorEventLoopDelay");
}
export function createHistogram() {
  throw ERR_METHOD_NOT_IMPLEMENTED("createHistogram");
}
export function eventLoopUtilization(one, other) {
  return { idle: 0, active: 0, utilization: 0 };
}
export function timerify(callback) {
  return callback;
}
export default { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, PerformanceResourceTiming, monitorEventLoopDelay, createHistogram, eventLoopUtilization, timerify, performance, constants };
