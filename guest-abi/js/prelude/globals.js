// What a tenant finds in its global scope: what each room of the prelude exports as `globals`,
// and as `own` what belongs to the global object itself and not to its prototype.
import { closed, ofGlobal, plain, platform, prototypes, wrongParameter } from "internal:platform";
import { DOMException, globals as errors } from "internal:errors";
import { globals as fetching } from "internal:fetch";
import { globals as subrequests } from "internal:subrequest";
import { globals as timers, own as clocks } from "internal:timers";
import { globals as streams, sinkFacts, streamFacts } from "internal:streams";
import { globals as rewriter } from "internal:rewriter";
import { globals as blob } from "internal:blob";
import { globals as url } from "internal:url";
import { globals as encoding } from "internal:encoding";
import { globals as events, reportException, uncaughtText } from "internal:events";
import { globals as ports } from "internal:ports";
import { cloneable, globals as cloning } from "internal:clone";
import { globals as crypting, own as cryptos } from "internal:crypto";
import { globals as sockets } from "internal:websocket";
import { globals as eventSources } from "internal:eventsource";
import { globals as caching, own as cacheStorages } from "internal:cache";
import { globals as navigation, own as navigators } from "internal:navigator";
import { showAsPairs, showFacts } from "internal:inspect";
import native from "internal:native";
import { hasSource } from "internal:body";
import { member } from "internal:shape";
import { logUncaught, own as consoles } from "internal:console";

const { Headers, Request, Response } = fetching;
const cloneRequest = member(Request, "clone");
const cloneResponse = member(Response, "clone");
cloneable((value) => value instanceof Headers, (value) => new Headers(value));
cloneable((value) => native.isPart(value, 0), (value) => cloneRequest(value));
cloneable(
  (value) => native.isPart(value, 1),
  (value) => {
    if (hasSource(value)) throw new DOMException("ReadableStream can only be serialized for RPC.", "DataCloneError");
    return cloneResponse(value);
  },
);

showAsPairs(Headers, (headers) => headers, (headers) => [["immutable", native.headersFrozen(headers)]]);
showAsPairs(blob.FormData, (form) => form);
showFacts(streams.ReadableStream, streamFacts);
showFacts(streams.WritableStream, sinkFacts);
showAsPairs(url.URLSearchParams, (search) => search);

const { ServiceWorkerGlobalScope, WorkerGlobalScope, EventTarget } = events;
const { defineProperty, setPrototypeOf } = Object;

const reporting = {
  reportError(error) {
    ofGlobal(this);
    if (arguments.length === 0) throw wrongParameter("reportError", "ServiceWorkerGlobalScope", 1, "Value");
    if (reportException(error, uncaughtText(error), new Error())) logUncaught(error);
  },
};

const rooms = [
  errors, fetching, subrequests, timers, streams, rewriter, blob, url, encoding, events, ports, sockets, eventSources, cloning, crypting,
  navigation, reporting, caching,
];
const platforms = {};
for (const room of rooms) Object.assign(platforms, room);
// What the engine has of its own and belongs to the platform.
for (const name of ["btoa", "atob"]) platforms[name] ??= globalThis[name];

for (const name of Object.keys(platforms)) {
  const value = platforms[name];
  if (typeof value === "function") {
    if (/^[A-Z]/.test(name)) platform(value);
    else plain(value);
  }
  delete globalThis[name];
  if (name === "ServiceWorkerGlobalScope") continue;
  const holder = (name === "EventTarget" ? WorkerGlobalScope : ServiceWorkerGlobalScope).prototype;
  defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
}

const define = (name, value, enumerable) =>
  defineProperty(globalThis, name, { value, writable: true, enumerable, configurable: true });
for (const room of [consoles, navigators, clocks, cryptos, cacheStorages]) {
  for (const name of Object.keys(room)) define(name, room[name], name !== "console");
}
define("self", globalThis, true);
define("ServiceWorkerGlobalScope", ServiceWorkerGlobalScope, true);
defineProperty(globalThis, "origin", { value: "null", enumerable: true, configurable: true });

// Classes of which tenants can make no objects.
closed(fetching.Body, crypting.Crypto, crypting.CryptoKey, crypting.SubtleCrypto);
closed(streams.ReadableByteStreamController, streams.ReadableStreamBYOBRequest, streams.ReadableStreamDefaultController, streams.TransformStreamDefaultController, streams.WritableStreamDefaultController);

// What the engine has and V8 has not.
for (const [holder, names] of [
  [Function.prototype, ["columnNumber", "fileName", "lineNumber"]],
  [ArrayBuffer.prototype, ["immutable", "sliceToImmutable", "transferToImmutable"]],
  [Iterator.prototype, ["chunks", "windows"]],
]) {
  for (const name of names) delete holder[name];
}
defineProperty(String.prototype, "length", { configurable: false });
// The engine's own error class becomes one that everybody knows.
delete globalThis.InternalError;
// The global object is what its class makes, and listens to events.
delete globalThis[Symbol.toStringTag];
setPrototypeOf(globalThis, ServiceWorkerGlobalScope.prototype);

// Takes away what the Worker's flags do not have.
export function configure(flags) {
  const take = (names) => {
    for (const name of names) {
      delete globalThis[name];
      delete ServiceWorkerGlobalScope.prototype[name];
    }
  };
  if (!flags.has("expose_global_message_channel")) take(["MessageChannel", "MessagePort"]);
  if (!flags.has("enable_weak_ref")) take(["WeakRef", "FinalizationRegistry"]);
  if (!flags.has("urlpattern_standard")) delete globalThis.URLPattern.prototype.hasRegExpGroups;
  if (!flags.has("set_tostring_tag")) {
    for (const prototype of prototypes) {
      if (Object.hasOwn(prototype, "constructor")) delete prototype[Symbol.toStringTag];
    }
  }
}
