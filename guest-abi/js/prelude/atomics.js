// Atomics, which QuickJS does not have in wasm: there is one thread, so each operation is what it
// says without more. Who waits is told by the same isolate, or by a timer.
import native from "internal:native";
import { scope } from "internal:errors";
import { startTimer, stopTimer } from "internal:timers";

const KINDS = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array];
const isBig = (array) => array instanceof BigInt64Array || array instanceof BigUint64Array;
const { shown } = native;

function at(array, index) {
  const at = Math.trunc(Number(index)) || 0;
  if (at < 0 || at >= array.length) throw new RangeError(`Invalid atomic access index: ${at}`);
  return at;
}

function place(array, index) {
  if (!KINDS.some((kind) => array instanceof kind)) throw new TypeError(`${shown(array)} is not an integer typed array.`);
  return at(array, index);
}

function waitable(array) {
  if (!(array instanceof Int32Array || array instanceof BigInt64Array)) {
    throw new TypeError(`${shown(array)} is not an int32 or BigInt64 typed array.`);
  }
}
// Who waits, by buffer and the place of the byte in it.
const waiters = new Set();
const keyOf = (array, place) => array.byteOffset + place * array.BYTES_PER_ELEMENT;

function prepareWait(array, index, value, timeout) {
  waitable(array);
  if (!(array.buffer instanceof SharedArrayBuffer)) throw new TypeError(`${shown(array)} is not a shared typed array.`);
  const place = at(array, index);
  const wanted = isBig(array) ? BigInt.asIntN(64, BigInt(value)) : Number(value) | 0;
  const millis = Number(timeout);
  return [place, wanted, Number.isNaN(millis) ? Infinity : Math.max(0, millis)];
}

// A value as the array takes it, converted before the element is looked at.
const converted = (array, value) => (isBig(array) ? BigInt(value) : Math.trunc(Number(value)) || 0);

const update = (combine) => (array, index, value) => {
  const at = place(array, index);
  const other = converted(array, value);
  const before = array[at];
  array[at] = combine(before, other);
  return before;
};

const operations = {
  add: update((a, b) => a + b),
  and: update((a, b) => a & b),
  compareExchange(array, index, expected, replacement) {
    const at = place(array, index);
    const wanted = new array.constructor([converted(array, expected)])[0];
    const other = converted(array, replacement);
    const before = array[at];
    if (before === wanted) array[at] = other;
    return before;
  },
  exchange: update((_, b) => b),
  isLockFree(size) {
    const bytes = +size;
    return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8;
  },
  load: (array, index) => array[place(array, index)],
  notify(array, index, count) {
    waitable(array);
    const place = at(array, index);
    let left = count === undefined ? Infinity : Math.max(0, Math.trunc(Number(count)) || 0);
    const key = keyOf(array, place);
    let told = 0;
    for (const waiter of array.buffer instanceof SharedArrayBuffer ? [...waiters] : []) {
      if (left <= 0) break;
      if (waiter.buffer !== array.buffer || waiter.key !== key) continue;
      left--;
      told++;
      waiters.delete(waiter);
      if (waiter.timer !== undefined) stopTimer(waiter.timer);
      waiter.resolve("ok");
    }
    return told;
  },
  or: update((a, b) => a | b),
  store(array, index, value) {
    const at = place(array, index);
    const other = converted(array, value);
    array[at] = other;
    return other;
  },
  sub: update((a, b) => a - b),
  pause(hint) {
    if (hint !== undefined && !Number.isInteger(hint)) {
      throw new TypeError("Atomics.pause argument must be undefined or an integer");
    }
  },
  wait(array, index, value, timeout) {
    prepareWait(array, index, value, timeout);
    throw new TypeError("Atomics.wait cannot be called in this context");
  },
  waitAsync(array, index, value, timeout) {
    const [place, wanted, millis] = prepareWait(array, index, value, timeout);
    if (array[place] !== wanted) return { async: false, value: "not-equal" };
    if (millis === 0) return { async: false, value: "timed-out" };
    const { promise, resolve } = Promise.withResolvers();
    const waiter = { buffer: array.buffer, key: keyOf(array, place), resolve, timer: undefined };
    waiters.add(waiter);
    if (millis !== Infinity && !scope.global) {
      waiter.timer = startTimer(() => {
        waiters.delete(waiter);
        resolve("timed-out");
      }, millis);
    }
    return { async: true, value: promise };
  },
  xor: update((a, b) => a ^ b),
};

const Atomics = {};
const LENGTHS = { compareExchange: 4, isLockFree: 1, load: 2, pause: 0, wait: 4, waitAsync: 4 };
// In V8's order.
const ORDER = "load store add sub and or xor exchange compareExchange isLockFree wait waitAsync notify pause".split(" ");
for (const name of ORDER) {
  const value = operations[name];
  Object.defineProperty(value, "name", { value: name, configurable: true });
  Object.defineProperty(value, "length", { value: LENGTHS[name] ?? 3, configurable: true });
  Object.defineProperty(Atomics, name, { value, writable: true, configurable: true });
}
Object.defineProperty(Atomics, Symbol.toStringTag, { value: "Atomics", configurable: true });
Object.defineProperty(globalThis, "Atomics", { value: Atomics, writable: true, configurable: true });
