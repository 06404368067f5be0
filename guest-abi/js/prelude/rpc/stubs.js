// Stubs: what stands for something of another Worker's (spec: SEMANTICS §25). Each is a proxy whose
// handle says what it refers to; any name that is not the platform's is a property over there.
import native from "internal:native";
import { unable } from "internal:clone";
import { facades, illegalConstructor, platform, wrongConstructorParameter } from "internal:platform";
import { illegal } from "internal:shape";
import { logUncaught } from "internal:console";
import { sendable } from "internal:rpc/values";

const { defineProperty, getPrototypeOf, hasOwn, setPrototypeOf } = Object;
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
const DISPOSED = "RPC stub used after being disposed.";
const ignore = () => {};

// By proxy and by what a proxy stands before.
const handles = new WeakMap();
// A stub that nobody has any more is disposed of. A snapshot keeps none.
const registry = new FinalizationRegistry((ref) => ref.drop());

export const handleOf = (value) =>
  (typeof value === "function" || typeof value === "object") && value !== null ? handles.get(value) ?? native.stubHandle(value) : undefined;

export const notImplemented = (name) => new TypeError(`The RPC receiver does not implement the method "${name}".`);
export const isPlain = (value) => typeof value === "object" && value !== null && getPrototypeOf(value) === Object.prototype;

// A call that is over before it began, or that is done here: `pipe` calls what it gives.
export class Done {
  constructor(promise) {
    this.promise = promise;
    promise.catch(ignore);
  }
  pipe(path, args) {
    return new Done(this.promise.then((value) => reach(value, path, args)));
  }
}
export const failed = (error) => new Done(rejectedWith(error));

// What a path from a value that came from another Worker gives: all of it is data and stubs.
export function reach(value, path, args) {
  for (let at = 0; ; at++) {
    const handle = handleOf(value);
    if (handle !== undefined && !(at === path.length && args === null)) return handle.begin(path.slice(at), args).promise;
    if (at === path.length) break;
    const name = path[at];
    if (!isPlain(value) || !hasOwn(value, name)) throw remote(notImplemented(name));
    value = value[name];
  }
  if (args !== null) throw remote(new TypeError(`"${path.join(".")}" is not a function.`));
  return value;
}

function remote(error) {
  error.remote = true;
  return error;
}

// Of a stub. `ref` has call(path, args), dup() and drop().
class StubHandle {
  disposed = false;
  constructor(ref) {
    this.ref = ref;
  }
  used() {
    if (this.disposed) throw new Error(DISPOSED);
    return this.ref;
  }
  begin(path, args) {
    return this.used().call(path, args);
  }
  dispose() {
    if (this.disposed) return;
    this.disposed = true;
    this.ref.drop();
  }
}

// Of the promise of a call's result.
class PromiseHandle {
  disposed = false;
  constructor(call) {
    this.call = call;
  }
  begin(path, args) {
    if (this.disposed) throw new Error("RPC promise used after being disposed.");
    return this.call.pipe(path, args);
  }
  get promise() {
    return this.call.promise;
  }
  dispose() {
    this.disposed = true;
  }
}

// Of something that a stub or promise has under a path.
class PropertyHandle {
  constructor(root, path) {
    this.root = root;
    this.path = path;
  }
  begin(path, args) {
    return this.root.begin([...this.path, ...path], args);
  }
  get promise() {
    return attempt(this, null).promise;
  }
  dispose() {}
}

// Calls; that it fails is told by the promise.
function attempt(handle, args) {
  try {
    return handle.begin([], args);
  } catch (error) {
    return failed(error);
  }
}

// What stands for something that is over there, if anywhere.
export function missing(handle, key) {
  const isProperty = handle instanceof PropertyHandle;
  return proxy(new PropertyHandle(isProperty ? handle.root : handle, isProperty ? [...handle.path, key] : [key]), RpcProperty);
}

const traps = {
  get(target, key, receiver) {
    if (typeof key === "symbol" || key in target) return Reflect.get(target, key, receiver);
    const handle = handles.get(target);
    if (INDEX.test(key) || (key === "then" && !handle.thenable)) return undefined;
    return missing(handle, key);
  },
  has(target, key) {
    return Reflect.has(target, key) || (typeof key === "string" && !INDEX.test(key));
  },
  apply(target, _self, args) {
    const handle = handles.get(target);
    if (handle.called !== undefined) return handle.called(args);
    return proxy(new PromiseHandle(attempt(handle, args)), RpcPromise);
  },
};
// The names of what cannot be sent.
PromiseHandle.prototype.unable = "RpcPromise";
PropertyHandle.prototype.unable = "RpcProperty";
PromiseHandle.prototype.thenable = PropertyHandle.prototype.thenable = true;

