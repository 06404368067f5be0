// Promises of streams: few are made, and those nobody asks for are not.
export const PENDING = 0, DONE = 1, FAILED = 2;

const then = Promise.prototype.then;
const nothing = () => {};

export const RESOLVED = resolvedWith(undefined);
export const resolved = (value) => resolvedWith(value);

// A rejection that nobody has to handle.
export function rejected(error) {
  const promise = rejectedWith(error);
  quiet(promise);
  return promise;
}
export function quiet(promise) {
  then.call(promise, nothing, nothing);
  return promise;
}

// A promise that is made when somebody asks for it, and settled before or after.
export class Lazy {
  state = PENDING;
  value = undefined;
  promise = null;
  settle = null;
  refuse = null;

  get() {
    if (this.promise !== null) return this.promise;
    if (this.state === DONE) return (this.promise = resolved(this.value));
    if (this.state === FAILED) return (this.promise = rejected(this.value));
    this.promise = quiet(
      new Promise((resolve, reject) => {
        this.settle = resolve;
        this.refuse = reject;
      }),
    );
    return this.promise;
  }
  resolve(value) {
    if (this.state !== PENDING) return;
    this.state = DONE;
    this.value = value;
    this.settle?.(value);
  }
  reject(error) {
    if (this.state !== PENDING) return;
    this.state = FAILED;
    this.value = error;
    this.refuse?.(error);
  }
}

// An argument that is not there.
export const NONE = {};

// Calls a tenant's function; what it returns or throws is heard of in a later microtask.
export function call(method, target, a, b, good, bad) {
  let result;
  try {
    if (b !== NONE) result = method.call(target, a, b);
    else if (a !== NONE) result = method.call(target, a);
    else result = method.call(target);
  } catch (error) {
    result = rejected(error);
  }
  if ((typeof result === "object" && result !== null) || typeof result === "function") {
    then.call(resolvedWith(result), good, bad);
  } else {
    then.call(RESOLVED, good);
  }
}
