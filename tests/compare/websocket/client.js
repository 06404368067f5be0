// new WebSocket(): what it is before it is open, and what it refuses. Nobody is reached.
const told = async (f) => {
  try {
    const value = await f();
    return value === undefined ? "undefined" : value;
  } catch (error) {
    return `${error.constructor.name} ${error.name}: ${error.message}`;
  }
};
const atStart = await told(() => new WebSocket("ws://127.0.0.1:1/"));
const ADDRESS = "ws://127.0.0.1:1/a?b=c";
const fresh = (...more) => {
  const socket = new WebSocket(ADDRESS, ...more);
  socket.addEventListener("error", () => {});
  return socket;
};

export default {
  async fetch() {
    const out = { atStart };
    const socket = fresh();
    out.looks = [socket.readyState, socket.url, socket.protocol, socket.extensions, socket.binaryType, socket.bufferedAmount, `${socket}`];
    out.addresses = [];
    for (const address of ["nope", "ftp://x/", "http://x/", "ws://x/#", "ws://x/#a", "ws:", "", 5, "WS://127.0.0.1:1", "wss://127.0.0.1:1"]) {
      out.addresses.push(await told(() => new WebSocket(address).url));
    }
    out.none = await told(() => new WebSocket());
    out.protocols = [];
    for (const protocols of [undefined, null, "a", "a b", "", [], ["a"], ["a", "b"], ["a", "a"], ["a", ""], [1], 5]) {
      out.protocols.push(await told(() => fresh(protocols).protocol));
    }
    out.accept = await told(() => fresh().accept());
    out.send = await told(() => fresh().send("x"));
    out.wrongClose = await told(() => fresh().close(5));
    out.attachment = await told(() => fresh().deserializeAttachment());
    out.copied = await told(() => structuredClone(fresh()));
    return Response.json(out);
  },
};
