// requests: GET /; GET /; GET /
// An object's handlers are those that it had when the Worker was loaded.
let reads = 0;
let served = 0;
const handlers = {
  get fetch() {
    reads++;
    return function () {
      served++;
      Object.defineProperty(handlers, "fetch", { value: () => new Response("another one") });
      return Response.json({ reads, served, receiver: this === handlers, of: arguments.length });
    };
  },
};
export default handlers;
