// node:readline: there is nothing to read a line from.
import { Interface, clearLine, clearScreenDown, createInterface, cursorTo, moveCursor } from "internal:node/readline";
import * as promises from "node:readline/promises";

export function emitKeypressEvents() {}
export { Interface, clearLine, clearScreenDown, createInterface, cursorTo, moveCursor, promises };
export default { clearLine, clearScreenDown, createInterface, cursorTo, emitKeypressEvents, moveCursor, Interface, promises };
