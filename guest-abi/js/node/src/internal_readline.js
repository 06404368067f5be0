// What node:readline and node:readline/promises share: an interface that never reads a line.
import { EventEmitterAsyncResource } from "node:events";

export class Interface extends EventEmitterAsyncResource {
  terminal = false;
  line = "";
  cursor = 0;
  constructor() {
    super({ name: "Interface" });
  }
  getPrompt() {
    return "";
  }
  setPrompt() {}
  prompt() {}
  question() {}
  resume() {
    return this;
  }
  pause() {
    return this;
  }
  write() {}
  getCursorPos() {
    return { rows: 0, cols: 0 };
  }
  close() {}
  async *[Symbol.asyncIterator]() {
    yield "";
  }
  [Symbol.dispose]() {}
  async [Symbol.asyncDispose]() {}
}
export function createInterface() {
  return new Interface();
}
export function clearLine() {
  return false;
}
export function clearScreenDown() {
  return false;
}
export function cursorTo() {
  return false;
}
export function moveCursor() {
  return false;
}
