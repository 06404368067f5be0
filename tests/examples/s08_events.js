// S08 Server-sent events, one after another, from a TransformStream that is written to after the answer began.
// class: as it is
// > GET /
// < 200 | content-type: text/event-stream | cache-control: no-cache || data: {"n":0} || data: {"n":9}
export default {
  fetch(_, env, context) {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    context.waitUntil((async () => {
      for (let n = 0; n < 10; n++) {
        await writer.write(encoder.encode(`data: ${JSON.stringify({ n })}\n\n`));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await writer.close();
    })());
    return new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
  },
};
