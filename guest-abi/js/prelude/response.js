// Response (spec: SEMANTICS §20).
import native from "internal:native";
import { shape, illegal, wrongArgument } from "internal:shape";
import { MAKE, Body, extract, impliedType, cloneSource, setSource, plainCopy, wrongField, isDictionary } from "internal:body";
import { Headers } from "internal:headers";

const { headersNew, headersClone, headersFreeze, headersHas, headersSet, urlHref, text } = native;
const { stringify } = JSON;
const DICTIONARY = "InitializerDict";
const RANGE = "Responses may only be constructed with status codes in the range 200 to 599, inclusive.";
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// What is not asked for often; a response that has none of it has no object for it.
const PLAIN = { statusText: "", url: "", redirected: false, webSocket: null, cf: undefined, encodeBody: "automatic", type: "default" };

export let responseParts, responseOf;

export class Response extends Body {
  #status = 200;
  #headers = null;
  // The content type that the body implies, until it is among the headers.
  #type = null;
  #more = PLAIN;

  constructor(body = undefined, init = undefined) {
    if (body === null || body === undefined) super(MAKE, null);
    else {
      super(MAKE, extract(body));
      this.#type = impliedType;
    }
    if (init === undefined || init === null) return;
    if (!isDictionary(init)) throw wrongArgument("Response", null, 2, "InitializerDict or Response");
    this.#init(init, body);
  }

  #init(init, body) {
    const { status, statusText, headers, cf, webSocket, encodeBody } = init;
    if (headers !== undefined && !isDictionary(headers)) {
      throw wrongField("headers", DICTIONARY, "Headers or Sequence or object");
    }
    let more = null;
    if (cf !== undefined) (more ??= { ...PLAIN }).cf = plainCopy(cf, "cf", DICTIONARY);
    if (webSocket !== undefined && webSocket !== null) {
      if (typeof webSocket !== "object" || typeof webSocket.accept !== "function") {
        throw wrongField("webSocket", DICTIONARY, "WebSocket");
      }
      (more ??= { ...PLAIN }).webSocket = webSocket;
    }
    if (encodeBody !== undefined) {
      const coding = text(encodeBody);
      if (coding !== "manual" && coding !== "automatic") throw new TypeError(`encodeBody: unexpected value: ${coding}`);
      if (coding === "manual") (more ??= { ...PLAIN }).encodeBody = coding;
    }
    if (headers !== undefined) this.#headers = new Headers(headers);
    if (status !== undefined) {
      const number = status | 0;
      if (more !== null && more.webSocket !== null) {
        if (number !== 101) throw new RangeError("Responses with a WebSocket must have status code 101.");
      } else if (number < 200 || number > 599) {
        throw new RangeError(RANGE);
      }
      this.#status = number;
      if (body !== undefined && body !== null && (number === 204 || number === 205 || number === 304 || number === 101)) {
        this.#noBody(body, statusText);
      }
    } else if (more !== null && more.webSocket !== null) {
      throw new RangeError("Responses with a WebSocket must have status code 101.");
    }
    if (statusText !== undefined) (more ??= { ...PLAIN }).statusText = checkText(text(statusText));
    if (more !== null) this.#more = more;
  }

  // Where a body is not allowed, an empty one is none.
  #noBody(body, statusText) {
    if (statusText !== undefined) checkText(text(statusText));
    if (body !== "" && body.byteLength !== 0) {
      throw new TypeError("Response with null body status (101, 204, 205, or 304) cannot have a body.");
    }
    setSource(this, null);
    this.#type = null;
  }

  clone() {
    if (!(#status in this)) illegal();
    if (this.#more.webSocket !== null) {
      throw new TypeError("Cannot clone a response to a WebSocket handshake.");
    }
    const source = cloneSource(this);
    const copy = new Response();
    setSource(copy, source);
    copy.#status = this.#status;
    if (this.#headers !== null) copy.#headers = headersClone(this.#headers, true);
    copy.#type = this.#type;
    if (this.#more !== PLAIN) {
      const cf = this.#more.cf;
      copy.#more = { ...this.#more, cf: cf === undefined ? cf : plainCopy(cf) };
    }
    return copy;
  }
  get status() {
    if (!(#status in this)) illegal();
    return this.#status;
  }
  get statusText() {
    if (!(#status in this)) illegal();
    return this.#more.statusText;
  }
  get headers() {
    if (!(#status in this)) illegal();
    const headers = (this.#headers ??= headersNew());
    if (this.#type !== null) {
      if (!headersHas(headers, "content-type")) headersSet(headers, "content-type", this.#type);
      this.#type = null;
    }
    return headers;
  }
  get ok() {
    if (!(#status in this)) illegal();
    return this.#status >= 200 && this.#status <= 299;
  }
  get redirected() {
    if (!(#status in this)) illegal();
    return this.#more.redirected;
  }
  get url() {
    if (!(#status in this)) illegal();
    return this.#more.url;
  }
  get webSocket() {
    if (!(#status in this)) illegal();
    return this.#more.webSocket;
  }
  get cf() {
    if (!(#status in this)) illegal();
    return this.#more.cf;
  }
  get type() {
    if (!(#status in this)) illegal();
    return this.#more.type;
  }

  static error() {
    const response = new Response();
    response.#status = 0;
    response.#more = { ...PLAIN, type: "error" };
    return response;
  }
  static redirect(url, status = 302) {
    if (arguments.length === 0) throw wrongArgument("Response", "redirect", 1, "string");
    const number = status | 0;
    if (!REDIRECTS.has(number)) {
      throw new RangeError(`${number} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.`);
    }
    const href = urlHref(url);
    if (href === null) throw new TypeError(`Unable to parse URL: ${url}`);
    const response = new Response();
    response.#status = number;
    const headers = headersNew();
    headersSet(headers, "location", href);
    headersFreeze(headers);
    response.#headers = headers;
    return response;
  }
  static json(data, init = undefined) {
    if (arguments.length === 0) throw wrongArgument("Response", "json", 1, "Value");
    if (init !== undefined && init !== null && !isDictionary(init)) {
      throw wrongArgument("Response", "json", 2, "InitializerDict or Response");
    }
    const response = new Response(stringify(data) ?? "undefined", init);
    response.#type = "application/json";
    return response;
  }

  static {
    // What the host is told of a response; null for what is none.
    responseParts = (response) =>
      #status in response
        ? [response.#status, response.#headers, response.#type, response.#more.webSocket, response.#more.encodeBody]
        : null;
    // A response of another server or Worker.
    responseOf = (status, statusText, headers, source, url, redirected) => {
      const response = new Response();
      setSource(response, source);
      response.#status = status;
      if (headers !== null) {
        headersFreeze(headers);
        response.#headers = headers;
      }
      response.#more = { ...PLAIN, statusText, url, redirected };
      return response;
    };
  }
}
shape(Response);

function checkText(statusText) {
  for (let at = 0; at < statusText.length; at++) {
    if (statusText.charCodeAt(at) < 32) throw new TypeError("Invalid statusText");
  }
  return statusText;
}
