// What the host calls: events become calls of the tenant's handlers.
import "internal:stacks";
import "internal:json";
import native from "internal:native";
import { scope } from "internal:errors";
import { dispatch, FetchEvent, KEY, listenedTypes, isListened, PromiseRejectionEvent, ScheduledEvent, TailEvent } from "internal:events";
import * as fetching from "internal:fetch";
import { ReadableStream, bodyPart, bytesStream, lengthOf } from "internal:streams";
import { CompressionStream } from "internal:streams/transform";
import * as timing from "internal:timers";
import { addLoopback, prepareContexts, waitFor } from "internal:context";
import { begin as beginFlight, flights, flightOf } from "internal:flights";
import { logUncaught, console } from "internal:console";
import { configure as configureNavigator } from "internal:navigator";
import { isRaw } from "internal:subrequest";
import "internal:ratelimit";
import "internal:analytics";
import { traceItems } from "internal:tail";
import { asGlobals, env, forget } from "internal:env";
import { useNode } from "internal:node";
import { platform } from "internal:platform";
import { serveSocket } from "internal:websocket";
import { WorkerEntrypoint } from "cloudflare:workers";
import { configure as configureGlobals } from "internal:globals";
import "internal:intl";
import "internal:atomics";
import { importedModule } from "internal:wasm";
import "internal:code";

const { contextOf } = native;
const EMPTY = new Uint8Array(0);
// Bytes of a part of an answer that is handed to the host in one.
const PART = 65536;

const finish = (flight) => flight.finish();

function failed(flight, error) {
  if (flight.answered) return;
  if (flight.passes && flight.request !== null && flight.reader === null) {
    flight.passes = false;
    const forward = fetching.globals.fetch;
    if (forward !== undefined) {
      // passThroughOnException(): the origin answers in the Worker's place.
      logUncaught(error);
      forward(flight.request).then(
        (response) => answer(flight, response),
        () => failed(flight, error),
      );
      return;
    }
  }
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
  if (parts[3] !== null) return answerSocket(flight, parts[3], parts[1]);
  let source;
  try {
    source = fetching.takeSource(response, true);
  } catch (error) {
    return failed(flight, error);
  }
  const [status, list, type, , encodeBody] = parts;
  let fields = list;
  if (list !== null && source !== null && encodeBody === "automatic" && !isRaw(source)) {
    const coding = native.headersGet(list, "content-encoding");
    if (coding === "gzip" || coding === "br") {
      fields = native.headersClone(list);
      if (coding === "gzip") source = compressed(source);
      // Brotli is only undone here, so what was to be in it is sent in no coding.
      else native.headersDelete(fields, "content-encoding");
      native.headersDelete(fields, "content-length");
    }
  }
  if (source === null || typeof source === "string" || source instanceof Uint8Array) {
    native.respond(flight.id, status, fields, type, source, false);
    flight.answered = true;
    finish(flight);
    return;
  }
  const length = lengthOf(source);
  if (list !== null && fields === list && !isRaw(source)) {
    // How long a stream is is not known from what was said of another one.
    fields = native.headersClone(list);
    native.headersDelete(fields, "content-length");
  }
  if (length !== null) {
    if (fields === null) fields = native.headersNew();
    else if (fields === list) fields = native.headersClone(list);
    native.headersSet(fields, "content-length", `${length}`);
  }
  native.respond(flight.id, status, fields, type, null, true);
  pump(flight, source);
}

// A body in the coding that its headers name: the platform puts it in, unless it is told that it is.
function compressed(source) {
  const stream =
    source instanceof ReadableStream ? source : bytesStream(typeof source === "string" ? native.utf8(source) : source);
  return stream.pipeThrough(new CompressionStream("gzip"));
}

// Answers with a WebSocket; the request lives as long as it does.
function answerSocket(flight, socket, list) {
  const opened = (error) => {
    if (error === null) return;
    flight.answered = false;
    failed(flight, error);
  };
  const over = () => {
    flight.socket = null;
    flight.waits--;
    finish(flight);
  };
  try {
    flight.socket = serveSocket(flight.id, socket, list, opened, over);
  } catch (error) {
    return failed(flight, error);
  }
  flight.wait();
  flight.answered = true;
}

