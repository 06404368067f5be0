// fetch() where no server is asked: its looks, its arguments, and what it refuses.
const told = async (f) => {
  try {
    return `${await f()}`;
  } catch (error) {
    return `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
};
let atStart;
try {
  atStart = fetch("http://example.com/").then(
    () => "answered",
    (error) => `rejected ${error.name}: ${error.message}`,
  );
} catch (error) {
  atStart = `thrown ${error.name}: ${error.message}`;
}

export default {
  async fetch() {
    const aborted = AbortSignal.abort();
    const withReason = AbortSignal.abort(new RangeError("why"));
    const used = new Request("http://example.com/", { method: "POST", body: "x" });
    await used.text();
    return Response.json({
      atStart: await atStart,
      length: fetch.length,
      name: fetch.name,
      isPromise: (() => {
        const promise = fetch("nope");
        promise.catch(() => {});
        return promise instanceof Promise;
      })(),
      none: await told(() => fetch()),
      notUrl: await told(() => fetch("nope")),
      relative: await told(() => fetch("/x")),
      empty: await told(() => fetch("")),
      undefinedUrl: await told(() => fetch(undefined)),
      ftp: await told(() => fetch("ftp://x/")),
      ws: await told(() => fetch("ws://x/")),
      file: await told(() => fetch("file:///x")),
      initNumber: await told(() => fetch("http://example.com/", 5)),
      initString: await told(() => fetch("http://example.com/", "x")),
      method: await told(() => fetch("http://example.com/", { method: "a b" })),
      connect: await told(() => fetch("http://example.com/", { method: "CONNECT" })),
      getBody: await told(() => fetch("http://example.com/", { body: "x" })),
      redirect: await told(() => fetch("http://example.com/", { redirect: "error" })),
      ttl: await told(() => fetch("http://example.com/", { cache: "no-store", cf: { cacheTtl: 5 } })),
      cache: await told(() => fetch("http://example.com/", { cache: "force-cache" })),
      header: await told(() => fetch("http://example.com/", { headers: { "a b": "c" } })),
      usedBody: await told(() => fetch(used)),
      aborted: await told(() => fetch("http://example.com/", { signal: aborted })),
      reason: await told(() => fetch("http://example.com/", { signal: withReason })),
      receiver: await told(() => fetch.call({}, "http://example.com/")),
    });
  },
};
