// What the host calls: events become calls of the tenant's handlers.
import "internal:stacks";
import "internal:json";
import native from "internal:native";
import { flag, scope } from "internal:errors";
import { closeAnswers, dispatch, FetchEvent, KEY, listenedTypes, isListened, PromiseRejectionEvent, ScheduledEvent, TailEvent } from "internal:events";
import * as fetching from "internal:fetch";
import { bodyPart, bytesStream, isStream, lengthOf, pipeStream, readerOf } from "internal:streams";
import { CompressionStream, brotliStream, readableOf, writableEndOf } from "internal:streams/transform";
import * as timing from "internal:timers";
import { prepareContexts, waitFor } from "internal:context";
import { addLoopback, contextWith, serveSession } from "internal:rpc/services";
import "internal:rpc/bodies";
import "internal:rpc/signals";
import { begin as beginFlight, flights, flightOf } from "internal:flights";
import { logUncaught, console } from "internal:console";
import { configure as configureNavigator } from "internal:navigator";
import { isRaw, passOn } from "internal:subrequest";
import "internal:ratelimit";
import { useModules } from "internal:loader";
import "internal:analytics";
import { traceItems } from "internal:tail";
import { asGlobals, env, forget } from "internal:env";
import { ofRequest } from "internal:dispatch";
import { useNode } from "internal:node";
import { URL } from "internal:url";
import { closed, illegalConstructor, platform, readOnly } from "internal:platform";
import { serveSocket } from "internal:websocket";
import { WorkerEntrypoint } from "cloudflare:workers";
import { configure as configureGlobals } from "internal:globals";
import "internal:intl";
import "internal:atomics";
import "internal:zip";
import "internal:regexp";
import { bytesOfModule, compiled, importedModule } from "internal:wasm";
import { batchOf } from "internal:batch";
import { EmailEvent, emailOf } from "internal:email";
import "internal:code";
import { orderScope } from "internal:order";

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
  flight.isJob = false;
  if (flight.failure !== null) {
    logUncaught(flight.failure[0]);
    flight.failure = null;
  }
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
  const [status, list, type, , encodeBody, , statusText] = parts;
  let fields = list;
  if (list !== null && source !== null && encodeBody === "automatic" && !isRaw(source)) {
    const coding = native.headersGet(list, "content-encoding");
    if (coding === "gzip" || (coding === "br" && flag("brotli_content_encoding"))) {
      fields = native.headersClone(list);
      source = compressed(source, coding);
      native.headersDelete(fields, "content-length");
    }
  }
  if (source === null || typeof source === "string" || source instanceof Uint8Array) {
    if (statusText !== "") native.phrase(statusText);
    native.respond(flight.id, status, fields, type, source, false);
    flight.answered = true;
    finish(flight);
    return;
  }
  const ended = isRaw(source) ? passOn(source) : null;
  if (ended !== null) return failed(flight, ended[0]);
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
  if (statusText !== "") native.phrase(statusText);
  native.respond(flight.id, status, fields, type, null, true);
  pump(flight, source);
}

