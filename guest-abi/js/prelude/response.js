// Response (spec: SEMANTICS §20). Its parts are in slots (src/parts.rs), where a response of a
// string is made without anything here.
import { integer } from "internal:arguments";
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { mixin } from "internal:shape";
import { platform, scalar, wrongField, wrongConstructorParameter, wrongParameter } from "internal:platform";
import { MORE, STATUS, HEADERS, TYPE, SOURCE, Body, extract, fieldsOf, impliedType, cloneSource, setSource, plainCopy, isDictionary } from "internal:body";
import { Headers } from "internal:headers";

const { headersNew, headersClone, headersFreeze, headersSet, urlHref, text, responseSlot, setSlot, isPart } = native;
const { stringify } = JSON;
const DICTIONARY = "InitializerDict";
const RANGE = "Responses may only be constructed with status codes in the range 200 to 599, inclusive.";
const CONTROL = /[\0-\x1f]/;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// What is not asked for often; a response that has none of it has this.
export const PLAIN = { statusText: "", url: "", redirected: false, webSocket: null, cf: undefined, encodeBody: "automatic", type: "default" };

// Whether something is a WebSocket is told by their module, which comes later.
let isWebSocket;
export function useWebSockets(test) {
  isWebSocket = test;
}

export const Response = native.responseClass;
Object.setPrototypeOf(Response, Function.prototype);
Object.setPrototypeOf(Response.prototype, Body.prototype);

// What `new Response` does with arguments that are not made of at once; behind them, what of `init` was read already, its
// fields as `Headers`.
export function newResponse(response, body, init, status, statusText, headers, cf, webSocket, encodeBody) {
  if (body !== null && body !== undefined) {
    setSource(response, extract(body));
    setSlot(response, TYPE, impliedType);
  }
  if (init === undefined || init === null) return;
  if (!isDictionary(init)) throw wrongConstructorParameter("Response", 2, "InitializerDict or Response");
  const isCopy = isPart(init, 1);
  const isRead = arguments.length > 3;
  initialize(response, body, isCopy || isRead, isRead ? { status, statusText, headers, cf, webSocket, encodeBody } : isCopy ? partsOf(init) : init);
}

function initialize(response, body, hasHeaders, { status, statusText, headers, cf, webSocket, encodeBody }) {
  if (headers !== undefined && !isDictionary(headers)) {
    throw wrongField("headers", DICTIONARY, "Headers or Sequence or object");
  }
  let more = null;
  if (cf !== undefined) (more ??= { ...PLAIN }).cf = plainCopy(cf, "cf", DICTIONARY);
  if (webSocket !== undefined && webSocket !== null) {
    if (!isWebSocket(webSocket)) {
      throw wrongField("webSocket", DICTIONARY, "WebSocket");
    }
    (more ??= { ...PLAIN }).webSocket = webSocket;
  }
  if (encodeBody !== undefined) {
    const coding = text(encodeBody);
    if (coding !== "manual" && coding !== "automatic") throw new TypeError(`encodeBody: unexpected value: ${coding}`);
    if (coding === "manual") (more ??= { ...PLAIN }).encodeBody = coding;
  }
  if (headers !== undefined) setSlot(response, HEADERS, hasHeaders ? headers : new Headers(headers));
  if (status !== undefined) {
    const number = integer(status);
    if (more !== null && more.webSocket !== null) {
      if (number !== 101) throw new RangeError("Responses with a WebSocket must have status code 101.");
    } else if (number < 200 || number > 599) {
      throw new RangeError(RANGE);
    }
    setSlot(response, STATUS, number);
    if (body !== undefined && body !== null && (number === 204 || number === 205 || number === 304 || number === 101)) {
      noBody(response, statusText);
    }
  } else if (more !== null && more.webSocket !== null) {
    throw new RangeError("Responses with a WebSocket must have status code 101.");
  }
  if (statusText !== undefined) (more ??= { ...PLAIN }).statusText = checkText(text(statusText));
  if (more !== null) setSlot(response, MORE, more);
}

