// Atomics, which QuickJS does not have in wasm: there is one thread, so each operation is what it
// says without more.

const KINDS = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array];
const isBig = (array) => array instanceof BigInt64Array || array instanceof BigUint64Array;

function place(array, index) {
  if (!KINDS.some((kind) => array instanceof kind)) throw new TypeError("[object Array] is not an integer typed array.");
  const at = Math.trunc(Number(index)) || 0;
  if (at < 0 || at >= array.length) throw new RangeError("Invalid atomic access index");
  return at;
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
    const bytes = Math.trunc(Number(size));
    return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8;
  },
  load: (array, index) => array[place(array, index)],
  notify: (array, index) => (place(array, index), 0),
  or: update((a, b) => a | b),
  store(array, index, value) {
    const at = place(array, index);
    const other = converted(array, value);
    array[at] = other;
    return other;
  },
  sub: update((a, b) => a - b),
  wait() {
    throw new TypeError("Atomics.wait cannot be called in this context");
  },
  xor: update((a, b) => a ^ b),
};

if (globalThis.Atomics === undefined) {
  const Atomics = {};
  const LENGTHS = { compareExchange: 4, isLockFree: 1, load: 2, wait: 4 };
  for (const name of Object.keys(operations)) {
    const value = operations[name];
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(value, "length", { value: LENGTHS[name] ?? 3, configurable: true });
    Object.defineProperty(Atomics, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(Atomics, Symbol.toStringTag, { value: "Atomics", configurable: true });
  Object.defineProperty(globalThis, "Atomics", { value: Atomics, writable: true, configurable: true });
}
