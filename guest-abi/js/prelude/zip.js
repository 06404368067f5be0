// `Iterator.zip()` and `Iterator.zipKeyed()`: the engine's own show how they are made, and say other things than V8 of
// what they cannot take.
import native from "internal:native";

const { Iterator, Symbol } = globalThis;
const { shown } = native;
const { apply, ownKeys, getOwnPropertyDescriptor } = Reflect;
const { map } = Iterator.prototype;
const END = { value: undefined, done: true };

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

function kindOf(value) {
  if (value === undefined || typeof value === "function") return typeof value;
  if (value === null) return "object null";
  return typeof value === "object" ? "object" : `${typeof value} ${String(value)}`;
}

function call(method, value) {
  if (typeof method !== "function") {
    throw new TypeError(`${isObject(method) ? shown(method) : kindOf(method)} is not a function`);
  }
  return apply(method, value, []);
}

// What an iterable gives: what it is called for says it is one.
function iteratorOf(iterable) {
  const method = iterable[Symbol.iterator];
  if (typeof method !== "function") {
    throw new TypeError(`${kindOf(iterable)} is not iterable (cannot read property Symbol(Symbol.iterator))`);
  }
  return entry(apply(method, iterable, []), iterable);
}

function entry(iterator, iterable) {
  if (!isObject(iterator)) throw new TypeError(`${isObject(iterable) ? shown(iterable) : String(iterable)} is not iterable`);
  return { iterator, next: iterator.next };
}

// The same of what may be an iterator as well.
function flattened(value) {
  if (!isObject(value)) throw new TypeError(`${String(value)} is not iterable`);
  const method = value[Symbol.iterator];
  if (method === undefined || method === null) return entry(value, value);
  if (typeof method !== "function") {
    throw new TypeError(
      `'${isObject(method) ? shown(method) : String(method)}' returned for property 'Symbol(Symbol.iterator)' of object '${shown(value)}' is not a function`,
    );
  }
  return entry(apply(method, value, []), value);
}

// Its next result, or null once there is none.
function step({ iterator, next }) {
  const result = call(next, iterator);
  if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
  return result.done ? null : result;
}

function close({ iterator }) {
  const method = iterator.return;
  if (method === undefined || method === null) return;
  const result = call(method, iterator);
  if (!isObject(result)) throw new TypeError("return called on non-object");
}

// Closes all from the last on; the first that throws is told, unless something has failed before.
function closeAll(open, failed) {
  let first = failed;
  for (let i = open.length - 1; i >= 0; i--) {
    if (open[i] === undefined) continue;
    try {
      close(open[i]);
    } catch (error) {
      first ??= { error };
    }
  }
  if (first !== undefined) throw first.error;
}

// Does what may throw, which closes those that are open.
function guarded(open, act) {
  try {
    return act();
  } catch (error) {
    closeAll(open, { error });
  }
}

function checkOptions(options, name) {
  if (options === undefined) return { mode: "shortest", padding: undefined };
  if (!isObject(options)) throw new TypeError("options called on non-object");
  const { mode = "shortest" } = options;
  if (mode !== "shortest" && mode !== "longest" && mode !== "strict") {
    throw new TypeError(`${name} mode must be 'shortest', 'longest', or 'strict'`);
  }
  const padding = mode === "longest" ? options.padding : undefined;
  if (padding !== undefined && !isObject(padding)) throw new TypeError("padding called on non-object");
  return { mode, padding };
}

// An Iterator Helper over entries that are open, whose values `made` puts together.
function zipped(open, mode, pads, made, name) {
  const unequal = () => new TypeError(`Iterators passed to ${name} in 'strict' mode must have the same length`);
  const finish = (at) => {
    open[at] = undefined;
  };
  const stepAt = (at) => {
    try {
      return step(open[at]);
    } catch (error) {
      finish(at);
      closeAll(open, { error });
    }
  };
  const valueAt = (at, result) => {
    try {
      return result.value;
    } catch (error) {
      finish(at);
      closeAll(open, { error });
    }
  };
  let left = open.length;
  const inner = {
    next() {
      if (left === 0) return END;
      const values = [];
      for (let at = 0; at < open.length; at++) {
        if (open[at] === undefined) {
          values[at] = pads[at];
          continue;
        }
        const result = stepAt(at);
        if (result !== null) {
          values[at] = valueAt(at, result);
          continue;
        }
        finish(at);
        left--;
        if (mode === "longest") {
          if (left === 0) return END;
          values[at] = pads[at];
          continue;
        }
        if (mode === "strict") {
          if (at > 0) closeAll(open, { error: unequal() });
          for (let other = 1; other < open.length; other++) {
            if (stepAt(other) !== null) closeAll(open, { error: unequal() });
            finish(other);
          }
        }
        left = 0;
        closeAll(open);
        return END;
      }
      return { value: made(values), done: false };
    },
    return() {
      left = 0;
      closeAll(open);
      return END;
    },
  };
  return apply(map, inner, [(value) => value]);
}

// What stands for those that have ended, where a list gives it.
function listed(padding, count, open) {
  const pads = [];
  if (padding === undefined) return pads;
  const source = guarded(open, () => iteratorOf(padding));
  let ended = false;
  for (let at = 0; at < count && !ended; at++) {
    const result = guarded(open, () => step(source));
    ended = result === null;
    if (!ended) pads[at] = guarded(open, () => result.value);
  }
  if (!ended) guarded(open, () => close(source));
  return pads;
}

const added = {
  zip(iterables, options = undefined) {
    if (!isObject(iterables)) throw new TypeError("Iterator.zip called on non-object");
    const { mode, padding } = checkOptions(options, "Iterator.zip");
    const source = iteratorOf(iterables);
    const open = [];
    for (;;) {
      const result = guarded(open, () => step(source));
      if (result === null) break;
      const value = guarded(open, () => result.value);
      open[open.length] = guarded([source, ...open], () => flattened(value));
    }
    return zipped(open, mode, listed(padding, open.length, open), (values) => values, "Iterator.zip");
  },
  zipKeyed(iterables, options = undefined) {
    if (!isObject(iterables)) throw new TypeError("Iterator.zipKeyed called on non-object");
    const { mode, padding } = checkOptions(options, "Iterator.zipKeyed");
    const keys = [];
    const open = [];
    for (const key of ownKeys(iterables)) {
      guarded(open, () => {
        if (!getOwnPropertyDescriptor(iterables, key)?.enumerable) return;
        const value = iterables[key];
        if (value === undefined) return;
        const found = flattened(value);
        keys[keys.length] = key;
        open[open.length] = found;
      });
    }
    const pads = padding === undefined ? [] : guarded(open, () => keys.map((key) => padding[key]));
    const keyed = (values) => {
      const result = { __proto__: null };
      for (let at = 0; at < keys.length; at++) result[keys[at]] = values[at];
      return result;
    };
    return zipped(open, mode, pads, keyed, "Iterator.zipKeyed");
  },
};
for (const name of ["zip", "zipKeyed"]) {
  Object.defineProperty(Iterator, name, { value: added[name], writable: true, configurable: true });
}
