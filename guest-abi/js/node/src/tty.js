// node:tty: no stream is a terminal.
import { Socket } from "node:net";

function called(callback) {
  if (typeof callback === "function") callback();
  return false;
}
export function isatty(fd) {
  return false;
}
export function ReadStream(fd) {
  this.fd = fd;
  this.isRaw = false;
  this.isTTY = false;
}
Object.setPrototypeOf(ReadStream.prototype, Socket.prototype);
Object.setPrototypeOf(ReadStream, Socket);
ReadStream.prototype.setRawMode = function setRawMode(flag) {
  return this;
};
export function WriteStream(fd) {
  this.fd = fd;
  this.columns = 0;
  this.rows = 0;
}
Object.setPrototypeOf(WriteStream.prototype, Socket.prototype);
Object.setPrototypeOf(WriteStream, Socket);
Object.assign(WriteStream.prototype, {
  isTTY: true,
  getColorDepth() {
    return 8;
  },
  hasColors() {
    return false;
  },
  _refreshSize() {},
  cursorTo(x, y, callback) {
    return called(typeof y === "function" ? y : callback);
  },
  moveCursor(dx, dy, callback) {
    return called(callback);
  },
  clearLine(direction, callback) {
    return called(callback);
  },
  clearScreenDown(callback) {
    return called(callback);
  },
  getWindowSize() {
    return [this.columns, this.rows];
  },
});
export default { isatty, ReadStream, WriteStream };
