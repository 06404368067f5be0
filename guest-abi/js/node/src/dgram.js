// node:dgram: there are no datagrams, so that sockets can be made and hear nothing.
import { EventEmitter } from "node:events";
import { validateFunction, validateObject } from "internal:node/errors";

export function Socket(type, callback) {
  EventEmitter.call(this);
  validateObject(typeof type === "string" ? { type } : type, "type");
  if (callback !== undefined) validateFunction(callback, "callback");
  return this;
}
Object.setPrototypeOf(Socket.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

export function createSocket(type, callback) {
  return new Socket(type, callback);
}

// Methods by how many parameters they have, in this order, and what each gives.
const itself = (socket) => socket, nothing = () => {}, zero = () => 0, empty = () => ({});
const METHODS = [
  ["bind", 3, itself], ["connect", 3, nothing], ["disconnect", 0, nothing], ["sendto", 6, nothing], ["send", 6, nothing], ["close", 1, itself],
  [Symbol.asyncDispose, 0, async () => {}],
  ["address", 0, empty], ["remoteAddress", 0, empty], ["setBroadcast", 1, nothing], ["setTTL", 1, nothing], ["setMulticastTTL", 1, nothing],
  ["setMulticastLoopback", 1, nothing], ["setMulticastInterface", 1, nothing], ["addMembership", 2, nothing], ["dropMembership", 2, nothing],
  ["addSourceSpecificMembership", 3, nothing], ["dropSourceSpecificMembership", 3, nothing], ["ref", 0, itself], ["unref", 0, itself],
  ["setRecvBufferSize", 1, nothing], ["setSendBufferSize", 1, nothing], ["getRecvBufferSize", 0, zero], ["getSendBufferSize", 0, zero],
  ["getSendQueueSize", 0, zero], ["getSendQueueCount", 0, zero],
];
for (const [name, length, give] of METHODS) {
  const method = function () {
    return give(this);
  };
  Object.defineProperty(method, "length", { value: length });
  Object.defineProperty(method, "name", { value: "" });
  Socket.prototype[name] = method;
}

export default { createSocket, Socket };
