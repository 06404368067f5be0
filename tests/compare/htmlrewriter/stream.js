// HTMLRewriter: an answer that streams through it, with an async handler in the middle.
export default {
  async fetch(request) {
    const encoder = new TextEncoder();
    const parts = ["<html><bo", "dy><p>on", "e</p><p ", "class=x>two</p>", "<!-- c", " --></body></html>"];
    const source = new ReadableStream({
      async pull(controller) {
        const part = parts.shift();
        if (part === undefined) return controller.close();
        await new Promise((resolve) => setTimeout(resolve, 1));
        controller.enqueue(encoder.encode(part));
      },
    });
    let count = 0;
    return new HTMLRewriter()
      .on("p", {
        async element(element) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          element.setAttribute("n", String(++count));
          element.append(new Response(` of ${new URL(request.url).pathname}`));
        },
      })
      .on("body", { comments: (comment) => void (comment.text = "!") })
      .onDocument({ end: (end) => void end.append("\n") })
      .transform(new Response(source, { headers: { "content-type": "text/html", "content-length": "7" } }));
  },
};
