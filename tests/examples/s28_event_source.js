// S28 EventSource over a stream, and over a Worker that is bound.
// class: as it is
// > GET /
// < 200 || ["message:one","named:two\nlines"]
const EVENTS = "data: one\nid: 1\n\nevent: named\ndata: two\ndata: lines\n\n: a comment\n\n";
export default {
  async fetch() {
    const source = EventSource.from(new Response(EVENTS).body);
    const got = [];
    await new Promise((resolve) => {
      const take = (event) => {
        got.push(`${event.type}:${event.data}`);
        if (got.length === 2) resolve();
      };
      source.addEventListener("message", take);
      source.addEventListener("named", take);
    });
    source.close();
    return Response.json(got);
  },
};
