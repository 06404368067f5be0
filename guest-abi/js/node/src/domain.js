// node:domain: a domain runs what it is given, and catches nothing.
import { EventEmitter } from "node:events";

export class Domain extends EventEmitter {
  members = undefined;
  _errorHandler() {}
  add() {}
  remove() {}
  enter() {}
  exit() {}
  run(fn, ...args) {
    return fn.apply(this, args);
  }
  bind(callback) {
    return callback;
  }
  intercept(callback) {
    return callback;
  }
}
export function createDomain() {
  return new Domain();
}
export const create = new Domain(), active = null;
export default { Domain, active, createDomain, create };
