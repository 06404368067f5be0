// node:cluster: there is one process.
import { EventEmitter } from "node:events";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export class Worker extends EventEmitter {
  _connected = false;
  id = 0;
  get process() {
    return globalThis.process;
  }
  get exitedAfterDisconnect() {
    return this._connected === undefined ? undefined : false;
  }
  isConnected() {
    return false;
  }
  isDead() {
    return true;
  }
  send(message, handle, options, callback) {
    return false;
  }
  kill(signal) {
    this._connected = false;
  }
  destroy(signal) {
    this._connected = false;
  }
  disconnect() {
    this._connected = false;
    return this;
  }
}
Object.defineProperty(Worker, "length", { value: 1 });
export class Cluster extends EventEmitter {
  isMaster = true;
  isPrimary = true;
  isWorker = false;
  schedulingPolicy = 2;
  settings = {};
  workers = {};
  SCHED_NONE = 1;
  SCHED_RR = 2;
  Worker = Worker;
  setupPrimary() {
    throw ERR_METHOD_NOT_IMPLEMENTED("cluster.setupPrimary");
  }
  setupMaster() {
    throw ERR_METHOD_NOT_IMPLEMENTED("cluster.setupWorker");
  }
  fork() {
    throw ERR_METHOD_NOT_IMPLEMENTED("cluster.fork");
  }
  disconnect() {
    throw ERR_METHOD_NOT_IMPLEMENTED("cluster.disconnect");
  }
}
const cluster = new Cluster();
cluster.domain ??= null;
export const { isMaster, isPrimary, isWorker, schedulingPolicy, settings, workers, SCHED_NONE, SCHED_RR, setupPrimary, setupMaster, fork, disconnect, _events, _eventsCount, _maxListeners } = cluster;
export default cluster;
