// node:diagnostics_channel.
import { published } from "internal:console";
import { scope } from "internal:errors";
import { AsyncLocalStorage } from "node:async_hooks";
import { ERR_INVALID_ARG_TYPE, validateFunction, validateObject } from "internal:node/errors";

const channels = new Map();

const wrong = (name, owner, at, type) => new TypeError(`Failed to execute '${name}' on '${owner}': parameter ${at} is not of type '${type}'.`);

export class Channel {
  #name;
  #subscribers = new Set();
  #stores = new Map();
  constructor(name, _kind) {
    this.#name = name;
  }
  hasSubscribers() {
    return this.#subscribers.size !== 0;
  }
  publish(data) {
    if (arguments.length === 0) throw wrong("publish", "Channel", 1, "Value");
    if (typeof this.#name === "string") published(this.#name, data);
    // Who subscribes meanwhile hears of the next.
    for (const subscriber of [...this.#subscribers]) subscriber(data, this.#name);
  }
  subscribe(subscription) {
    if (typeof subscription !== "function") throw wrong("subscribe", "Channel", 1, "function");
    this.#subscribers.add(subscription);
  }
  unsubscribe(subscription) {
    if (typeof subscription !== "function") throw wrong("unsubscribe", "Channel", 1, "function");
    this.#subscribers.delete(subscription);
  }
  bindStore(store, transform) {
    if (!(store instanceof AsyncLocalStorage)) throw wrong("bindStore", "Channel", 1, "AsyncLocalStorage");
    this.#stores.set(store, transform);
  }
  unbindStore(store) {
    if (!(store instanceof AsyncLocalStorage)) throw wrong("unbindStore", "Channel", 1, "AsyncLocalStorage");
    this.#stores.delete(store);
  }
  runStores(data, fn, thisArg, ...args) {
    if (arguments.length === 0) throw wrong("runStores", "Channel", 1, "Value");
    if (typeof fn !== "function") throw wrong("runStores", "Channel", 2, "function");
    let run = () => {
      this.publish(data);
      return Reflect.apply(fn, thisArg, args);
    };
    for (const [store, transform] of this.#stores) {
      const next = run;
      run = () => store.run(transform ? transform(data) : data, next);
    }
    return run();
  }
}

Object.defineProperty(Channel.prototype, Symbol.toStringTag, { value: "Channel", writable: true, configurable: true });

export function channel(name) {
  const known = channels.get(name);
  if (known) return known;
  const made = new Channel(name);
  channels.set(name, made);
  return made;
}
export const subscribe = (name, subscription) => {
  if (typeof subscription !== "function") throw wrong("subscribe", "DiagnosticsChannelModule", 2, "function");
  channel(name).subscribe(subscription);
};
export const unsubscribe = (name, subscription) => channel(name).unsubscribe(subscription);
export const hasSubscribers = (name) => channels.has(name) && hears(channels.get(name));

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"];

export class TracingChannel {
  #channels = {};
  constructor() {
    const names = arguments[0];
    if (typeof names !== "string") validateObject(names, "channels");
    for (const event of EVENTS) {
      const made = typeof names === "string" ? channel(`tracing:${names}:${event}`) : names[event];
      if (!(made instanceof Channel)) throw ERR_INVALID_ARG_TYPE(`channels.${event}`, ["Channel"], made);
      this.#channels[event] = made;
    }
  }
  get start() {
    return this.#channels.start;
  }
  get end() {
    return this.#channels.end;
  }
  get asyncStart() {
    return this.#channels.asyncStart;
  }
  get asyncEnd() {
    return this.#channels.asyncEnd;
  }
  get error() {
    return this.#channels.error;
  }
  subscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event]);
  }
  unsubscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].unsubscribe(handlers[event]);
  }
  traceSync(fn, message = {}, thisArg, ...args) {
    return this.start.runStores(message, () => {
      try {
        const result = Reflect.apply(fn, thisArg, args);
        message.result = result;
        return result;
      } catch (error) {
        message.error = error;
        this.error.publish(message);
        throw error;
      } finally {
        this.end.publish(message);
      }
    });
  }
  tracePromise(fn, message = {}, thisArg, ...args) {
    const rejected = (error) => {
      message.error = error;
      this.error.publish(message);
      this.asyncStart.publish(message);
      this.asyncEnd.publish(message);
      return Promise.reject(error);
    };
    const resolved = (result) => {
      message.result = result;
      this.asyncStart.publish(message);
      this.asyncEnd.publish(message);
      return result;
    };
    return this.start.runStores(message, () => {
      try {
        let promise = Reflect.apply(fn, thisArg, args);
        if (!(promise instanceof Promise)) promise = Promise.resolve(promise);
        return promise.then(resolved, rejected);
      } catch (error) {
        message.error = error;
        this.error.publish(message);
        throw error;
      } finally {
        this.end.publish(message);
      }
    });
  }
  traceCallback(fn, position = 0, message = {}, thisArg, ...args) {
    const wrapped = (self) => (...results) => {
      if (results[0]) {
        message.error = results[0];
        this.error.publish(message);
      } else message.result = results[1];
      return this.asyncStart.runStores(message, () => {
        try {
          return Reflect.apply(self, undefined, results);
        } finally {
          this.asyncEnd.publish(message);
        }
      });
    };
    const callback = args[position];
    validateFunction(callback, "callback");
    args.splice(position, 1, wrapped(callback));
    return this.start.runStores(message, () => {
      try {
        return Reflect.apply(fn, thisArg, args);
      } catch (error) {
        message.error = error;
        this.error.publish(message);
        throw error;
      } finally {
        this.end.publish(message);
      }
    });
  }
  hasSubscribers() {
    return EVENTS.some((event) => hears(this[event]));
  }
}

export function tracingChannel(names) {
  return new TracingChannel(names);
}

// By date a property that can be looked at, which was a method.
const told = Object.getOwnPropertyDescriptor(Channel.prototype, "hasSubscribers").value;
const hears = (channel) => Reflect.apply(told, channel, []);
if (scope.flags?.has("diagnostics_channel_has_subscribers_getter")) {
  for (const { prototype } of [Channel, TracingChannel]) {
    const { hasSubscribers: get } = prototype;
    Object.defineProperty(prototype, "hasSubscribers", { get, enumerable: false, configurable: true });
  }
}

export default { hasSubscribers, channel, subscribe, unsubscribe, tracingChannel, Channel };
