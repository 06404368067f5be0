// node:timers: timers that are objects.
import { Timeout, timers } from "internal:node";
import * as promisesModule from "node:timers/promises";

const { setImmediate: immediate, clearImmediate: stopImmediate } = globalThis;
export const { setTimeout, clearTimeout, setInterval, clearInterval } = timers;
const bound = (fn) => Object.defineProperty(fn.bind(globalThis), "length", { value: 0 });
export const setImmediate = bound(immediate), clearImmediate = bound(stopImmediate);

export function active(timer) {
  timer?.refresh?.();
}
export function unenroll(timer) {
  timer?.close?.();
}
export function enroll(item, delay) {
  throw new Error("Not implemented. Please use setTimeout() instead.");
}

export { Timeout };
export const promises = promisesModule.default;
export default { promises, setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval, clearInterval, active, unenroll, enroll };
