// What the rooms of fetch() give to others: Headers, Request, Response and their bodies.
import native from "internal:native";
import { flag } from "internal:errors";
import { Headers } from "internal:headers";
import { Body, Incoming } from "internal:body";
import { Request, configure as configureRequest, newRequest, PLAIN as plainRequest } from "internal:request";
import { Response, newResponse, json, PLAIN as plainResponse } from "internal:response";

export { Headers, Body, Request, Response };
export { bodyHooks, readAll, chunkBytes, takeSource, Incoming } from "internal:body";
export { requestParts } from "internal:request";
export { responseParts, responseOf } from "internal:response";

// What Rust makes of the classes needs the rest of them.
native.finishParts({
  Response,
  request: Request.prototype,
  response: Response.prototype,
  newRequest,
  newResponse,
  plainRequest,
  plainResponse,
  json,
  incoming: (id, length) => new Incoming(id, length),
  fetched: (statusText, url, redirected) => ({ ...plainResponse, statusText, url, redirected }),
});

// The list of fields that a Headers is.
export const listOf = (headers) => headers;

// A list of fields as a Headers, which nobody may change if `guard` is true.
export function headersOf(list, guard) {
  if (guard) native.headersFreeze(list);
  return list;
}

export function configure() {
  configureRequest();
  if (!flag("http_headers_getsetcookie")) delete Headers.prototype.getSetCookie;
}

export const globals = { Headers, Body, Request, Response };
