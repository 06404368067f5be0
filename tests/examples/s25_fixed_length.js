// S25 FixedLengthStream: a stream with a Content-Length.
// class: as it is
// > GET /
// < 200 | content-length: 11 || hello world
export default {
  fetch(_, env, context) {
    const { readable, writable } = new FixedLengthStream(11);
    const writer = writable.getWriter();
    context.waitUntil((async () => {
      await writer.write(new TextEncoder().encode("hello "));
      await writer.write(new TextEncoder().encode("world"));
      await writer.close();
    })());
    return new Response(readable);
  },
};
