// node:timers: timers that are objects.
import { ERR_OUT_OF_RANGE, validateFunction } from "internal:node/errors";
import * as promisesModule from "node:timers/promises";

const { setTimeout: start, clearTimeout: stop, setInterval: repeat, clearInterval: stopRepeat, setImmediate: immediate, clearImmediate: stopImmediate } = globalThis;

class Timeout {
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
    const begin = this.#repeats ? repeat : start;
    this.#id = begin(() => this.#callback(...this.#args), this.#delay);
  }
  #stop() {
    (this.#repeats ? stopRepeat : stop)(this.#id);
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
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.#stop();
  }
  [Symbol.toPrimitive]() {
    return this.#id;
  }
}

export function setTimeout(callback, delay, ...args) {
  validateFunction(callback, "callback");
  return new Timeout(callback, delay, args, false);
}
export function setInterval(callback, delay, ...args) {
  validateFunction(callback, "callback");
  return new Timeout(callback, delay, args, true);
}
export function clearTimeout(timer) {
  if (timer instanceof Timeout) timer.close();
  else stop(timer);
}
export function clearInterval(timer) {
  if (timer instanceof Timeout) timer.close();
  else stopRepeat(timer);
}
const bound = (fn) => Object.defineProperty(fn.bind(globalThis), "length", { value: 0 });
export const setImmediate = bound(immediate), clearImmediate = bound(stopImmediate);

export function active(timer) {
  timer?.refresh?.();
}
export function unenroll(timer) {
  timer?.close?.();
}
export function enroll(item, delay) {
  throw new Error("Not implemented. timers.enroll() is deprecated. Please use setTimeout() instead.");
}

export { Timeout };
export const promises = promisesModule.default;
export default { active, clearImmediate, clearInterval, clearTimeout, enroll, promises, setImmediate, setInterval, setTimeout, unenroll };
