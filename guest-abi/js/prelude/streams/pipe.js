// Pipes: from a consumer to a sink, one part after the other.
import { flag } from "internal:errors";
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
  // Whether a sink of JavaScript ended by itself, which lets go of both ends at once; why, and what cancels the source.
  let released = false, ended, cancelled;
  const propagates = flag("pipe_to_backward_propagation");
  if (!sink.internal) {
    sink.writer = {
      ...PIPE,
      settled() {
        released = true;
        ended = stop(sink.state === CLOSED ? new TypeError(ENDED) : sink.error);
        if (propagates && preventCancel) consumer.refuse(ended);
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
    if (!preventCancel) {
      cancelled = consumer.cancel(reason);
      cancelled.catch(() => {});
    }
    return reason;
  };

  for (;;) {
    if (released) {
      if (!propagates) return;
      // What the source says of being cancelled counts for more than why it was.
      await cancelled;
      throw ended;
    }
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
    if (sink.failed || (consumer.state !== CLOSED && (sink.internal ? sink.ended : sink.state === CLOSED))) {
      const reason = stop(sink.failed ? sink.error : new TypeError(ENDED));
      if (propagates) await cancelled;
      throw reason;
    }
    if (consumer.state === CLOSED) {
      free();
      if (!preventClose && !(sink.internal && sink.ended)) await sink.close();
      return;
    }
    let writing = false;
    try {
      const { value, done } = await consumer.read();
      if (isAborted(signal) || done || released) continue;
      writing = true;
      await sink.writeFromPipe(value);
    } catch (failure) {
      if (propagates && released) continue;
      if (writing && !sink.internal) {
        if (!released) stop(failure);
        if (propagates) await cancelled;
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