// Sends a stream as the body of an answer whose head is out.
async function pump(flight, stream) {
  try {
    const reader = (flight.reader = stream.getReader());
    for (;;) {
      const { done, value } = await reader.read();
      if (flight.over) return;
      if (done) break;
      const bytes = bodyPart(value);
      for (let at = 0; at < bytes.byteLength; at += PART) {
        const part = bytes.byteLength > PART ? bytes.subarray(at, at + PART) : bytes;
        const credit = native.bodyChunk(flight.id, part, false);
        if (credit <= 0) await new Promise((resolve) => (flight.credit = resolve));
        if (flight.over) return;
      }
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

// What serves events of this kind: a function of the event's arguments.
function handler(kind, target = exported?.default) {
  if (target === undefined || target === null) return undefined;
  if (typeof target === "function") {
    if (!(target.prototype instanceof WorkerEntrypoint)) return undefined;
    if (typeof target.prototype[kind] !== "function") return undefined;
    return (argument, ctx) => new target(ctx, env())[kind](argument);
  }
  const method = target[kind];
  if (typeof method !== "function") return undefined;
  return (argument, ctx) => method.call(target, argument, env(), ctx);
}

// The handler's name in the platform's log.
const EVENTS = { fetch: "FetchEvent", scheduled: "ScheduledEvent", queue: "QueueEvent", tail: "TailEvent" };

function missing(kind) {
  const event = EVENTS[kind];
  if (event !== undefined) {
    console.error(`Received a ${event} but we lack a handler for ${event}s. Did you remember to export a ${kind}() function?`);
  }
  return new Error(`Handler does not export a ${kind}() function.`);
}

let onFetch = null;

function begin(id) {
  scope.global = false;
  return beginFlight(id);
}

const isThenable = (value) =>
  (typeof value === "object" || typeof value === "function") && value !== null && typeof value.then === "function";

// Runs a handler of an event that has no answer.
function run(flight, kind, argument, settled) {
  let result;
  try {
    if (exported === null) return listen(flight, kind, argument, settled);
    const serve = handler(kind);
    if (serve === undefined) throw missing(kind);
    result = serve(argument, contextOf(flight.id));
    if (isThenable(result)) {
      result.then(
        (value) => settled(flight, value),
        (error) => failed(flight, error),
      );
      return;
    }
  } catch (error) {
    return failed(flight, error);
  }
  settled(flight, result);
}

// Runs a handler of the same Worker for one that called it.
function callOwn(target, kind, argument) {
  const serve = handler(kind, target);
  if (serve === undefined) throw missing(kind);
  return serve(argument, contextOf(native.lastEvent()));
}

// Runs the listeners of a classic script.
function listen(flight, kind, argument, settled) {
  const wait = (promise) => waitFor(flight, promise);
  if (kind === "fetch") {
    let response;
    const event = new FetchEvent(
      KEY,
      argument,
      wait,
      (value) => {
        const isResponse = typeof value === "object" && value !== null && fetching.responseParts(value) !== null;
        if (!isResponse && !isThenable(value)) return false;
        response = Promise.resolve(value);
        return true;
      },
      () => (flight.passes = true),
    );
    if (!isListened("fetch")) throw missing(kind);
    dispatch(globalThis, event);
    // Whom no listener answers is answered by the origin.
    response ??= globalThis.fetch(argument);
    response.then(
      (value) => settled(flight, value),
      (error) => failed(flight, error),
    );
    return;
  }
  if (!isListened(kind)) throw missing(kind);
  const event =
    kind === "scheduled" ? new ScheduledEvent(KEY, argument.scheduledTime, argument.cron, wait) : new TailEvent(KEY, argument, wait, kind);
  dispatch(globalThis, event);
  settled(flight);
}

// An event without an answer is done when its handler is.
function ended(flight) {
  flight.answered = true;
  finish(flight);
}

class ScheduledController {
  #brand;
  constructor(cron, scheduledTime) {
    this.scheduledTime = scheduledTime;
    this.cron = cron;
  }
  get type() {
    this.#brand;
    return "scheduled";
  }
  noRetry() {
    this.#brand;
  }
}
platform(ScheduledController);

const HUNG =
  "The Workers runtime canceled this request because it detected that your Worker's code had hung and would never generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/";

function tellRejection(type, promise, reason) {
  if (!isListened(type)) {
    if (type === "unhandledrejection") logUncaught(reason, "Uncaught (in promise)");
    return;
  }
  try {
    dispatch(globalThis, new PromiseRejectionEvent(KEY, type, reason, promise));
  } catch (error) {
    logUncaught(error);
  }
}

const HANDLERS = ["fetch", "scheduled", "queue", "tail", "trace", "email", "alarm", "connect", "test", "tailStream"];

const IS_HANDLER = { __proto__: null };
for (const name of HANDLERS) IS_HANDLER[name] = true;

function handlersOf(value) {
  if (typeof value === "function") {
    const found = { __proto__: null };
    let any = false;
    for (let proto = value.prototype; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
      for (const name of Object.getOwnPropertyNames(proto)) {
        if (!IS_HANDLER[name] || found[name]) continue;
        if (typeof Object.getOwnPropertyDescriptor(proto, name)?.value === "function") any = found[name] = true;
      }
    }
    return any ? HANDLERS.filter((name) => found[name]) : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return HANDLERS.filter((name) => typeof value[name] === "function");
}

const hooks = {
  ...fetching.bodyHooks,
  wasmModule: importedModule,
  timer: timing.timer,

  configure(date, flags) {
    scope.date = date;
    scope.flags = new Set(flags);
    scope.exposesExports = scope.flags.has("enable_ctx_exports");
    configureNavigator(scope.flags);
    configureGlobals(scope.flags);
    native.setSwitches(
      (scope.flags.has("unhandled_rejection_after_microtask_checkpoint") ? 1 : 0) |
        (scope.flags.has("strip_bom_in_read_all_text") ? 2 : 0) |
        (scope.flags.has("urlsearchparams_delete_has_value_arg") ? 0 : 4) |
        (scope.flags.has("http_headers_getsetcookie") ? 0 : 8),
    );
    if (scope.flags.has("nodejs_compat") || scope.flags.has("nodejs_compat_v2")) useNode();
    fetching.configure();
    prepareContexts();
  },

  classic: asGlobals,

  // Nothing is under way that could answer those who still wait.
  hung(ids) {
    if (fetching.bodyHooks.isStreaming()) return;
    ids.forEach(flightOf);
    for (const flight of [...flights.values()]) {
      if (flight.answered || flight.credit !== null || flight.reader !== null) continue;
      failed(flight, new Error(HUNG));
    }
  },

  // Promises and reasons in turn.
  rejections(unhandled, handled) {
    for (let at = 0; at < unhandled.length; at += 2) tellRejection("unhandledrejection", unhandled[at], unhandled[at + 1]);
    for (let at = 0; at < handled.length; at += 2) tellRejection("rejectionhandled", handled[at], undefined);
  },

  loaded(exports) {
    exported = exports;
    const names = exports === null ? [] : Object.keys(exports);
    for (const name of names) {
      const value = exports[name];
      if ((typeof value !== "object" && typeof value !== "function") || value === null) {
        throw new TypeError(`Incorrect type for map entry '${name}': the provided value is not of type 'function or ExportedHandler'.`);
      }
    }
    for (const name of names) {
      if (handlersOf(exports[name]).length > 0 || exports[name].prototype instanceof WorkerEntrypoint) {
        addLoopback(name, (kind, argument) => callOwn(exports[name], kind, argument));
      }
    }
    const handlers = exports === null ? listenedTypes().filter((type) => HANDLERS.includes(type)) : handlersOf(exports.default);
    const entrypoints = [];
    for (const name of names) {
      if (name === "default") continue;
      const value = exports[name];
      if (typeof value === "function" ? value.prototype instanceof WorkerEntrypoint : handlersOf(value).length > 0) {
        entrypoints.push([name, handlersOf(value)]);
      }
    }
    native.loaded(handlers, entrypoints.map(([name]) => name), entrypoints.map(([, handlers]) => handlers), forget());
  },

  // What src/serve.rs calls for a request: function, receiver and env. Null where `request` is to
  // be called for each.
  handler() {
    scope.global = false;
    if (exported === null || typeof exported.default === "function") return null;
    const target = exported.default;
    const method = target?.fetch;
    if (typeof method !== "function") return undefined;
    return [method, target, env()];
  },

  // Calls the handler; what it returns is settled by one of the next three (src/serve.rs).
  request(id, request) {
    const flight = begin(id);
    try {
      if (exported === null) return listen(flight, "fetch", request, answer);
      const serve = (onFetch ??= handler("fetch"));
      if (serve === undefined) throw missing("fetch");
      return serve(request, contextOf(id));
    } catch (error) {
      failed(flight, error);
    }
  },

  settle(id, value, wasPromise) {
    const flight = flightOf(id);
    if (exported === null || flight === undefined || flight.answered) return;
    if (wasPromise) return answer(flight, value);
    if (isThenable(value)) {
      return value.then(
        (value) => answer(flight, value),
        (error) => failed(flight, error),
      );
    }
    if (typeof value !== "object" || value === null || fetching.responseParts(value) === null) {
      return failed(flight, new TypeError("Callback returned incorrect type; expected 'Promise'"));
    }
    answer(flight, value);
  },

  rejected(id, reason) {
    failed(flightOf(id), reason);
  },

  answered(id) {
    const flight = flightOf(id);
    flight.answered = true;
    finish(flight);
  },

  scheduled(id, cron, time) {
    run(begin(id), "scheduled", new ScheduledController(cron, time), ended);
  },

  queue(id, batch) {
    run(begin(id), "queue", batch, ended);
  },

  tail(id, events) {
    run(begin(id), "tail", traceItems(events), ended);
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
    fetching.bodyHooks.forget(id);
    if (flight === undefined) return native.done(id);
    flight.reader?.cancel(new Error("The client disconnected.")).catch(() => {});
    flight.answered = true;
    if (over) {
      flight.over = true;
      flights.delete(id);
      flight.socket?.();
      native.done(id);
    } else {
      finish(flight);
    }
  },
};
export default hooks;
