// date: 2026-11-24
// What a pipe says of a destination that ends by itself (`pipe_to_backward_propagation`).
const facts = {};
const fact = async (name, f) => {
  const hangs = new Promise((resolve) => setTimeout(resolve, 100, "hangs"));
  facts[name] = await Promise.race([f(), hangs]);
};
const told = (promise) => promise.then(() => "fulfilled", (error) => `rejected ${error.name}: ${error.message}`);
const destinations = {
  "being closed": () => {
    const stream = new WritableStream();
    const writer = stream.getWriter();
    writer.close();
    writer.releaseLock();
    return [stream];
  },
  closed: async () => {
    const stream = new WritableStream();
    const writer = stream.getWriter();
    await writer.close();
    writer.releaseLock();
    return [stream];
  },
  errored: () => [new WritableStream({ start: (controller) => controller.error(new Error("theirs")) })],
  "that throws": () => [new WritableStream({ write() { throw new Error("theirs"); } })],
  "errored later": () => {
    let end;
    const stream = new WritableStream({ start: (controller) => (end = () => controller.error(new Error("theirs"))) });
    return [stream, () => end()];
  },
  "whose readable side is cancelled": () => {
    const { readable, writable } = new TransformStream();
    return [writable, () => readable.cancel(new Error("theirs"))];
  },
};
const sources = {
  open: () => ({}),
  "with chunks": () => ({ start: (controller) => [1, 2].forEach((chunk) => controller.enqueue(chunk)) }),
  closed: () => ({ start: (controller) => controller.close() }),
  "that cannot be cancelled": () => ({ refuses: true }),
};

export default {
  async fetch() {
    for (const [end, destination] of Object.entries(destinations)) {
      for (const [start, source] of Object.entries(sources)) {
        for (const preventCancel of [false, true]) {
          await fact(`${end}, source ${start}, preventCancel ${preventCancel}`, async () => {
            const log = [];
            const { refuses, ...what } = source();
            const readable = new ReadableStream({
              ...what,
              cancel(reason) {
                log.push(`cancelled: ${reason}`);
                if (refuses) throw new Error("mine");
              },
            });
            const [writable, later] = await destination();
            const piped = told(readable.pipeTo(writable, { preventCancel }));
            if (later) setTimeout(later, 5);
            log.push(await piped);
            return [...log, readable.locked, writable.locked];
          });
        }
      }
    }
    return Response.json(facts);
  },
};
