// Request (spec: SEMANTICS §20).
import native from "internal:native";
import { flag } from "internal:errors";
import { shape, illegal, wrongArgument } from "internal:shape";
import { MAKE, Body, Incoming, extract, impliedType, hasSource, moveSource, cloneSource, setSource, plainCopy, wrongField, isDictionary } from "internal:body";
import { Headers } from "internal:headers";
import { AbortController, AbortSignal } from "internal:events";

const { headersNew, headersClone, headersHas, headersSet, urlHref, text } = native;
const DICTIONARY = "RequestInitializerDict";
const METHODS = new Set([
  "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE",
  "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "MSEARCH",
  "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "QUERY", "BAN",
]);
// Those that are written in capitals whatever the compatibility flags are.
const ALWAYS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
const PLAIN = { fetcher: null, cf: undefined, cache: undefined };

export let requestParts, incomingRequest;

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

export class Request extends Body {
  #method = "GET";
  #url = "";
  #headers = null;
  // The content type that the body implies, until it is among the headers.
  #type = null;
  #redirect = "follow";
  #signal = null;
  #more = PLAIN;

  constructor(input, init = undefined) {
    super(MAKE, null);
    if (input === MAKE) return;
    if (arguments.length === 0) throw wrongArgument("Request", null, 1, "Request or string");
    if (init !== undefined && init !== null && !isDictionary(init)) {
      throw wrongArgument("Request", null, 2, "RequestInitializerDict or Request");
    }
    const from = typeof input === "object" && input !== null && #method in input ? input : null;
    if (init === undefined || init === null) this.#from(from, input, true, true);
    else this.#init(from, input, init);
  }

  // Becomes a copy of a request, or a request for a URL.
  #from(from, input, withHeaders, withBody) {
    if (from === null) {
      const href = urlHref(input);
      if (href === null) throw new TypeError(`Invalid URL: ${input}`);
      this.#url = href;
      return;
    }
    this.#method = from.#method;
    this.#url = from.#url;
    this.#redirect = from.#redirect;
    this.#signal = from.#signal;
    if (from.#more !== PLAIN) {
      const cf = from.#more.cf;
      this.#more = { ...from.#more, cf: cf === undefined ? cf : plainCopy(cf) };
    }
    if (withHeaders) {
      if (from.#headers !== null) this.#headers = headersClone(from.#headers);
      this.#type = from.#type;
    }
    if (withBody && hasSource(from)) setSource(this, moveSource(from));
  }

  #init(from, input, init) {
    const { method, headers, body, redirect, fetcher, cf, cache, integrity, signal, encodeResponseBody } = init;
    if (headers !== undefined && !isDictionary(headers)) {
      throw wrongField("headers", DICTIONARY, "Headers or Sequence or object");
    }
    let more = null;
    if (fetcher !== undefined && fetcher !== null) {
      if (typeof fetcher !== "object" || typeof fetcher.fetch !== "function") {
        throw wrongField("fetcher", DICTIONARY, "Fetcher");
      }
      (more ??= {}).fetcher = fetcher;
    }
    if (cf !== undefined) (more ??= {}).cf = plainCopy(cf, "cf", DICTIONARY);
    if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) {
      throw wrongField("signal", DICTIONARY, "AbortSignal");
    }
    if (cache !== undefined) (more ??= {}).cache = cacheOf(cache);
    const verb = method === undefined ? undefined : text(method);
    const source = body === undefined || body === null ? null : extract(body);
    const type = source === null ? null : impliedType;
    this.#from(from, input, headers === undefined, false);
    if (verb !== undefined) this.#method = methodOf(verb);
    if (headers !== undefined) this.#headers = new Headers(headers);
    if (redirect !== undefined) {
      if (redirect !== "follow" && redirect !== "manual") {
        throw new TypeError(
          `Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).`,
        );
      }
      this.#redirect = redirect;
    }
    if (signal !== undefined) this.#signal = signal;
    if (more !== null) this.#more = { ...this.#more, ...more };
    if (integrity !== undefined && integrity !== "") {
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
    const inherits = source === null && body !== null && from !== null && hasSource(from);
    if ((source !== null || inherits) && (this.#method === "GET" || this.#method === "HEAD")) {
      throw new TypeError("Request with a GET or HEAD method cannot have a body.");
    }
    if (source !== null) {
      setSource(this, source);
      this.#type = type ?? this.#type;
    } else if (inherits) {
      setSource(this, moveSource(from));
    }
  }

  clone() {
    if (!(#method in this)) illegal();
    const source = cloneSource(this);
    const copy = new Request(MAKE);
    setSource(copy, source);
    copy.#method = this.#method;
    copy.#url = this.#url;
    if (this.#headers !== null) copy.#headers = headersClone(this.#headers, true);
    copy.#type = this.#type;
    copy.#redirect = this.#redirect;
    copy.#signal = this.#signal;
    if (this.#more !== PLAIN) {
      const cf = this.#more.cf;
      copy.#more = { ...this.#more, cf: cf === undefined ? cf : plainCopy(cf) };
    }
    return copy;
  }
  get method() {
    if (!(#method in this)) illegal();
    return this.#method;
  }
  get url() {
    if (!(#method in this)) illegal();
    return this.#url;
  }
  get headers() {
    if (!(#method in this)) illegal();
    const headers = (this.#headers ??= headersNew());
    if (this.#type !== null) {
      if (!headersHas(headers, "content-type")) headersSet(headers, "content-type", this.#type);
      this.#type = null;
    }
    return headers;
  }
  get redirect() {
    if (!(#method in this)) illegal();
    return this.#redirect;
  }
  get fetcher() {
    if (!(#method in this)) illegal();
    return this.#more.fetcher;
  }
  get signal() {
    if (!(#method in this)) illegal();
    // One that nothing aborts, where none was given.
    return (this.#signal ??= new AbortController().signal);
  }
  get cf() {
    if (!(#method in this)) illegal();
    return this.#more.cf;
  }
  get integrity() {
    if (!(#method in this)) illegal();
    return "";
  }
  get keepalive() {
    if (!(#method in this)) illegal();
    return false;
  }
  get cache() {
    if (!(#method in this)) illegal();
    return this.#more.cache;
  }

  static {
    requestParts = (request) => ({
      method: request.#method,
      url: request.#url,
      list: request.#headers ?? headersNew(),
      type: request.#type,
      redirect: request.#redirect,
      signal: request.#signal,
      cf: request.#more.cf,
      cache: request.#more.cache,
      fetcher: request.#more.fetcher,
    });
    // The request of an event. `length` is -1 without a body, -2 for one of unknown length.
    incomingRequest = (id, method, url, headers, length) => {
      const request = new Request(MAKE);
      request.#method = method;
      request.#url = url;
      request.#headers = headers;
      request.#redirect = "manual";
      if (length !== -1) setSource(request, new Incoming(id, length));
      return request;
    };
  }
}
shape(Request);

// Takes away what a compatibility flag takes away.
export function configure() {
  if (!flag("cache_option_enabled")) delete Request.prototype.cache;
}
