// node:inspector: there is none to attach to.
import { EventEmitter } from "node:events";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export function close() {}
const noop = () => {};
export const console = Object.fromEntries(
  ["debug", "error", "info", "log", "warn", "dir", "dirxml", "table", "trace", "group", "groupCollapsed", "groupEnd", "clear", "count", "countReset", "assert", "profile", "profileEnd", "time", "timeLog", "timeStamp"].map((name) => [name, noop]),
);
export function open(_port, _host, _wait) {
  return { [Symbol.dispose]: () => Promise.resolve() };
}
export function url() {
  return undefined;
}
export function waitForDebugger() {}

export class Session extends EventEmitter {
  constructor() {
    super();
    throw ERR_METHOD_NOT_IMPLEMENTED("Session");
  }
  connect() {
    throw ERR_METHOD_NOT_IMPLEMENTED("Session.connect");
  }
  connectToMainThread() {
    throw ERR_METHOD_NOT_IMPLEMENTED("Session.connectToMainThread");
  }
  disconnect() {
    throw ERR_METHOD_NOT_IMPLEMENTED("Session.disconnect");
  }
  post(_method, _params, _callback) {
    throw ERR_METHOD_NOT_IMPLEMENTED("Session.post");
  }
}
Object.defineProperty(Session, "name", { value: "StubSession", configurable: true });

const refused = (name) => ({ [name](_params) { throw ERR_METHOD_NOT_IMPLEMENTED(`Network.${name}`); } })[name];
export const Network = Object.fromEntries(
  ["requestWillBeSent", "dataReceived", "dataSent", "responseReceived", "loadingFinished", "loadingFailed", "webSocketCreated", "webSocketHandshakeResponseReceived", "webSocketClosed"].map((name) => [name, refused(name)]),
);

export default { Session, close, console, open, url, waitForDebugger, Network };
