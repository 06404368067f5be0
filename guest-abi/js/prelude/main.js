// What the host calls: events become calls of the tenant's handlers.
import native from "internal:native";
import { scope } from "internal:errors";
import * as fetching from "internal:fetch";
import * as timing from "internal:timers";
import { console } from "internal:console";
import { env, forget } from "internal:env";
import { WorkerEntrypoint } from "cloudflare:workers";
import "internal:globals";

const { Response } = fetching;
const EMPTY = new Uint8Array(0);

// Requests in flight by their numbers.
const flights = new Map();

class Flight {
  constructor(id) {
    this.id = id;
    this.waits = 0;
    this.answered = false;
    this.over = false;
    this.credit = null;
    this.reader = null;
    this.request = null;
  }
}

let contextOf;

class ExecutionContext {
  #flight;
  props = {};
  waitUntil(promise) {
    const flight = this.#flight;
    flight.waits++;
    const settled = () => {
      flight.waits--;
      finish(flight);
    };
    Promise.resolve(promise).then(settled, (error) => {
      console.error(error);
      settled();
    });
  }
  passThroughOnException() {}
  abort(reason) {
    throw reason;
  }
  static {
    contextOf = (flight) => {
      const context = new ExecutionContext();
      context.#flight = flight;
      return context;
    };
  }
}

// A request whose answer is out and that nothing is waited for is over.
function finish(flight) {
  if (flight.answered && flight.waits === 0 && !flight.over) {
    flight.over = true;
    flights.delete(flight.id);
    native.done(flight.id);
  }
}

function failed(flight, error) {
  if (flight.answered) return;
  flight.answered = true;
  native.fail(flight.id, error);
  finish(flight);
}

function answer(flight, response) {
  if (flight.answered || flight.over) return;
  const parts = typeof response === "object" && response !== null ? fetching.responseParts(response) : null;
  if (parts === null) {
    return failed(
      flight,
      new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'."),
    );
  }
  let source;
  try {
    source = fetching.takeSource(response);
  } catch (error) {
    return failed(flight, error);
  }
  const [status, list, type] = parts;
  if (source === null || typeof source === "string" || source instanceof Uint8Array) {
    native.respond(flight.id, status, list, type, source, false);
    flight.answered = true;
    finish(flight);
    return;
  }
  native.respond(flight.id, status, list, type, null, true);
  pump(flight, source);
}

// Sends a stream as the body of an answer whose head is out.
async function pump(flight, stream) {
  try {
    const reader = (flight.reader = stream.getReader());
    for (;;) {
      const { done, value } = await reader.read();
      if (flight.over) return;
      if (done) break;
      const credit = native.bodyChunk(flight.id, fetching.chunkBytes(value), false);
      if (credit <= 0) await new Promise((resolve) => (flight.credit = resolve));
      if (flight.over) return;
    }
    native.bodyChunk(flight.id, EMPTY, true);
    flight.answered = true;
    finish(flight);
  } catch (error) {
    flight.reader?.cancel(error).catch(() => {});
    failed(flight, error);
  }
}

// ---- The tenant's handlers ----

let exported = null;
const listeners = new Map();

// What serves events of this kind: a function of the event's arguments.
function handler(kind) {
  const target = exported?.default;
  if (target === undefined || target === null) return undefined;
  if (typeof target === "function") {
    return (argument, ctx) => {
      const instance = new target(ctx, env());
      if (typeof instance[kind] !== "function") throw missing(kind);
      return instance[kind](argument);
    };
  }
  const method = target[kind];
  if (typeof method !== "function") return undefined;
  return (argument, ctx) => method.call(target, argument, env(), ctx);
}

function missing(kind) {
  return new Error(`Handler does not export a ${kind}() function.`);
}

let onFetch = null;

function begin(id) {
  scope.global = false;
  const flight = new Flight(id);
  flights.set(id, flight);
  return flight;
}

function run(flight, kind, argument, settled) {
  let result;
  try {
    onFetch ??= handler("fetch");
    const serve = kind === "fetch" ? onFetch : handler(kind);
    if (serve === undefined || serve === null) throw missing(kind);
    result = serve(argument, contextOf(flight));
  } catch (error) {
    return failed(flight, error);
  }
  if (result !== null && typeof result === "object" && typeof result.then === "function") {
    result.then(
      (value) => settled(flight, value),
      (error) => failed(flight, error),
    );
  } else {
    settled(flight, result);
  }
}

// An event without an answer is done when its handler is.
function ended(flight) {
  flight.answered = true;
  finish(flight);
}

class ScheduledController {
  constructor(cron, scheduledTime) {
    this.scheduledTime = scheduledTime;
    this.cron = cron;
  }
  get type() {
    return "scheduled";
  }
  noRetry() {}
}

const HANDLERS = ["fetch", "scheduled", "queue", "tail", "trace", "email", "alarm", "connect", "test", "tailStream"];

function handlersOf(value) {
  if (typeof value === "function") {
    const found = [];
    for (let proto = value.prototype; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
      for (const name of HANDLERS) {
        if (typeof Object.getOwnPropertyDescriptor(proto, name)?.value === "function" && !found.includes(name)) found.push(name);
      }
    }
    return found;
  }
  if (typeof value !== "object" || value === null) return [];
  return HANDLERS.filter((name) => typeof value[name] === "function");
}

export default {
  ...fetching.bodyHooks,
  timer: timing.timer,

  configure(date, flags) {
    scope.date = date;
    scope.flags = new Set(flags);
    fetching.configure();
  },

  loaded(exports) {
    exported = exports;
    const handlers = exports === null ? [...listeners.keys()] : handlersOf(exports.default);
    const entrypoints = [];
    for (const name of exports === null ? [] : Object.keys(exports)) {
      if (name === "default") continue;
      const value = exports[name];
      if (typeof value === "function" ? value.prototype instanceof WorkerEntrypoint : handlersOf(value).length > 0) {
        entrypoints.push([name, handlersOf(value)]);
      }
    }
    native.loaded(handlers, entrypoints.map(([name]) => name), entrypoints.map(([, handlers]) => handlers), forget());
  },

  request(id, method, url, list, length) {
    const flight = begin(id);
    const request = fetching.incomingRequest(id, method, url, list, length);
    flight.request = request;
    run(flight, "fetch", request, answer);
  },

  scheduled(id, cron, time) {
    run(begin(id), "scheduled", new ScheduledController(cron, time), ended);
  },

  queue(id, batch) {
    run(begin(id), "queue", batch, ended);
  },

  tail(id, events) {
    run(begin(id), "tail", events, ended);
  },

  bodyCredit(id) {
    const flight = flights.get(id);
    const credit = flight?.credit;
    if (credit) {
      flight.credit = null;
      credit();
    }
  },

  abort(id, over) {
    const flight = flights.get(id);
    if (flight === undefined) return;
    fetching.bodyHooks.forget(id);
    flight.reader?.cancel(new Error("The client disconnected.")).catch(() => {});
    flight.answered = true;
    if (over) {
      flight.over = true;
      flights.delete(id);
      native.done(id);
    } else {
      finish(flight);
    }
  },
};

