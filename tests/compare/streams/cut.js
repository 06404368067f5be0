// Transforms that end in error, from within and from without; by their writer and in a pipe.
// date: 2026-04-01
// head: heads/told.js
const broken = {
  error: { transform(x, c) { if (x === 2) c.error(E); else c.enqueue(x); } },
  throw: { transform(x, c) { if (x === 2) throw E; c.enqueue(x); } },
  reject: { async transform(x, c) { if (x === 2) throw E; c.enqueue(x); } },
  terminate: { transform(x, c) { c.enqueue(x); if (x === 2) c.terminate(); } },
  "error in flush": { flush(c) { c.error(E); } },
  "throw in flush": { flush() { throw E; } },
  "terminate in flush": { flush(c) { c.terminate(); } },
  "error in start": { start(c) { c.error(E); } },
};
const source = (log) => new ReadableStream({ start(c) { for (let i = 1; i < 5; i++) c.enqueue(i); c.close(); }, cancel(r) { log.push(`cancel ${told(r)}`); } });

export default {
  async fetch() {
    for (const [name, transformer] of Object.entries(broken)) {
      await fact(`${name}, piped`, async (log) => {
        const t = new TransformStream(transformer), s = source(log), got = [];
        heard(log, { pipe: s.pipeTo(t.writable) });
        try { for await (const x of t.readable) got.push(x); got.push("end"); } catch (e) { got.push(e); }
        await tick();
        return [got, s.locked, t.writable.locked, t.readable.locked];
      });
      await fact(`${name}, written`, async (log) => {
        const t = new TransformStream(transformer), w = t.writable.getWriter(), r = t.readable.getReader(), got = [];
        heard(log, { w1: w.write(1), w2: w.write(2), w3: w.write(3), close: w.close(), closed: w.closed, ready: w.ready, rclosed: r.closed });
        try { for (;;) { const x = await r.read(); if (x.done) break; got.push(x.value); } got.push("end"); } catch (e) { got.push(e); }
        await tick();
        heard(log, { w4: w.write(4), again: w.close(), abort: w.abort(E2) });
        await tick();
        return [got, w.desiredSize];
      });
    }
    await fact("terminated from outside", async (log) => {
      let c; const t = new TransformStream({ start(x) { c = x; } }), w = t.writable.getWriter(), r = t.readable.getReader();
      c.terminate();
      heard(log, { write: w.write(1), closed: w.closed, ready: w.ready, read: r.read(), close: w.close() });
      try { c.enqueue(1); } catch (e) { log.push(told(e)); }
      try { c.enqueue(); } catch (e) { log.push(told(e)); }
    });
    await fact("terminated while a pipe waits", async (log) => {
      let c; const t = new TransformStream({ start(x) { c = x; } });
      heard(log, { pipe: new ReadableStream({ pull(x) { x.enqueue(1); } }).pipeTo(t.writable) });
      await tick(); c.terminate();
    });
    await fact("cancelled while a pipe waits", async (log) => {
      const t = new TransformStream();
      heard(log, { pipe: source(log).pipeTo(t.writable) });
      await tick(); t.readable.cancel(E);
    });
    await fact("cancelled with a write", async (log) => {
      const t = new TransformStream(), w = t.writable.getWriter();
      heard(log, { w1: w.write(1) }); t.readable.cancel(E); await tick(); heard(log, { w2: w.write(2), closed: w.closed });
    });
    for (const [name, size] of [["NaN", () => NaN], ["negative", () => -1], ["throws", () => { throw E; }]]) {
      await fact(`a readable side's size ${name}`, async (log) => {
        const t = new TransformStream({ transform(x, c) { c.enqueue(x); log.push("enqueued"); } }, undefined, { size, highWaterMark: 1 });
        const w = t.writable.getWriter(), r = t.readable.getReader();
        heard(log, { w1: w.write(1), closed: w.closed, read: r.read() });
      });
    }
    await fact("enqueue without a chunk", (log) => {
      new TransformStream({ start(c) { for (const chunks of [[], [undefined]]) try { c.enqueue(...chunks); log.push("fine"); } catch (e) { log.push(told(e)); } } }, undefined, { highWaterMark: 5 });
    });
    return Response.json(facts);
  },
};
