// EventSource.from(): fields, kinds of chunks, the order of handlers, and what they throw.
const told = async (f) => {
  try {
    return await f();
  } catch (error) {
    return `${error.constructor.name} ${error.name}: ${error.message}`;
  }
};
const stream = (...parts) => {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === parts.length) return controller.close();
      const part = parts[at++];
      controller.enqueue(typeof part === "string" ? new TextEncoder().encode(part) : part);
    },
  });
};
const heard = async (source, more) => {
  const events = EventSource.from(source);
  const all = [];
  for (const type of ["open", "message", "error", "x"]) {
    events.addEventListener(type, (event) =>
      all.push([event.type, event.constructor.name, event.data ?? null, event.lastEventId ?? null, event.origin ?? null, events.readyState, event.error === undefined ? null : `${event.error}`]),
    );
  }
  more?.(events, all);
  await scheduler.wait(20);
  return [all, events.readyState];
};
const text = (...parts) => {
  const strings = parts.map((part) => [part]);
  return new ReadableStream({
    pull(controller) {
      const next = strings.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next[0]);
    },
  });
};

export default {
  async fetch() {
    const out = {};
    const take = async (name, ...parts) => (out[name] = await told(() => heard(stream(...parts))));
    await take("plain", "data: a\n\n", "data: b\ndata: c\n\n", ": comment\n\n", "event: x\ndata: d\n\n", "data\n\n", "data:\n\n", "data: no end");
    await take("fields", "data:  two spaces\nfoo: bar\nData: no\n data: no\n\nevent:\ndata: empty\n\nevent: x\n\ndata: plain\n\nretry: 1x\ndata: r\n\n:data: z\n\n");
    await take("ids", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: 2\n\ndata: e\n\n");
    await take("ends", "data: a\r\rdata: b\r\n\r\ndata: c\n\r\n");
    await take("mark", "\ufeffdata: a\n\n", "\ufeffdata: b\n\n");
    await take("split", "da", "ta: a", "\n", "\n", "data: \u00e9\n\n");
    await take("none");
    out.strings = await told(() => heard(text("data: a\n\n", "data: b\n\n")));
    out.broken = await told(() => heard(new ReadableStream({ pull: (controller) => controller.error(new RangeError("why")) })));
    out.locked = await told(() => {
      const locked = stream();
      locked.getReader();
      return heard(locked);
    });
    out.throws = await told(() => heard(stream("data: a\n\n", "data: b\n\n"), (events) => (events.onmessage = () => { throw new Error("boom"); })));
    out.listenerThrows = await told(() => heard(stream("data: a\n\n", "data: b\n\n"), (events) => events.addEventListener("message", () => { throw new Error("boom"); })));
    out.order = await told(() => heard(stream("data: a\n\n"), (events, all) => { events.onmessage = () => all.push("handler"); events.addEventListener("message", () => all.push("listener")); }));
    out.closed = await told(() => heard(stream("data: a\n\n", "data: b\n\n"), (events) => (events.onmessage = () => events.close())));
    let cancelled = false;
    out.cancel = await told(() => heard(new ReadableStream({ pull: async (controller) => { await scheduler.wait(2); controller.enqueue(new TextEncoder().encode("data: a\n\n")); }, cancel: () => (cancelled = true) }), (events) => (events.onmessage = () => events.close())));
    out.cancelled = cancelled;
    return Response.json(out);
  },
};
