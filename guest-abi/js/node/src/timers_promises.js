// node:timers/promises.
import { AbortError, ERR_INVALID_THIS, validateAbortSignal, validateBoolean, validateNumber, validateObject } from "internal:node/errors";
import { timers } from "internal:node";

const { setTimeout: start, clearTimeout: stop, setInterval: repeat, clearInterval: stopRepeat } = timers;
const { setImmediate: immediate, clearImmediate: stopImmediate } = globalThis;

function check(options) {
  validateObject(options, "options");
  validateAbortSignal(options.signal, "options.signal");
  if (options.ref !== undefined) validateBoolean(options.ref, "options.ref");
}

function wait(begin, end, value, options) {
  try {
    check(options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: signal.reason }));
  return new Promise((resolve, reject) => {
    const aborted = () => {
      end(id);
      reject(new AbortError(undefined, { cause: signal.reason }));
    };
    const id = begin(() => {
      signal?.removeEventListener("abort", aborted);
      resolve(value);
    });
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

export async function setTimeout(delay, value, options = {}) {
  if (delay !== undefined) validateNumber(delay, "delay");
  return wait((done) => start(done, delay), stop, value, options);
}
export async function setImmediate(value, options = {}) {
  return wait((done) => immediate(done), stopImmediate, value, options);
}
export async function* setInterval(delay, value, options = {}) {
  if (delay !== undefined) validateNumber(delay, "delay");
  check(options);
  const { signal } = options;
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  let due = 0, wake = null;
  const ring = () => {
    wake?.();
    wake = null;
  };
  const id = repeat(() => {
    due++;
    ring();
  }, delay);
  const aborted = () => {
    stopRepeat(id);
    ring();
  };
  signal?.addEventListener("abort", aborted, { once: true });
  try {
    for (;;) {
      if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
      if (due === 0) await new Promise((resolve) => (wake = resolve));
      for (; due > 0; due--) yield value;
    }
  } finally {
    stopRepeat(id);
    signal?.removeEventListener("abort", aborted);
  }
}
const kScheduler = Symbol("kScheduler");
class Scheduler {
  [kScheduler] = true;
  wait(delay, options) {
    if (!this?.[kScheduler]) throw ERR_INVALID_THIS("Scheduler");
    return wait((done) => start(done, delay), stop, undefined, { signal: options?.signal });
  }
  yield() {
    if (!this?.[kScheduler]) throw ERR_INVALID_THIS("Scheduler");
    return setImmediate();
  }
}
export const scheduler = new Scheduler();
export default { setTimeout, setImmediate, setInterval, scheduler };
