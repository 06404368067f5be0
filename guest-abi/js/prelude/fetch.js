// What the rooms of fetch() give to others: Headers, Request, Response and their bodies.
import native from "internal:native";
import { flag } from "internal:errors";
import { Headers } from "internal:headers";
import { Body } from "internal:body";
import { Request, configure as configureRequest } from "internal:request";
import { Response } from "internal:response";

export { Headers, Body, Request, Response };
export { bodyHooks, takeSource, Incoming } from "internal:body";
export { requestParts, incomingRequest } from "internal:request";
export { responseParts, responseOf } from "internal:response";

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
