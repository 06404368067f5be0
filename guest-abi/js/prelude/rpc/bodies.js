// Streams, and what has one for a body, on their way to another Worker. A stream stays where it is;
// the other side asks for a part after the other.
import native from "internal:native";
import { DOMException } from "internal:errors";
import { Headers, Request, Response, requestParts, responseParts, takeSource } from "internal:fetch";
import { ReadableStream, WritableStream, bodyPart, isDisturbed, isLocked, isStream, readerOf } from "internal:streams";
import { isLockedSink, isSink, writerOf } from "internal:streams/writable";
import { RpcTarget } from "internal:rpc/stubs";
import { sendable } from "internal:rpc/values";

const { headersItems, isPart, utf8 } = native;
const PART = 65536;
const EMPTY = new Uint8Array(0);
const NOT_BYTES =
  "This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side.";

// A stream that is read from over there: read() gives a part, or null at its end.
class Source extends RpcTarget {
  #reader;
  #rest = EMPTY;
  constructor(stream) {
    super();
    if (isLocked(stream)) throw new TypeError("The ReadableStream has been locked to a reader.");
    if (isDisturbed(stream)) throw new TypeError("This ReadableStream is disturbed.");
    this.#reader = readerOf(stream);
  }
  async read() {
    while (this.#rest.byteLength === 0) {
      const { done, value } = await this.#reader.read();
      if (done) {
        this.#reader = null;
        return null;
      }
      this.#rest = typeof value === "string" ? utf8(value) : bodyPart(value);
    }
    const part = this.#rest.slice(0, PART);
    this.#rest = this.#rest.subarray(part.byteLength);
    return part;
  }
  [Symbol.dispose]() {
    this.#reader?.cancel(new Error("ReadableStream sent over RPC was canceled or released by the remote execution context.")).catch(() => {});
  }
}

// The same bytes in a buffer that has no others.
const alone = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());

// A stream that is written to over there.
class Sink extends RpcTarget {
  #writer;
  constructor(stream) {
    super();
    if (isLockedSink(stream)) throw new TypeError("This WritableStream is currently locked to a writer.");
    this.#writer = writerOf(stream);
  }
  write(part) {
    return this.#writer.write(alone(part).buffer);
  }
  async close() {
    await this.#writer.close();
    this.#writer = null;
  }
  [Symbol.dispose]() {
    this.#writer?.abort(new Error("WritableStream received over RPC was disconnected because the remote execution context has ended.")).catch(() => {});
  }
}

sendable(
  "R",
  (value) => isStream(value),
  (stream, encoder) => [encoder.export({ value: new Source(stream), of: "ReadableStream" })],
  ([, id], decoder) => {
    const ref = decoder.importStream(id);
    return new ReadableStream(
      {
        type: "bytes",
        async pull(controller) {
          let part;
          try {
            part = await ref.call(["read"], []).promise;
          } catch {
            ref.drop();
            throw new Error("ReadableStream received over RPC disconnected prematurely.");
          }
          if (part !== null) return controller.enqueue(part);
          ref.drop();
          controller.close();
          controller.byobRequest?.respond(0);
        },
        cancel: () => ref.drop(),
      },
      { highWaterMark: 0 },
    );
  },
);

function writtenPart(chunk) {
  try {
    return alone(bodyPart(chunk));
  } catch {
    throw new TypeError(NOT_BYTES);
  }
}

sendable(
  "W",
  (value) => isSink(value),
  (stream, encoder) => [encoder.export({ value: new Sink(stream), of: "WritableStream" })],
  ([, id], decoder) => {
    const ref = decoder.importStream(id);
    return new WritableStream({
      async write(chunk) {
        try {
          await ref.call(["write"], [typeof chunk === "string" ? utf8(chunk) : writtenPart(chunk)]).promise;
        } catch (error) {
          ref.drop();
          throw error;
        }
      },
      async close() {
        try {
          await ref.call(["close"], []).promise;
        } finally {
          ref.drop();
        }
      },
      // Why is not told: the stream over there ends as it does when this Worker does.
      abort: () => ref.drop(),
    });
  },
);

// Names and values, with the type that a body implies.
function fields(list, type) {
  const items = list === null ? [] : headersItems(list);
  if (type === null) return items;
  for (let at = 0; at < items.length; at += 2) if (items[at] === "content-type") return items;
  return [...items, "content-type", type];
}

function headersOf(items) {
  const headers = new Headers();
  if (!isArray(items)) return headers;
  for (let at = 0; at + 1 < items.length; at += 2) headers.append(items[at], items[at + 1]);
  return headers;
}

function bodyOf(message) {
  try {
    return takeSource(message);
  } catch {
    throw new TypeError("The ReadableStream has been locked to a reader.");
  }
}

sendable(
  "H",
  (value) => value instanceof Headers,
  (value) => [headersItems(value)],
  ([, items]) => headersOf(items),
);

sendable(
  "Q",
  (value) => isPart(value, 0),
  (request, encoder) => {
    const { method, url, list, type, redirect, cf, cache, signal, isIdle } = requestParts(request);
    const body = encoder.encode(bodyOf(request));
    return [method, url, fields(list, type), redirect, body, encoder.encode(cf), cache ?? null, encoder.encode(isIdle ? null : signal)];
  },
  ([, method, url, items, redirect, body, cf, cache, signal], decoder) => {
    const init = { method, headers: headersOf(items), redirect };
    const source = decoder.decode(body);
    if (source !== null) init.body = source;
    const more = decoder.decode(cf);
    if (more !== undefined) init.cf = more;
    if (cache !== null) init.cache = cache;
    const abort = decoder.decode(signal);
    if (abort !== null) init.signal = abort;
    return new Request(`${url}`, init);
  },
);

sendable(
  "P",
  (value) => isPart(value, 1),
  (response, encoder) => {
    const [status, list, type, socket, encodeBody, cf, statusText] = responseParts(response);
    if (socket !== null) {
      throw new DOMException('Could not serialize object of type "WebSocket". This type does not support serialization.', "DataCloneError");
    }
    return [status, statusText, fields(list, type), encodeBody, encoder.encode(bodyOf(response)), encoder.encode(cf)];
  },
  ([, status, statusText, items, encodeBody, body, cf], decoder) => {
    const source = decoder.decode(body);
    const more = decoder.decode(cf);
    if (status === 0) return Response.error();
    return new Response(source, { status, statusText, headers: headersOf(items), encodeBody, cf: more });
  },
);