// A body in the coding that its headers name: the platform puts it in, unless it is told that it is.
function compressed(source, coding) {
  const stream =
    isStream(source) ? source : bytesStream(typeof source === "string" ? native.utf8(source) : source);
  const coder = coding === "br" ? brotliStream() : new CompressionStream("gzip");
  return pipeStream(stream, { readable: readableOf(coder), writable: writableEndOf(coder) });
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
    const reader = (flight.reader = readerOf(stream));
    for (;;) {
      const { done, value } = await reader.read();
      if (flight.over) return;
      if (done) break;
      // Text is taken here, other than where a Worker reads a body itself.
      const bytes = typeof value === "string" ? native.utf8(value) : bodyPart(value);
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
// Whether events go to listeners: a classic script, or modules without a default export.
let listens = true;

// What exported objects had for handlers when they were looked at first, which is when the Worker was loaded: what
// it assigns later is not seen.
const methodsOfObjects = new WeakMap();

function methodsOf(target) {
  let methods = methodsOfObjects.get(target);
  if (methods === undefined) {
    methods = { __proto__: null };
    for (let at = 0; at < HANDLERS.length; at++) methods[HANDLERS[at]] = target[HANDLERS[at]];
    methodsOfObjects.set(target, methods);
  }
  return methods;
}

// What serves events of this kind: a function of the event's arguments.
function handler(kind, target = exported?.default) {
  if (target === undefined || target === null) return undefined;
  if (typeof target === "function") {
    if (!(target.prototype instanceof WorkerEntrypoint)) return undefined;
    return (argument, ctx, values = env()) => {
      const entry = new target(ctx, values);
      const method = entry[kind];
      if (typeof method !== "function") throw missing(kind);
      return method.call(entry, argument, undefined, undefined);
    };
  }
  const method = methodsOf(target)[kind];
  if (typeof method !== "function") return undefined;
  return (argument, ctx, values = env()) => method.call(target, argument, values, ctx);
}

useModules(bytesOfModule);

// The handler's name in the platform's log.
const EVENTS = { fetch: "FetchEvent", scheduled: "ScheduledEvent", queue: "QueueEvent", tail: "TailEvent", email: "EmailEvent" };

function missing(kind) {
  const event = EVENTS[kind];
  if (event !== undefined) {
    console.error(`Received a ${event} but we lack a handler for ${event}s. Did you remember to export a ${kind}() function?`);
  }
  return new Error(`Handler does not export a ${kind}() function.`);
}

let onFetch = null;

function enter() {
  if (!scope.global) return;
  scope.global = false;
  compiled();
}

function begin(id) {
  enter();
  return beginFlight(id);
}

const isThenable = (value) =>
  (typeof value === "object" || typeof value === "function") && value !== null && typeof value.then === "function";

// Runs a handler of an event that has no answer.
function run(flight, kind, argument, settled) {
  flight.isJob = true;
  let result;
  try {
    if (listens) return listen(flight, kind, argument, settled);
    const serve = handler(kind);
    if (serve === undefined) throw missing(kind);
    result = serve(kind === "queue" ? argument.controller() : argument, contextOf(flight.id));
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

// What another Worker enters: an export.
function entry(name) {
  const found = exported?.[name ?? "default"];
  if (found === undefined || (name !== null && !Object.hasOwn(exported, name))) {
    throw new TypeError(name === null ? "The Worker has no default entrypoint." : `The Worker has no such entrypoint: ${name}`);
  }
  return found;
}

// What a session of RPC with an export is let in by.
function mainOf(name, ctx) {
  const found = entry(name);
  if (typeof found !== "function") return { value: found, rest: [env(), ctx] };
  if (!(found.prototype instanceof WorkerEntrypoint)) throw new TypeError(`The export ${name ?? "default"} is no entrypoint.`);
  return { value: new found(ctx, env()), isEntrypoint: true };
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
        response = resolvedWith(value);
        return true;
      },
      () => (flight.passes = true),
    );
    if (!isListened("fetch")) throw missing(kind);
    try {
      dispatch(globalThis, event);
    } finally {
      closeAnswers(event);
    }
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
    kind === "scheduled" ? new ScheduledEvent(KEY, argument.scheduledTime, argument.cron, wait)
    : kind === "queue" ? argument.event(wait)
    : kind === "email" ? new EmailEvent(KEY, argument, wait)
    : new TailEvent(KEY, argument, wait, kind);
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
  constructor(key, cron, scheduledTime) {
    if (key !== KEY) throw illegalConstructor();
    readOnly(this, "cron", cron);
    readOnly(this, "scheduledTime", scheduledTime);
  }
  noRetry() {
    this.#brand;
  }
}
platform(ScheduledController);
closed(ScheduledController);
// The field's pages have it, and the field's objects do not show it.
Object.defineProperty(ScheduledController.prototype, "type", { value: "scheduled", writable: true, configurable: true });

// Calls `tell` when nothing is waited for any more, unless something failed.
function whenIdle(flight, tell) {
  const told = () => {
    if (flight.failure === null) return tell();
    const [error] = flight.failure;
    flight.failure = null;
    failed(flight, error);
  };
  if (flight.waits === 0) told();
  else flight.idle = told;
}

// Those that a client asks for by a test route (spec: SEMANTICS §36).
const HANDLED = {
  async queue(flight, request, tell) {
    let batch;
    try {
      batch = batchOf(await request.json());
    } catch (error) {
      return tell(`The batch cannot be read: ${error.message}`, 400, "text/plain;charset=UTF-8");
    }
    const told = () => tell(JSON.stringify(batch.verdict()), 200, "application/json");
    run(flight, "queue", batch, flag("queue_consumer_no_wait_for_wait_until") ? told : () => whenIdle(flight, told));
  },
  async email(flight, request, tell) {
    const text = (text, status) => tell(text, status, "text/plain;charset=UTF-8");
    const { searchParams } = new URL(request.url);
    const from = searchParams.get("from"), to = searchParams.get("to");
    if (!from || !to || request.body === null) {
      return text("Invalid email. Your request must include URL parameters specifying the `from` and `to` addresses, as well as an email in the body", 400);
    }
    const [message, fate] = emailOf(from, to, new Uint8Array(await request.arrayBuffer()));
    if (!fate.headers.has("message-id")) return text("Email could not be parsed: invalid or no message id provided", 400);
    run(flight, "email", message, () => whenIdle(flight, () => {
      const { rejected, forwarded, replies } = fate;
      if (searchParams.get("format") === "json") {
        return tell(JSON.stringify({ outcome: "ok", rejected, forwarded, replies }), 200, "application/json");
      }
      if (rejected !== undefined) return text(`Worker rejected email with the following reason: ${rejected}`, 400);
      text("Worker successfully processed email", 200);
    }));
  },
};

const HUNG =
  "The Workers runtime canceled this request because it detected that your Worker's code had hung and would never generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/";

// Promises of whose rejection listeners were told.
const told = new WeakSet();

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
const NONE = Object.freeze([]);

function handlersOf(value) {
  if (typeof value === "function") {
    let found = 0;
    for (let proto = value.prototype; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
      found |= native.methodsOf(proto, HANDLERS);
    }
    return found === 0 ? NONE : HANDLERS.filter((_, at) => (found >> at) & 1);
  }
  if (typeof value !== "object" || value === null) return NONE;
  const methods = methodsOf(value);
  return HANDLERS.filter((name) => typeof methods[name] === "function");
}

const hooks = {
  ...fetching.bodyHooks,
  wasmModule: importedModule,

  // Tells a module its address.
  importMeta(meta, name, main) {
    const { href: url } = new URL(name, "file:///bundle/");
    const resolve = {
      resolve(specifier) {
        if (arguments.length === 0) throw new TypeError("import.meta.resolve requires a specifier argument");
        return new URL(`${specifier}`, url).href;
      },
    }.resolve;
    const at = name.lastIndexOf("/");
    Object.assign(meta, { main, url, filename: `/bundle/${name}`, dirname: at < 0 ? "/bundle" : `/bundle/${name.slice(0, at)}`, resolve });
  },

  timer: timing.timer,

  configure(date, flags) {
    scope.date = date;
    scope.flags = new Set(flags);
    scope.exposesExports = scope.flags.has("enable_ctx_exports");
    configureNavigator(date, scope.flags);
    configureGlobals(scope.flags);
    native.setSwitches(
      (scope.flags.has("unhandled_rejection_after_microtask_checkpoint") ? 1 : 0) |
        (scope.flags.has("strip_bom_in_read_all_text") ? 2 : 0) |
        (scope.flags.has("urlsearchparams_delete_has_value_arg") ? 0 : 4) |
        (scope.flags.has("http_headers_getsetcookie") ? 0 : 8) |
        (scope.flags.has("brotli_content_encoding") ? 0 : 16) |
        (scope.flags.has("disable_top_level_await_in_require") ? 0 : 32) |
        (scope.flags.has("text_decoder_replace_surrogates") ? 0 : 64) |
        (scope.flags.has("text_decoder_cjk_decoder") ? 0 : 128) |
        (scope.flags.has("urlpattern_standard") ? 0 : 256),
    );
    if (scope.flags.has("nodejs_compat") || scope.flags.has("nodejs_compat_v2")) {
      useNode(scope.flags);
      orderScope();
    }
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

  // Promises and reasons in turn. While the Worker is loaded, listeners are not told.
  rejections(unhandled, handled) {
    for (let at = 0; at < unhandled.length; at += 2) {
      if (scope.global) {
        logUncaught(unhandled[at + 1], "Uncaught (in promise)");
        continue;
      }
      told.add(unhandled[at]);
      tellRejection("unhandledrejection", unhandled[at], unhandled[at + 1]);
    }
    for (let at = 0; at < handled.length; at += 2) {
      if (told.delete(handled[at])) tellRejection("rejectionhandled", handled[at], undefined);
    }
  },

  loaded(exports) {
    exported = exports;
    listens = exports === null || !Object.hasOwn(exports, "default");
    const names = exports === null ? [] : Object.keys(exports);
    const values = names.map((name) => exports[name]);
    for (let at = 0; at < names.length; at++) {
      const value = values[at];
      if (typeof value === "function" || (typeof value === "object" && value !== null)) continue;
      throw new TypeError(`Incorrect type for map entry '${names[at]}': the provided value is not of type 'function or ExportedHandler'.`);
    }
    for (let end of values) {
      if (typeof end === "function") continue;
      for (let next = end; next !== null; next = Object.getPrototypeOf(next)) end = next;
      if (end !== Object.prototype) throw new TypeError("Exported value's prototype chain does not end in Object.");
    }
    let handlers = listens ? listenedTypes().filter((type) => HANDLERS.includes(type)) : handlersOf(exports.default);
    // That a field is one shows when an entrypoint is made.
    if (exports?.default?.prototype instanceof WorkerEntrypoint && !handlers.includes("fetch")) {
      handlers = ["fetch", ...handlers];
    }
    const entrypoints = [];
    for (let at = 0; at < names.length; at++) {
      const value = values[at];
      const found = handlersOf(value);
      const isEntrypoint = value.prototype instanceof WorkerEntrypoint;
      if (found.length > 0 || isEntrypoint) addLoopback(names[at]);
      if (names[at] === "default" && handlers.length > 0) continue;
      if (typeof value === "function" ? isEntrypoint : found.length > 0) entrypoints.push([names[at], found]);
    }
    native.loaded(handlers, entrypoints.map(([name]) => name), entrypoints.map(([, handlers]) => handlers), forget());
  },

  // What src/serve.rs calls for a request: function, receiver and env. Null where `request` is to
  // be called for each.
  handler() {
    enter();
    if (listens || typeof exported.default === "function") return null;
    const target = exported.default;
    const method = typeof target === "object" && target !== null ? methodsOf(target).fetch : undefined;
    if (typeof method !== "function") return undefined;
    return [method, target, env()];
  },

  // Calls the handler; what it returns is settled by one of the next three (src/serve.rs).
  request(id, request) {
    const flight = begin(id);
    try {
      if (listens) return listen(flight, "fetch", request, answer);
      const serve = (onFetch ??= handler("fetch"));
      if (serve === undefined) throw missing("fetch");
      const context = contextOf(id);
      return serve(request, context, ofRequest(id, context));
    } catch (error) {
      failed(flight, error);
    }
  },

  settle(id, value, wasPromise) {
    const flight = flightOf(id);
    if (listens || flight === undefined || flight.answered) return;
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

  // Another Worker has sent a request to an entrypoint.
  enterRequest(id, name, kind, props, request) {
    const flight = begin(id);
    name ??= null;
    try {
      if (name === null && exported === null) return listen(flight, "fetch", request, answer);
      const serve = handler("fetch", entry(name));
      if (serve === undefined) throw missing("fetch");
      const result = serve(request, contextWith(id, kind, props));
      if (!isThenable(result)) return answer(flight, result);
      result.then(
        (value) => answer(flight, value),
        (error) => failed(flight, error),
      );
    } catch (error) {
      failed(flight, error);
    }
  },

  // Another Worker calls.
  enterSession(id, name, kind, props, first) {
    const flight = begin(id);
    serveSession(flight, first, () => mainOf(name ?? null, contextWith(id, kind, props)));
  },

  // An entrypoint is told of invocations of dynamic Workers.
  enterTail(id, name, kind, props, events) {
    const flight = begin(id);
    flight.isJob = true;
    name ??= null;
    try {
      const items = traceItems(events);
      if (name === null && exported === null) return listen(flight, "tail", items, ended);
      const serve = handler("tail", entry(name));
      if (serve === undefined) throw missing("tail");
      const result = serve(items, contextWith(id, kind, props));
      if (!isThenable(result)) return ended(flight);
      result.then(
        () => ended(flight),
        (error) => failed(flight, error),
      );
    } catch (error) {
      failed(flight, error);
    }
  },

  scheduled(id, cron, time) {
    run(begin(id), "scheduled", new ScheduledController(KEY, cron, time), ended);
  },

  queue(id, batch) {
    run(begin(id), "queue", batchOf(batch), ended);
  },

  // A handler that tells with an answer what became of what it was given.
  handle(id, kind, request) {
    const flight = begin(id);
    const tell = (text, status, type) => answer(flight, new Response(text, { status, headers: { "content-type": type } }));
    HANDLED[kind](flight, request, tell).catch((error) => failed(flight, error));
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
      flight.leaveAll();
      native.done(id);
    } else {
      finish(flight);
    }
  },
};
export default hooks;
