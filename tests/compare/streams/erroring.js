// Writers of streams that are about to be in error, or to close, or that have no room at all.
// date: 2026-04-01
// head: heads/told.js
export default {
  async fetch() {
    for (const size of [0, 1, 2]) {
      for (const [name, start] of [["no start", undefined], ["a start that waits", () => tick(1)]]) {
        await fact(`ready of ${size}, ${name}`, async (log) => {
          const ws = new WritableStream({ start }, { highWaterMark: size }), w = ws.getWriter();
          log.push(w.desiredSize); heard(log, { ready: w.ready }); await tick(); heard(log, { write: w.write(1) }); await tick(); heard(log, { again: w.ready });
        });
      }
    }
    await fact("no room, and start fails", (log) => {
      const w = new WritableStream({ start() { return Promise.reject(E); } }, { highWaterMark: 0 }).getWriter();
      heard(log, { ready: w.ready, write: w.write(), closed: w.closed });
    });
    await fact("error in start", async (log) => {
      const w = new WritableStream({ start(c) { c.error(E); } }).getWriter();
      log.push(w.desiredSize); await tick(); log.push(w.desiredSize);
    });
    await fact("close while a write is under way", async (log) => {
      let end, c; const ws = new WritableStream({ write(x, k) { c = k; return new Promise((r) => (end = r)); } }), w = ws.getWriter();
      await w.ready; const write = w.write(1); c.error(E); log.push(w.desiredSize);
      heard(log, { write, close: w.close(), ready: w.ready, closed: w.closed }); await tick();
      heard(log, { again: w.close(), more: w.write(2) }); await tick(); log.push("ends"); end();
    });
    await fact("abort before all others", async (log) => {
      const w = new WritableStream({ abort() { log.push("sink aborts"); }, write() { log.push("sink writes"); }, close() { log.push("sink closes"); } }).getWriter();
      heard(log, { write1: w.write(1), abort: w.abort(E), write2: w.write(2), close: w.close(), ready: w.ready, closed: w.closed });
    });
    for (const how of ["abort", "error"]) {
      await fact(`released after ${how}`, async (log) => {
        let end, c; const w = new WritableStream({ write(x, k) { c = k; return new Promise((r) => (end = r)); } }).getWriter();
        await w.ready; heard(log, { write: w.write(1) });
        if (how === "error") c.error(E); else heard(log, { abort: w.abort(E) });
        w.releaseLock(); heard(log, { ready: w.ready, closed: w.closed }); await tick(); end();
      });
    }
    await fact("written while it closes", async (log) => {
      const w = new WritableStream({ close() { return tick(4); } }).getWriter(), close = w.close();
      heard(log, { write: w.write(1) }); await tick(1); heard(log, { again: w.close() }); await close; heard(log, { late: w.write(1), later: w.close(), abort: w.abort(E) });
    });
    await fact("closed while it is measured", (log) => {
      const w = new WritableStream({}, { size() { w.close(); return 1; } }).getWriter();
      heard(log, { write: w.write(1), closed: w.closed });
    });
    for (const reasons of [[], [undefined], [null], ["why"]]) {
      await fact(`the signal's reason of ${JSON.stringify(reasons)}`, (log) => {
        let c; const ws = new WritableStream({ start(x) { c = x; } });
        if (reasons.length === 0) c.signal;
        ws.abort(...reasons); return [c.signal.aborted, c.signal.reason];
      });
    }
    return Response.json(facts);
  },
};