// A response as what another one is made with.
function partsOf(response) {
  const { statusText, cf, webSocket, encodeBody } = more(response);
  return { status: responseSlot(response, STATUS), statusText, headers: fieldsOf(response), cf, webSocket, encodeBody };
}

// Where a body is not allowed, an empty one is none.
function noBody(response, statusText) {
  if (statusText !== undefined) checkText(text(statusText));
  const source = responseSlot(response, SOURCE);
  if (source !== "" && source.byteLength !== 0) {
    throw new TypeError("Response with null body status (101, 204, 205, or 304) cannot have a body.");
  }
  setSource(response, null);
  setSlot(response, TYPE, null);
}

const more = (response) => responseSlot(response, MORE);

mixin(Response.prototype, {
  clone() {
    const parts = more(this);
    if (parts.webSocket !== null) {
      throw new TypeError("Cannot clone a response to a WebSocket handshake.");
    }
    const source = cloneSource(this);
    const copy = new Response();
    setSource(copy, source);
    setSlot(copy, STATUS, responseSlot(this, STATUS));
    const headers = responseSlot(this, HEADERS);
    if (headers !== null) setSlot(copy, HEADERS, headersClone(headers, true));
    setSlot(copy, TYPE, responseSlot(this, TYPE));
    if (parts !== PLAIN) {
      const cf = parts.cf;
      setSlot(copy, MORE, { ...parts, cf: cf === undefined ? cf : plainCopy(cf) });
    }
    return copy;
  },
  // The places of `status` and `headers`, which are made in Rust.
  get status() {},
  get statusText() {
    return more(this).statusText;
  },
  get headers() {},
  get ok() {
    const status = responseSlot(this, STATUS);
    return status >= 200 && status <= 299;
  },
  get redirected() {
    return more(this).redirected;
  },
  get url() {
    return more(this).url;
  },
  get webSocket() {
    return more(this).webSocket;
  },
  get cf() {
    return more(this).cf;
  },
  get type() {
    return more(this).type;
  },
});

mixin(Response, {
  error() {
    const response = new Response();
    setSlot(response, STATUS, 0);
    setSlot(response, MORE, { ...PLAIN, type: "error" });
    return response;
  },
  redirect(url, status = 302) {
    if (arguments.length === 0) throw wrongParameter("redirect", "Response", 1, "string");
    const href = urlHref(url);
    const number = integer(status);
    if (!REDIRECTS.has(number)) {
      throw new RangeError(`${number} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.`);
    }
    if (href === null) throw new TypeError(`Unable to parse URL: ${scalar(url)}`);
    if (scope.global) insideHandler();
    const response = new Response();
    setSlot(response, STATUS, number);
    const headers = headersNew();
    headersSet(headers, "location", href);
    headersFreeze(headers);
    setSlot(response, HEADERS, headers);
    return response;
  },
  json() {},
});

// Response.json() where that is not done in Rust.
export function json(data, init = undefined) {
  if (arguments.length === 0) throw wrongParameter("json", "Response", 1, "Value");
  if (init !== undefined && init !== null && !isDictionary(init)) {
    throw wrongParameter("json", "Response", 2, "InitializerDict or Response");
  }
  const response = new Response(stringify(data) ?? "undefined", init);
  setSlot(response, TYPE, "application/json");
  return response;
}

// What the host is told of a response; null for what is none.
export function responseParts(response) {
  if (!isPart(response, 1)) return null;
  const { webSocket, encodeBody, cf, statusText } = more(response);
  return [responseSlot(response, STATUS), responseSlot(response, HEADERS), responseSlot(response, TYPE), webSocket, encodeBody, cf, statusText];
}

// A response of another server or Worker.
export function responseOf(status, statusText, headers, source, url, redirected, webSocket = null) {
  const response = new Response();
  setSource(response, source);
  setSlot(response, STATUS, status);
  if (headers !== null) {
    headersFreeze(headers);
    setSlot(response, HEADERS, headers);
  }
  setSlot(response, MORE, { ...PLAIN, statusText, url, redirected, webSocket });
  return response;
}
platform(Response);

function checkText(statusText) {
  if (CONTROL.test(statusText)) throw new TypeError("Invalid statusText");
  return statusText;
}
