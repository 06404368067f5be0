// What streams look at first, which of two is served, and what a strategy gives.
// date: 2026-04-01
// head: heads/told.js
export default {
  async fetch() {
    for (const [name, readable] of [["null", null], ["0", 0], ["{}", {}], ["a sink", new WritableStream()]]) {
      await fact(`pipeThrough with ${name}`, (log) => new ReadableStream().pipeThrough(spied(log, { readable, writable: new WritableStream() })) && null);
    }
    await fact("cancel gives a promise each time", () => {
      const s = new ReadableStream({ start(c) { c.close(); } }), other = new ReadableStream();
      const got = [s.cancel() !== s.cancel(), other.cancel() !== other.cancel()], r = s.getReader();
      return [...got, r.cancel() !== r.cancel(), r.closed === r.closed];
    });
    await fact("views that do not fit", async (log) => {
      const s = new ReadableStream({ type: "bytes", pull(c) {
        const { buffer } = c.byobRequest.view;
        for (const view of [[buffer, 1], [buffer, 0, 4], [new ArrayBuffer(9), 0, 1], [buffer, 0, 0]]) try { c.byobRequest.respondWithNewView(new Uint8Array(...view)); } catch (e) { log.push(told(e)); }
        c.byobRequest.respond(1);
      } });
      return (await s.getReader({ mode: "byob" }).read(new Uint8Array(new ArrayBuffer(5), 0, 3))).value;
    });
    await fact("nothing after the end", (log) => {
      let c; new ReadableStream({ type: "bytes", start(x) { c = x; } }); c.close();
      for (const chunk of [new Uint8Array(1), new Uint8Array(0), 5]) try { c.enqueue(chunk); } catch (e) { log.push(told(e)); }
    });
    for (const first of [0, 1]) {
      await fact(`branch ${first} asks first`, async (log) => {
        let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }), readers = s.tee().map((branch) => branch.getReader({ mode: "byob" }));
        const reads = []; for (const at of [first, 1 - first]) reads[at] = readers[at].read(new Uint8Array([at]));
        log.push(told(c.byobRequest.view)); c.byobRequest.view[0] = 7; c.byobRequest.respond(1);
        return (await Promise.all(reads)).map(({ value }) => value);
      });
    }
    for (const [name, size] of [["close", (c) => c.close()], ["error", (c) => c.error(E)], ["enqueue", (c, x) => x < 3 && c.enqueue(x + 1)]]) {
      await fact(`${name} while it is measured`, async (log) => {
        let c; const s = new ReadableStream({ start(x) { c = x; } }, { size(x) { size(c, x); return 1; }, highWaterMark: 5 });
        c.enqueue(1); const r = s.getReader(); heard(log, { one: r.read(), two: r.read() });
      });
    }
    for (const strategy of [new CountQueuingStrategy({ highWaterMark: 1 }), new ByteLengthQueuingStrategy({ highWaterMark: 1 })]) {
      const { size } = strategy;
      await fact(strategy.constructor.name, () => [size === strategy.size, "prototype" in size, typeof new size(), size.length, size.name, String(size), size(), size("abc"), size({ byteLength: "x" }), size({ byteLength: 9 })]);
    }
    await fact("an iterator after an error", async (log) => {
      let c; const s = new ReadableStream({ start(x) { c = x; } }), i = s.values();
      c.enqueue(1); log.push(told((await i.next()).value)); c.error(E);
      for (const step of ["next", "next", "return"]) await i[step]("v").then((x) => log.push(told(x)), (e) => log.push(told(e)));
    });
    await fact("text decoders", () => [undefined, {}, { fatal: undefined }, { fatal: false }, { ignoreBOM: true }].map((options) => { const d = new TextDecoderStream("utf-8", options); return [d.fatal, d.ignoreBOM]; }));
    return Response.json(facts);
  },
};
