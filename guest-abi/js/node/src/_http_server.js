// node:_http_server.
import { Server, ServerResponse, STATUS_CODES, storeHTTPOptions } from "internal:node/http";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

const missing = (name, length) => Object.defineProperty({ [name]() { throw ERR_METHOD_NOT_IMPLEMENTED(name); } }[name], "length", { value: length });
export const _connectionListener = missing("_connectionListener", 0), httpServerPreClose = missing("httpServerPreClose", 1), setupConnectionsTracking = missing("setupConnectionsTracking", 0);
export const kConnectionsCheckingInterval = Symbol("http.server.connectionsCheckingInterval"), kServerResponse = Symbol("ServerResponse");
export { Server, ServerResponse, STATUS_CODES, storeHTTPOptions };
export default { STATUS_CODES, Server, ServerResponse, _connectionListener, httpServerPreClose, kConnectionsCheckingInterval, kServerResponse, setupConnectionsTracking, storeHTTPOptions };
