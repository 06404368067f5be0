// Pipes: from a consumer to a sink, one part after the other.
const CLOSED = 1, ERRORED = 2;
// Stands for the reader and the writer while a pipe holds both ends.
const PIPE = { settled() {}, ready() {}, unready() {}, failedReady() {} };

// Moves everything; the promise settles when one end has ended. Both ends are free.
export async function pipe(consumer, sink, { preventAbort, preventCancel, preventClose, signal }) {
  consumer.reader = PIPE;
  sink.writer = PIPE;
  consumer.disturbed = true;

  const free = () => {
    consumer.reader = null;
    sink.writer = null;
  };
  const stop = (reason) => {
    free();
    if (!preventCancel) consumer.cancel(reason).catch(() => {});
    return reason;
  };

  for (;;) {
    if (signal?.aborted) {
      const { reason } = signal;
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
      if (!preventClose && !sink.ended) await sink.close();
      return;
    }
    if (sink.ended) throw stop(new TypeError("This destination writable stream is closed."));
    try {
      const { value, done } = await consumer.read();
      if (signal?.aborted || done) continue;
      await sink.writeFromPipe(value);
    } catch {
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
