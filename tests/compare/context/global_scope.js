// What may be done before the first request, and what is refused.
const facts = {};
const attempt = (name, work) => {
  try {
    facts[name] = String(work());
  } catch (error) {
    facts[name] = `${error.name}: ${error.message}`;
  }
};
attempt("stream", () => new ReadableStream());
attempt("bytes", () => new ReadableStream({ type: "bytes" }));
attempt("request of a stream", () => new Request("https://x.y", { method: "POST", body: new ReadableStream() }));
attempt("its type", () => new Request("https://x.y", { method: "POST", body: new ReadableStream() }).headers.has("content-type"));
attempt("request of text", () => new Request("https://x.y", { method: "POST", body: "x" }));
attempt("request without", () => new Request("https://x.y", { headers: { a: "b" } }).headers.get("a"));
attempt("response of a stream", () => new Response(new ReadableStream()));
attempt("response of text", () => new Response("x"));
attempt("response without", () => new Response(null, { status: 204 }).status);
attempt("clone of a response", () => new Response(new ReadableStream()).clone());
attempt("tee", () => new ReadableStream().tee().length);
attempt("reader", () => new ReadableStream().getReader().read());
attempt("writer", () => new WritableStream().getWriter());
attempt("transform", () => new ReadableStream().pipeThrough(new TransformStream()));
attempt("blob", () => new Blob(["x"]).text());
attempt("abort", () => new AbortController().signal.aborted);
attempt("timeout", () => AbortSignal.timeout(5));
attempt("channel", () => new MessageChannel());
attempt("rewriter", () => new HTMLRewriter().on("p", {}));
attempt("event", () => new EventTarget().dispatchEvent(new Event("x")));
attempt("clone", () => structuredClone({ a: 1 }).a);
attempt("microtask", () => queueMicrotask(() => {}));
attempt("uuid", () => crypto.randomUUID());
attempt("random", () => crypto.getRandomValues(new Uint8Array(1)));
attempt("digest", () => crypto.subtle.digest("SHA-256", new Uint8Array(1)));
attempt("timer", () => setTimeout(() => {}, 1));
attempt("wait", () => scheduler.wait(1));
attempt("fetch", () => fetch("http://x.y"));
export default { fetch: () => Response.json(facts) };
