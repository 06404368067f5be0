// node:http2: constants; the rest is not there.
import { Buffer } from "node:buffer";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";
import table from "./http2.json";

export const constants = { ...table };
const missing = (name) => ({ [name]() { throw ERR_METHOD_NOT_IMPLEMENTED(`http2.${name}`); } })[name];
export const connect = missing("connect"), createServer = missing("createServer"), createSecureServer = missing("createSecureServer"), performServerHandshake = missing("performServerHandshake");
const lost = (name) => function () { throw ERR_METHOD_NOT_IMPLEMENTED(`http2.${name}`); };
export const Http2ServerRequest = lost("Http2ServerRequest"), Http2ServerResponse = lost("Http2ServerResponse");
for (const type of [Http2ServerRequest, Http2ServerResponse]) Object.defineProperty(type, "name", { value: "" });
export function getDefaultSettings() {
  return {};
}
export function getPackedSettings() {
  return Buffer.alloc(0);
}
export function getUnpackedSettings() {
  return {};
}
export const sensitiveHeaders = Symbol("nodejs.http2.sensitiveHeaders");
export default {
  constants, createSecureServer, createServer, Http2ServerRequest, Http2ServerResponse, connect, getDefaultSettings, getPackedSettings,
  getUnpackedSettings, performServerHandshake, sensitiveHeaders,
};
