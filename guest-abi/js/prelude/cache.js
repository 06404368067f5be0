// The Cache API (spec: SEMANTICS §21).
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { closed, illegalConstructor, platform, promising, text, wrongParameter } from "internal:platform";
import { Request, requestParts, responseParts, takeSource } from "internal:fetch";
import { isLocked, isStream, lengthOf } from "internal:streams";
import { Answered, isRaw, receiver, Sending, untilSent } from "internal:subrequest";

const { bodyForm, cacheDefault, cacheDelete, cacheMatch, cachePut, headersClone, headersDelete, headersGet, isPart } = native;
const { defineProperty } = Object;
const KEY = {};
const BUFFER = 2;
const NAME_MAX = 1024;
const NO_DEFAULT =
  "caches.default is disabled for Workers in a dispatch namespace. Use `await caches.open(name)`: its contents belong to this Worker alone.";

const notImplemented = (what, owner) => {
  throw new Error(`Failed to execute '${what}' on '${owner}': the method is not implemented.`);
};

// The request that a key is.
function keyOf(method, input, count, options) {
  if (scope.global) insideHandler();
  if (count === 0) throw wrongParameter(method, "Cache", 1, "Request or string");
  input = isPart(input, 0) ? input : text(input);
  if (options !== undefined && options !== null && typeof options !== "object" && typeof options !== "function") {
    throw wrongParameter(method, "Cache", 2, "CacheQueryOptions");
  }
  return isPart(input, 0) ? input : new Request(input);
}

function ignoresMethod(method, options) {
  if (options === undefined || options === null) return false;
  const ignores = !!options.ignoreMethod;
  for (const name of ["ignoreSearch", "ignoreVary", "cacheName"]) {
    if (options[name] !== undefined) throw new Error(`The '${name}' field on 'CacheQueryOptions' is not implemented.`);
  }
  return ignores;
}

// Throws for an answer that no cache takes.
function check(method, status, list, webSocket) {
  if (method !== "GET") throw new TypeError("Cannot cache response to non-GET request.");
  if (status === 206) throw new TypeError("Cannot cache response to a range request (206 Partial Content).");
  if (list !== null && (headersGet(list, "vary") ?? "").includes("*")) {
    throw new TypeError("Cannot cache response with 'Vary: *' header.");
  }
  if (status === 0) throw new TypeError("Cache is unable to store an error response");
  if (webSocket !== null) {
    throw new TypeError(
      'Worker tried to return a WebSocket in a response to a request which did not contain the header "Upgrade: websocket".',
    );
  }
}

let named;

class Cache {
  // Null for the default one.
  #name;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }

  // In the global scope it is not known yet whether there is a default one.
  static #mayUse(name) {
    if (name === null && !cacheDefault()) throw new Error(NO_DEFAULT);
  }

  add() {
    this.#name;
    notImplemented("add", "Cache");
  }
  addAll() {
    this.#name;
    notImplemented("addAll", "Cache");
  }

  delete(request, options) {
    const name = this.#name;
    try {
      const key = requestParts(keyOf("delete", request, arguments.length, options));
      Cache.#mayUse(name);
      if (!ignoresMethod("delete", options) && key.method !== "GET") return resolvedWith(false);
      return cacheDelete(name, key.url);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  match(request, options) {
    const name = this.#name;
    try {
      const { method, url, list } = requestParts(keyOf("match", request, arguments.length, options));
      Cache.#mayUse(name);
      if (!ignoresMethod("match", options) && method !== "GET") return resolvedWith(undefined);
      const answered = new Answered();
      const [op, promise] = cacheMatch(name, url, list, answered, receiver(answered, ""));
      answered.id = op;
      return promise;
    } catch (error) {
      return rejectedWith(error);
    }
  }

  put(request, response) {
    const name = this.#name;
    try {
      if (scope.global) insideHandler();
      if (arguments.length === 0) throw wrongParameter("put", "Cache", 1, "Request or string");
      request = isPart(request, 0) ? request : text(request);
      const parts = typeof response === "object" && response !== null ? responseParts(response) : null;
      if (parts === null) throw wrongParameter("put", "Cache", 2, "Response");
      const { method, url } = requestParts(keyOf("put", request, 1));
      const [status, list, type, webSocket, encodeBody, , statusText] = parts;
      check(method, status, list, webSocket);
      Cache.#mayUse(name);
      return keep(name, url, response, [status, list, type, encodeBody, statusText]);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  matchAll() {
    this.#name;
    notImplemented("matchAll", "Cache");
  }
  keys() {
    this.#name;
    notImplemented("keys", "Cache");
  }

  static {
    named = (name) => {
      const cache = new Cache(KEY);
      cache.#name = name;
      return cache;
    };
  }
}

function keep(name, url, response, [status, list, type, encodeBody, statusText]) {
  let source = takeSource(response, true);
  if (isStream(source) && isLocked(source)) throw new TypeError("The ReadableStream has been locked to a reader.");
  let fields = list;
  if (list !== null && !isRaw(source) && encodeBody === "automatic") {
    // It is in no coding, or not any more.
    fields = headersClone(list);
    headersDelete(fields, "content-encoding");
  }
  let sending = null;
  let length = null;
  if (isStream(source)) {
    length = lengthOf(source) ?? -1;
    sending = new Sending(source);
    source = null;
  }
  const parts = [name, url, status, statusText, fields, type, source, length];
  const [op, promise] = cachePut(parts, sending === null ? undefined : (credit) => sending.heard(credit));
  return sending === null ? promise : untilSent(op, promise, sending);
}

let ofStorage;

class CacheStorage {
  #brand;
  static {
    ofStorage = (storage) => storage.#brand;
  }
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
    defineProperty(this, "default", { get: () => defaultCache(), enumerable: true, configurable: true });
  }

  async open(name) {
    if (arguments.length === 0) throw wrongParameter("open", "CacheStorage", 1, "string");
    const called = text(name);
    if (called.length >= NAME_MAX || bodyForm(called, BUFFER).byteLength >= NAME_MAX) {
      throw new TypeError("Cache name is too long.");
    }
    return named(called);
  }
  delete() {
    this.#brand;
    notImplemented("delete", "CacheStorage");
  }
  match() {
    this.#brand;
    notImplemented("match", "CacheStorage");
  }
  has() {
    this.#brand;
    notImplemented("has", "CacheStorage");
  }
  keys() {
    this.#brand;
    notImplemented("keys", "CacheStorage");
  }
}

promising(CacheStorage, (storage) => ofStorage(storage), ["open"]);
const theDefault = named(null);
const caches = new CacheStorage(KEY);
closed(Cache, CacheStorage);

function defaultCache() {
  if (!scope.global && !cacheDefault()) throw new Error(NO_DEFAULT);
  return theDefault;
}

export const globals = { Cache, CacheStorage };
for (const c of [Cache, CacheStorage]) platform(c);
export const own = { caches };
