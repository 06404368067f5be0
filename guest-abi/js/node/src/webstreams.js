// Node's streams from the web's and back.
import { Buffer } from "node:buffer";

export function addWebStreams(Readable, Writable, Duplex) {
  Readable.fromWeb = function fromWeb(stream, options = {}) {
    const reader = stream.getReader();
    let closed = false;
    const readable = new Readable({
      objectMode: options.objectMode,
      highWaterMark: options.highWaterMark,
      encoding: options.encoding,
      signal: options.signal,
      read() {
        reader.read().then(
          ({ done, value }) => {
            if (done) readable.push(null);
            else readable.push(readable.readableObjectMode || typeof value === "string" ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength));
          },
          (error) => readable.destroy(error),
        );
      },
      destroy(error, callback) {
        const done = () => callback(error);
        if (closed) return done();
        reader.cancel(error).then(done, done);
      },
    });
    reader.closed.then(() => (closed = true), (error) => {
      closed = true;
      readable.destroy(error);
    });
    return readable;
  };
  Readable.toWeb = function toWeb(readable, options = {}) {
    let controller;
    const onData = (chunk) => {
      controller.enqueue(!readable.readableObjectMode && Buffer.isBuffer(chunk) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : chunk);
      if (controller.desiredSize <= 0) readable.pause();
    };
    return new ReadableStream({
      start(given) {
        controller = given;
        readable.pause();
        readable.on("data", onData);
        let ended = false;
        readable.on("end", () => {
          ended = true;
          controller.close();
        });
        readable.on("error", (error) => controller.error(error));
        readable.on("close", () => {
          if (!ended && !readable.errored) controller.error(Object.assign(new Error("The operation was aborted"), { name: "AbortError", code: "ABORT_ERR" }));
        });
        readable.pause();
      },
      pull() {
        readable.resume();
      },
      cancel(reason) {
        readable.destroy(reason);
      },
    }, options.strategy);
  };
  Writable.fromWeb = function fromWeb(stream, options = {}) {
    const writer = stream.getWriter();
    return new Writable({
      objectMode: options.objectMode,
      highWaterMark: options.highWaterMark,
      decodeStrings: options.decodeStrings,
      signal: options.signal,
      write(chunk, encoding, callback) {
        writer.ready.then(() => writer.write(chunk)).then(() => callback(), callback);
      },
      final(callback) {
        writer.close().then(() => callback(), callback);
      },
      destroy(error, callback) {
        const done = () => callback(error);
        if (error) writer.abort(error).then(done, done);
        else done();
      },
    });
  };
  Writable.toWeb = function toWeb(writable) {
    // What waits until the stream has room again.
    let waits;
    return new WritableStream({
      start(controller) {
        writable.on("drain", () => waits?.resolve());
        writable.on("error", (error) => {
          waits?.reject(error);
          controller.error(error);
        });
      },
      async write(chunk) {
        if (!writable.writableNeedDrain && writable.write(chunk)) return;
        waits = Promise.withResolvers();
        try {
          await waits.promise;
        } finally {
          waits = undefined;
        }
      },
      close() {
        return new Promise((resolve) => writable.end(resolve));
      },
      abort(reason) {
        writable.destroy(reason);
      },
    });
  };
  Duplex.fromWeb = function fromWeb(pair, options = {}) {
    return Duplex.from({ readable: Readable.fromWeb(pair.readable, options), writable: Writable.fromWeb(pair.writable, options) });
  };
  Duplex.toWeb = function toWeb(duplex) {
    return { readable: Readable.toWeb(duplex), writable: Writable.toWeb(duplex) };
  };
  for (const named of [Readable.fromWeb, Readable.toWeb, Writable.fromWeb, Duplex.fromWeb]) Object.defineProperty(named, "length", { value: 2 });
}