// An object of a class that looks as if it had everything.
export function proxy(handle, Class, target = callable()) {
  setPrototypeOf(target, Class.prototype);
  const made = new Proxy(target, traps);
  handles.set(target, handle);
  handles.set(made, handle);
  facades.set(made, target);
  return made;
}

function callable() {
  const target = () => {};
  delete target.length;
  delete target.name;
  return target;
}

// A stub for a reference, which it takes over.
export function stubOf(ref) {
  const handle = new StubHandle(ref);
  const made = proxy(handle, RpcStub);
  // Dropping it twice does nothing, and finding it to unregister it would take long.
  registry.register(made, ref);
  return made;
}

function handleFor(value, kind) {
  const handle = handleOf(value);
  if (!(handle instanceof kind)) illegal();
  return handle;
}

export class RpcTarget {}
platform(RpcTarget);
defineProperty(RpcTarget.prototype, Symbol.toStringTag, { value: "JsRpcTarget", writable: true, configurable: true });

function tagged(c, tag) {
  platform(c);
  defineProperty(c.prototype, Symbol.toStringTag, { value: tag, writable: true, configurable: true });
}

// Makes a reference to something of this Worker's; session.js knows how.
let localReference;
export function useLocal(make) {
  localReference = make;
}

export class RpcStub {
  constructor(target) {
    if ((typeof target !== "object" || target === null) && typeof target !== "function") {
      throw wrongConstructorParameter("JsRpcStub", 1, "Object");
    }
    return stubOf(localReference(target));
  }
  dup() {
    return stubOf(handleFor(this, StubHandle).used().dup());
  }
  [Symbol.dispose]() {
    handleFor(this, StubHandle).dispose();
  }
}
tagged(RpcStub, "JsRpcStub");

const thenable = {
  then(onFulfilled, onRejected) {
    return handleOf(this)?.promise.then(onFulfilled, onRejected) ?? illegal();
  },
  catch(onRejected) {
    return handleOf(this)?.promise.catch(onRejected) ?? illegal();
  },
  finally(onFinally) {
    return handleOf(this)?.promise.finally(onFinally) ?? illegal();
  },
};

export class RpcPromise {
  constructor() {
    throw illegalConstructor();
  }
  [Symbol.dispose]() {
    handleFor(this, PromiseHandle).dispose();
  }
}
export class RpcProperty {
  constructor() {
    throw illegalConstructor();
  }
}
for (const [Class, tag] of [[RpcPromise, "JsRpcPromise"], [RpcProperty, "JsRpcProperty"]]) {
  for (const [name, method] of Object.entries(Object.getOwnPropertyDescriptors(thenable))) {
    const own = { [name](...args) { return method.value.apply(this, args); } }[name];
    defineProperty(Class.prototype, name, { value: own, writable: true, configurable: true });
  }
  tagged(Class, tag);
}

// Has a value that came with stubs end them.
export function disposable(value, stubs) {
  if (((typeof value !== "object" || value === null) && typeof value !== "function") || handleOf(value) !== undefined) return;
  // It has no name in the field.
  const [dispose] = [() => stubs.forEach((stub) => handles.get(stub).dispose())];
  defineProperty(value, Symbol.dispose, { value: dispose, writable: true, configurable: true });
}

// Has what was given to another Worker end here.
export function disposeOf(target) {
  const { [Symbol.dispose]: dispose } = target;
  if (typeof dispose !== "function") return;
  try {
    const result = dispose.call(target);
    if (typeof result?.then === "function") result.then(ignore, logUncaught);
  } catch (error) {
    logUncaught(error);
  }
}

sendable(
  "s",
  (value) => typeof value === "function" || value instanceof RpcTarget || handleOf(value) !== undefined,
  (value, encoder) => {
    const handle = handleOf(value);
    if (handle === undefined) return [encoder.export({ value })];
    if (handle.unable !== undefined) throw unable(handle.unable);
    if (!(handle instanceof StubHandle)) return [encoder.export({ forward: handle }), 1];
    const id = encoder.export({ forward: handle.used().dup() });
    encoder.given.push(handle);
    return [id];
  },
  ([, id, isService], decoder) => {
    const ref = decoder.import(id);
    if (isService === 1) return remoteService(ref);
    const stub = stubOf(ref);
    decoder.stubs.push(stub);
    return stub;
  },
);

// Makes an object of env of a reference to one; rpc.js knows how.
let remoteService;
export function useServices(make) {
  remoteService = make;
}
