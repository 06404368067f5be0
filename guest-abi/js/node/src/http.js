// node:http. See internal:node/http.
import { Agent, ClientRequest, createServer, get, globalAgent, IncomingMessage, METHODS, OutgoingMessage, request, Server, ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from "internal:node/http";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

const { CloseEvent, MessageEvent, WebSocket } = globalThis;
export function _connectionListener() {
  throw ERR_METHOD_NOT_IMPLEMENTED("_connectionListener");
}
export function setMaxIdleHTTPParsers(max) {}
export const maxHeaderSize = 16384;
export { Agent, ClientRequest, CloseEvent, createServer, get, globalAgent, IncomingMessage, MessageEvent, METHODS, OutgoingMessage, request, Server, ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue, WebSocket };
export default {
  validateHeaderName, validateHeaderValue, METHODS, STATUS_CODES, ClientRequest, request, get, OutgoingMessage, Agent, globalAgent, IncomingMessage,
  Server, ServerResponse, createServer, maxHeaderSize, setMaxIdleHTTPParsers, _connectionListener, WebSocket, CloseEvent, MessageEvent,
};
