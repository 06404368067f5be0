// Timers, the clock and Math.random.
import native from "internal:native";
import { insideHandler } from "internal:errors";

const timers = new Map();

function start(callback, delay, repeat, args) {
  insideHandler();
  if (typeof callback !== "function") {
    throw new TypeError(
      "Failed to execute 'setTimeout' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.",
    );
  }
  let millis = Math.trunc(Number(delay));
  if (!(millis > 0)) millis = 0;
  const timer = { callback, args, millis, repeat, op: 0 };
  timer.op = native.timer(millis);
  const id = timer.op;
  timer.id = id;
  timers.set(id, timer);
  if (repeat) byOp.set(timer.op, timer);
  return id;
}

// Intervals by the operation that is under way: each round has another.
const byOp = new Map();

export function timer(op) {
  const timer = byOp.get(op) ?? timers.get(op);
  if (timer === undefined) return;
  if (timer.repeat) {
    byOp.delete(op);
    timer.op = native.timer(timer.millis);
    byOp.set(timer.op, timer);
  } else {
    timers.delete(op);
  }
  try {
    timer.callback(...timer.args);
  } catch (error) {
    reportError(error);
  }
}

function clear(id) {
  const timer = timers.get(Number(id));
  if (timer === undefined) return;
  timers.delete(timer.id);
  byOp.delete(timer.op);
  native.opCancel(timer.op);
}

export function setTimeout(callback, delay, ...args) {
  return start(callback, delay, false, args);
}
export function setInterval(callback, delay, ...args) {
  return start(callback, delay, true, args);
}
export function clearTimeout(id) {
  clear(id);
}
export function clearInterval(id) {
  clear(id);
}

Math.random = {
  random() {
    return native.random();
  },
}.random;

export const globals = { setTimeout, setInterval, clearTimeout, clearInterval };
