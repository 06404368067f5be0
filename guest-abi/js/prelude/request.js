// Request (spec: SEMANTICS §20). Its parts are in slots (src/parts.rs), where the request of an
// event is made without anything here.
import native from "internal:native";
import { flag } from "internal:errors";
import { mixin } from "internal:shape";
import { platform, scalar, wrongField, wrongConstructorParameter } from "internal:platform";
import { METHOD, URL_SLOT, HEADERS, TYPE, REDIRECT, SIGNAL, MORE, Body, bodyStream, extract, fieldsOf, impliedType, hasSource, moveSource, cloneSource, setSource, plainCopy, isDictionary } from "internal:body";
import { Headers } from "internal:headers";
import { isAbortSignal, newSignal } from "internal:events";

const { headersNew, headersClone, urlHref, text, requestSlot, setSlot, isPart } = native;
const DICTIONARY = "RequestInitializerDict";
const METHODS = new Set([
  "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE",
  "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "MSEARCH",
  "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "QUERY", "BAN",
]);
// Those that are written in capitals whatever the compatibility flags are.
const ALWAYS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
// Signals that nothing aborts, made for requests without one: a copy gets its own.
const idle = new WeakSet();
// What is not asked for often; a request that has none of it has this.
export const PLAIN = { fetcher: null, cf: undefined, cache: undefined };

function methodOf(method) {
  const upper = method.toUpperCase();
  const verb = ALWAYS.has(upper) || flag("upper_case_all_http_methods") ? upper : method;
  if (!METHODS.has(verb)) throw new TypeError(`Invalid HTTP method string: ${method}`);
  return verb;
}

function cacheOf(cache) {
  if (!flag("cache_option_enabled")) {
    throw new Error(`The 'cache' field on '${DICTIONARY}' is not implemented.`);
  }
  const mode = text(cache);
  if (mode !== "no-store" && !(mode === "no-cache" && flag("cache_no_cache_enabled"))) {
    throw new TypeError(`Unsupported cache mode: ${mode}`);
  }
  return mode;
}

export const Request = native.requestClass;
Object.setPrototypeOf(Request, Function.prototype);
Object.setPrototypeOf(Request.prototype, Body.prototype);

// The request of an event has its number there until somebody asks what is known of its client.
function more(request) {
  const found = requestSlot(request, MORE);
  if (typeof found !== "number") return found;
  const cf = native.invocation(1, found);
  const parts = cf === "" ? PLAIN : { ...PLAIN, cf: JSON.parse(cf) };
  setSlot(request, MORE, parts);
  return parts;
}

// The same for those who make a copy, which may as well ask later.
function copyMore(to, from) {
  const parts = requestSlot(from, MORE);
  if (parts === PLAIN) return;
  if (typeof parts === "number") return setSlot(to, MORE, parts);
  const cf = parts.cf;
  setSlot(to, MORE, { ...parts, cf: cf === undefined ? cf : plainCopy(cf) });
}

// What `new Request` does.
export function newRequest(request, input, init) {
  if (arguments.length === 1) throw wrongConstructorParameter("Request", 1, "Request or string");
  if (init !== undefined && init !== null && !isDictionary(init)) {
    throw wrongConstructorParameter("Request", 2, "RequestInitializerDict or Request");
  }
  const from = isPart(input, 0) ? input : null;
  if (init === undefined || init === null) become(request, from, input, true, true);
  else initialize(request, from, input, init);
}

function copySignal(request, from) {
  const signal = requestSlot(from, SIGNAL);
  if (signal !== null && !idle.has(signal)) setSlot(request, SIGNAL, signal);
}

// What is asked of a URL that may stand as it was given (`fetch_legacy_url`).
const addressOf = (url) => (flag("fetch_standard_url") ? url : urlHref(url) ?? url);

// Becomes a copy of a request, or a request for a URL.
function become(request, from, input, withHeaders, withBody) {
  if (from === null) {
    const href = flag("fetch_standard_url") ? urlHref(input) : text(input);
    if (href === null) throw new TypeError(`Invalid URL: ${scalar(input)}`);
    setSlot(request, URL_SLOT, href);
    return;
  }
  setSlot(request, METHOD, requestSlot(from, METHOD));
  setSlot(request, URL_SLOT, requestSlot(from, URL_SLOT));
  setSlot(request, REDIRECT, requestSlot(from, REDIRECT));
  copySignal(request, from);
  copyMore(request, from);
  if (withHeaders) {
    const headers = requestSlot(from, HEADERS);
    if (headers !== null) setSlot(request, HEADERS, headersClone(headers));
    setSlot(request, TYPE, requestSlot(from, TYPE));
  }
  if (withBody && hasSource(from)) setSource(request, moveSource(from));
}

