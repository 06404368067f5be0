// process.stdin, which is empty, and process.stdout and stderr, whose lines are logged.
import { Readable, Writable } from "node:stream";

class SyncWriteStream extends Writable {
  #rest = "";
  #log;
  constructor(fd, log) {
    super({ autoDestroy: true, decodeStrings: false });
    this.fd = fd;
    this.readable = false;
    this._type = "fs";
    this._isStdio = true;
    this.#log = log;
  }
  _write(chunk, encoding, callback) {
    const lines = (this.#rest + (typeof chunk === "string" ? chunk : chunk.toString())).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) this.#log(line);
    callback();
  }
  _destroy(error, callback) {
    callback(error);
  }
}

class ReadStream extends Readable {
  constructor() {
    super({ autoDestroy: false });
    this.fd = 0;
  }
  _read() {
    this.push(null);
  }
}

const { log, warn } = console;
export default { stdin: new ReadStream(), stdout: new SyncWriteStream(1, log), stderr: new SyncWriteStream(2, warn) };
