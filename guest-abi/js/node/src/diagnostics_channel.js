// node:diagnostics_channel.
import context from "internal:frames";
import { ERR_INVALID_ARG_TYPE, validateFunction, validateObject } from "internal:node/errors";

const channels = new Map();

export class Channel {
  constructor(name, _kind) {
    this._subscribers = [];
    this._stores = new Map();
    this.name = name;
  }
  get hasSubscribers() {
    return this._subscribers.length > 0 || this._stores.size > 0;
  }
  subscribe(subscription) {
    validateFunction(subscription, "subscription");
    this._subscribers = [...this._subscribers, subscription];
  }
  unsubscribe(subscription) {
    const at = this._subscribers.indexOf(subscription);
    if (at === -1) return false;
    this._subscribers = this._subscribers.toSpliced(at, 1);
    return true;
  }
  bindStore(store, transform) {
    this._stores.set(store, transform);
  }
  unbindStore(store) {
    return this._stores.delete(store);
  }
  publish(data) {
    for (const subscriber of this._subscribers) {
      try {
        subscriber(data, this.name);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
  runStores(data, fn, thisArg, ...args) {
    let run = () => {
      this.publish(data);
      return Reflect.apply(fn, thisArg, args);
    };
    for (const [store, transform] of this._stores) {
      const next = run;
      run = () => {
        let value;
        try {
          value = transform ? transform(data) : data;
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
          return next();
        }
        return store.run(value, next);
      };
    }
    return run();
  }
}

export function channel(name) {
  const known = channels.get(name);
  if (known) return known;
  if (typeof name !== "string" && typeof name !== "symbol") throw ERR_INVALID_ARG_TYPE("channel", ["string", "symbol"], name);
  const made = new Channel(name);
  channels.set(name, made);
  return made;
}
export const subscribe = (name, subscription) => channel(name).subscribe(subscription);
export const unsubscribe = (name, subscription) => channel(name).unsubscribe(subscription);
export const hasSubscribers = (name) => channels.get(name)?.hasSubscribers ?? false;

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"];

export class TracingChannel {
  constructor(names) {
    for (const event of EVENTS) {
      let value;
      if (typeof names === "string") value = channel(`tracing:${names}:${event}`);
      else {
        value = names[event];
        if (!(value instanceof Channel)) throw ERR_INVALID_ARG_TYPE(`nameOrChannels.${event}`, ["Channel"], value);
      }
      Object.defineProperty(this, event, { __proto__: null, value });
    }
  }
  get hasSubscribers() {
    return EVENTS.some((event) => this[event].hasSubscribers);
  }
  subscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event]);
  }
  unsubscribe(handlers) {
    let done = true;
    for (const event of EVENTS) if (handlers[event] && !this[event].unsubscribe(handlers[event])) done = false;
    return done;
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
  traceCallback(fn, position = -1, message = {}, thisArg, ...args) {
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
    const callback = args.at(position);
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
}

export function tracingChannel(names) {
  return new TracingChannel(names);
}

export default { Channel, channel, hasSubscribers, subscribe, tracingChannel, unsubscribe };