function initialize(request, from, input, init) {
  const isCopy = isPart(init, 0);
  const { method, headers, body, redirect, fetcher, cf, cache, integrity, signal, encodeResponseBody } = isCopy ? partsOf(init) : init;
  if (headers !== undefined && !isDictionary(headers)) {
    throw wrongField("headers", DICTIONARY, "Headers or Sequence or object");
  }
  let rare = null;
  if (fetcher !== undefined && fetcher !== null) {
    if (typeof fetcher !== "object" || typeof fetcher.fetch !== "function") {
      throw wrongField("fetcher", DICTIONARY, "Fetcher");
    }
    (rare ??= {}).fetcher = fetcher;
  }
  if (cf !== undefined) (rare ??= {}).cf = plainCopy(cf, "cf", DICTIONARY);
  if (signal !== undefined && signal !== null && !isAbortSignal(signal)) {
    throw wrongField("signal", DICTIONARY, "AbortSignal");
  }
  if (cache !== undefined) (rare ??= {}).cache = cacheOf(cache);
  const verb = method === undefined ? undefined : text(method);
  const source = body === undefined || body === null ? null : extract(body);
  const type = source === null ? null : impliedType;
  become(request, from, input, headers === undefined, false);
  // Taken from the other one whatever comes of this one.
  const inherits = source === null && body !== null && from !== null && hasSource(from);
  const inherited = inherits ? moveSource(from) : null;
  if (verb !== undefined) setSlot(request, METHOD, methodOf(verb));
  if (headers !== undefined) setSlot(request, HEADERS, isCopy ? headers : new Headers(headers));
  if (redirect !== undefined) {
    const mode = text(redirect).toLowerCase();
    if (mode !== "follow" && mode !== "manual") {
      throw new TypeError(
        `Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).`,
      );
    }
    setSlot(request, REDIRECT, mode);
  }
  if (signal !== undefined) setSlot(request, SIGNAL, signal);
  if (rare !== null) setSlot(request, MORE, { ...more(request), ...rare });
  if (integrity !== undefined && text(integrity) !== "") {
    throw new TypeError(
      "Subrequest integrity checking is not implemented. The integrity option must be either undefined or an empty string.",
    );
  }
  if (encodeResponseBody !== undefined) {
    const coding = text(encodeResponseBody);
    if (coding !== "manual" && coding !== "automatic") {
      throw new TypeError(`encodeResponseBody: unexpected value: ${coding}`);
    }
  }
  if ((source !== null || inherits) && isBodyless(requestSlot(request, METHOD))) {
    throw new TypeError("Request with a GET or HEAD method cannot have a body.");
  }
  if (source !== null) {
    setSource(request, source);
    // The type of the request that this one is a copy of stays.
    if (type !== null && requestSlot(request, TYPE) === null) setSlot(request, TYPE, type);
  } else if (inherits) {
    setSource(request, inherited);
  }
}

// A request as what another one is made with.
function partsOf(request) {
  const { fetcher, cf, cache } = more(request);
  return {
    method: requestSlot(request, METHOD),
    headers: fieldsOf(request) ?? headersNew(),
    body: bodyStream(request),
    redirect: requestSlot(request, REDIRECT),
    fetcher,
    cf,
    cache,
    signal: signalOf(request),
  };
}

function signalOf(request) {
  let signal = requestSlot(request, SIGNAL);
  if (signal === null) {
    signal = newSignal();
    idle.add(signal);
    setSlot(request, SIGNAL, signal);
  }
  return signal;
}

const isBodyless = (method) => method === "GET" || method === "HEAD";

mixin(Request.prototype, {
  clone() {
    requestSlot(this, MORE);
    const source = cloneSource(this);
    const copy = new Request(BLANK);
    setSource(copy, source);
    for (const slot of [METHOD, URL_SLOT, TYPE, REDIRECT]) setSlot(copy, slot, requestSlot(this, slot));
    copySignal(copy, this);
    const headers = requestSlot(this, HEADERS);
    if (headers !== null) setSlot(copy, HEADERS, headersClone(headers, true));
    copyMore(copy, this);
    return copy;
  },
  // The places of `method`, `url` and `headers`, which are made in Rust.
  get method() {},
  get url() {},
  get headers() {},
  get redirect() {
    return requestSlot(this, REDIRECT);
  },
  get fetcher() {
    return more(this).fetcher;
  },
  get signal() {
    return signalOf(this);
  },
  get cf() {
    return more(this).cf;
  },
  get integrity() {
    more(this);
    return "";
  },
  get keepalive() {
    more(this);
    return false;
  },
  get cache() {
    return more(this).cache;
  },
});

const BLANK = "http://a/";

export function requestParts(request) {
  const parts = requestSlot(request, MORE);
  const { cf, cache, fetcher } = typeof parts === "number" ? PLAIN : parts;
  return {
    method: requestSlot(request, METHOD),
    url: addressOf(requestSlot(request, URL_SLOT)),
    list: requestSlot(request, HEADERS) ?? headersNew(),
    type: requestSlot(request, TYPE),
    redirect: requestSlot(request, REDIRECT),
    signal: requestSlot(request, SIGNAL),
    isIdle: idle.has(requestSlot(request, SIGNAL)),
    cf,
    cache,
    fetcher,
  };
}
platform(Request);

// Takes away what a compatibility flag takes away.
export function configure() {
  if (!flag("cache_option_enabled")) delete Request.prototype.cache;
}
