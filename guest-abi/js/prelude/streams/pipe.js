// Pipes: from a consumer to a sink, one part after the other.
import { isAborted, reasonOf } from "internal:events";

const CLOSED = 1, ERRORED = 2;
const ENDED = "This destination writable stream is closed.";
// Stands for the reader and the writer while a pipe holds both ends.
const PIPE = { settled() {}, ready() {}, unready() {}, failedReady() {} };

// Moves everything; the promise settles when one end has ended. Both ends are free.
export async function pipe(consumer, sink, { preventAbort, preventCancel, preventClose, signal }) {
  consumer.reader = PIPE;
  sink.writer = PIPE;
  consumer.disturbed = true;
  consumer.whole = sink.internal;
  // Whether a sink of JavaScript ended by itself, which lets go of both ends at once.
  let released = false;
  if (!sink.internal) {
    sink.writer = {
      ...PIPE,
      settled() {
        released = true;
        stop(sink.state === CLOSED ? new TypeError(ENDED) : sink.error);
      },
    };
  }

  const free = () => {
    consumer.reader = null;
    consumer.whole = false;
    sink.writer = null;
  };
  const stop = (reason) => {
    free();
    if (!preventCancel) consumer.cancel(reason).catch(() => {});
    return reason;
  };

  for (;;) {
    if (released) return;
    if (isAborted(signal)) {
      const reason = reasonOf(signal);
      stop(reason);
      if (!preventAbort) await sink.abort(reason);
      throw reason;
    }
    if (consumer.state === ERRORED) {
      free();
      if (!preventAbort) await sink.abort(consumer.error);
      throw consumer.error;
    }
    if (sink.failed) throw stop(sink.error);
    if (consumer.state === CLOSED) {
      free();
      if (!preventClose && !(sink.internal && sink.ended)) await sink.close();
      return;
    }
    if (sink.internal ? sink.ended : sink.state === CLOSED) throw stop(new TypeError(ENDED));
    let writing = false;
    try {
      const { value, done } = await consumer.read();
      if (isAborted(signal) || done || released) continue;
      writing = true;
      await sink.writeFromPipe(value);
    } catch (failure) {
      if (writing && !sink.internal) {
        if (!released) stop(failure);
        throw failure;
      }
      // Why is looked at above.
      if (consumer.state !== ERRORED && !sink.failed && !sink.ended) {
        const error = new TypeError("This WritableStream only supports writing byte types.");
        stop(error);
        sink.abort(error).catch(() => {});
        throw error;
      }
    }
  }
}
