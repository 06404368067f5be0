// What node:http and its siblings share: messages, a client over fetch(), a server behind the
// Worker's own handler. Sockets are not there; what Node does with them does nothing here.
export { _checkInvalidHeaderChar, _checkIsHttpToken, IncomingMessage, kHighWaterMark, kUniqueHeaders, METHODS, OutgoingMessage, parseUniqueHeadersOption, STATUS_CODES, validateHeaderName, validateHeaderValue } from "./http/messages.js";
export { Agent, ClientRequest, get, globalAgent, optionsOfUrl, request } from "./http/client.js";
export { createServer, handleAsNodeRequest, portOf, Server, ServerResponse, storeHTTPOptions } from "./http/server.js";
