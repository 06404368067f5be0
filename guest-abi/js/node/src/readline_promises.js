// node:readline/promises.
import { Interface as Lines } from "internal:node/readline";

export class Interface extends Lines {
  async question() {
    return "";
  }
}
export function createInterface() {
  return new Interface();
}
export class Readline {
  clearLine() {
    return this;
  }
  clearScreenDown() {
    return this;
  }
  cursorTo() {
    return this;
  }
  moveCursor() {
    return this;
  }
  async commit() {}
  rollback() {
    return this;
  }
}
export default { Interface, Readline, createInterface };
