// S26 request.signal: a stream of pings that ends when the client goes.
// class: as it is
// flags: enable_request_signal
// > GET /?pings=3
// < 200 || ping 2
export default {
  fetch(request, env, context) {
    const pings = Number(new URL(request.url).searchParams.get("pings"));
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    request.signal.addEventListener("abort", () => writer.abort(request.signal.reason).catch(() => {}));
    context.waitUntil((async () => {
      for (let n = 0; n < pings && !request.signal.aborted; n++) {
        await writer.write(encoder.encode(`ping ${n}\n`));
        await scheduler.wait(2);
      }
      await writer.close();
    })());
    return new Response(readable);
  },
};
