// date: 2026-11-17
// What handlers by property are among listeners, and what becomes of what listeners throw.
// head: heads/waits.js
const order = (target, name) => {
  const told = [];
  target.addEventListener(name, () => told.push("listener"));
  target[`on${name}`] = () => told.push("first");
  target[`on${name}`] = () => told.push("second");
  target.addEventListener(name, () => told.push("last"));
  target.dispatchEvent(new Event(name));
  target[`on${name}`] = null;
  target[`on${name}`] = () => told.push("third");
  target.dispatchEvent(new Event(name));
  return [told, typeof target[`on${name}`]];
};
const sockets = async (fail) => {
  const told = [];
  const pair = new WebSocketPair();
  for (const side of [0, 1]) {
    pair[side].addEventListener("error", (event) => told.push([side, "error", event.message, event.error.retryable ?? null]));
    pair[side].addEventListener("close", (event) => told.push([side, "close", event.code]));
    pair[side].accept();
  }
  fail(pair, told);
  await wait();
  return [told, pair[0].readyState, pair[1].readyState];
};
const port = async (fail) => {
  const told = [];
  const { port1, port2 } = new MessageChannel();
  const tell = (event) => told.push([event.type, `${event.data}`, event.source]);
  port1.addEventListener("messageerror", tell);
  port1.onmessage = (event) => {
    tell(event);
    fail(event.data);
  };
  for (const data of [1, 2, 3]) port2.postMessage(data);
  await wait();
  return told;
};

export default {
  async fetch() {
    fact("order of a signal", () => order(new AbortController().signal, "abort"));
    fact("order of a port", () => order(new MessageChannel().port1, "message"));
    fact("order of a stream of events", () => {
      const source = EventSource.from(new ReadableStream());
      const told = order(source, "message");
      source.close();
      return told;
    });
    fact("cleared while it is called", () => {
      const { signal } = new AbortController();
      const told = [];
      signal.addEventListener("abort", () => (signal.onabort = null));
      signal.onabort = () => told.push("cleared");
      signal.dispatchEvent(new Event("abort"));
      return told;
    });
    fact("no function", () => {
      const { signal } = new AbortController();
      signal.onabort = 5;
      const first = signal.onabort;
      signal.onabort = { handleEvent() {} };
      return [first, typeof signal.onabort, signal.dispatchEvent(new Event("abort"))];
    });
    await later("a port whose handler throws", () => port(() => { throw new RangeError("thrown"); }));
    await later("a port whose handler throws once", () => port((data) => { if (data === 2) throw "thrown"; }));
    await later("a socket whose listener throws", () => sockets((pair, told) => {
      pair[0].addEventListener("message", (event) => { told.push(event.data); throw new RangeError("thrown"); });
      pair[0].addEventListener("message", () => told.push("the other"));
      pair[1].send("one");
      pair[1].send("two");
    }));
    await later("a socket whose handler throws text", () => sockets((pair) => {
      pair[0].onmessage = () => { throw "text"; };
      pair[1].send("one");
    }));
    await later("a socket that throws while it closes", () => sockets((pair) => {
      pair[0].addEventListener("close", () => { throw new RangeError("thrown"); });
      pair[1].close(1000);
    }));
    await later("sockets that close", () => sockets((pair) => pair[0].close(1001, "gone")));
    await later("a stream of events whose handler throws", async () => {
      const told = [];
      const source = EventSource.from(new Response("data: one\n\ndata: two\n\n").body);
      source.onmessage = (event) => { told.push(event.data); throw new RangeError("thrown"); };
      source.onerror = (event) => told.push(event.error.message);
      await wait();
      return [told, source.readyState];
    });
    fact("names", () => ["TailEvent", "TraceEvent", "ScheduledEvent"].map((name) => Object.getOwnPropertyNames(Object.getPrototypeOf(globalThis)).indexOf(name) > 0));
    fact("statics of EventSource", () => Object.getOwnPropertyNames(EventSource));
    return Response.json(facts);
  },
};
