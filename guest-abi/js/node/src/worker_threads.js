// node:worker_threads: there is one thread, the main one.
import { EventEmitter } from "node:events";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

const { MessageChannel, MessagePort } = globalThis;
export { MessageChannel, MessagePort };
export class BroadcastChannel {
  constructor() {
    throw ERR_METHOD_NOT_IMPLEMENTED("BroadcastChannel");
  }
}
const refuse = (name) => {
  throw ERR_METHOD_NOT_IMPLEMENTED(name);
};
export class Worker extends EventEmitter {
  constructor() {
    super();
    refuse("Worker");
  }
  cpuUsage() {
    refuse("Worker.cpuUsage");
  }
  getHeapSnapshot() {
    refuse("Worker.getHeapSnapshot");
  }
  getHeapStatistics() {
    refuse("Worker.getHeapStatistics");
  }
  postMessage() {}
  postMessageToThread() {
    refuse("Worker.postMessageToThread");
  }
  ref() {}
  startCpuProfile() {
    refuse("Worker.startCpuProfile");
  }
  startHeapProfile() {
    refuse("Worker.startHeapProfile");
  }
  terminate() {
    refuse("Worker.terminate");
  }
  unref() {}
  async [Symbol.asyncDispose]() {
    refuse("Worker.[Symbol.asyncDispose]");
  }
}
export const SHARE_ENV = Symbol.for("nodejs.worker_threads.SHARE_ENV");
export const isInternalThread = false, isMainThread = true, parentPort = null, resourceLimits = {}, threadId = 0, workerData = null;
const environment = new Map();
export function getEnvironmentData(key) {
  return environment.get(key);
}
export function setEnvironmentData(key, value) {
  if (value === undefined) environment.delete(key);
  else environment.set(key, value);
}
export function isMarkedAsUntransferable(object) {
  return false;
}
export function markAsUncloneable(object) {}
export function markAsUntransferable(object) {}
export function moveMessagePortToContext(port, context) {
  return new MessagePort();
}
export function postMessageToThread(threadId, value, transferList, timeout) {
  refuse("postMessageToThread");
}
export function receiveMessageOnPort(port) {
  return undefined;
}
export default { BroadcastChannel, MessageChannel, MessagePort, Worker, SHARE_ENV, getEnvironmentData, isMainThread, isMarkedAsUntransferable, markAsUntransferable, markAsUncloneable, moveMessagePortToContext, parentPort, receiveMessageOnPort, resourceLimits, setEnvironmentData, postMessageToThread, threadId, workerData, isInternalThread };
