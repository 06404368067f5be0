// connect() of cloudflare:sockets as far as nothing is connected to: what it refuses, and what its
// socket looks like.
import { connect } from "cloudflare:sockets";
const told = (error) => `${error?.name}: ${error?.message}`;
const tried = (f) => {
  try {
    return f();
  } catch (error) {
    return told(error);
  }
};
const inGlobalScope = tried(() => connect("example.com:80"));
const REFUSED = {
  none: [],
  null: [null],
  empty: [""],
  nohost: [":80"],
  noport: ["localhost"],
  badport: ["localhost:abc"],
  bigport: ["localhost:70000"],
  number: [5],
  url: ["http://127.0.0.1:7801"],
  path: ["127.0.0.1:7801/x"],
  user: ["u:p@127.0.0.1:7801"],
  space: ["a b:80"],
  bare6: ["::1:80"],
  objectempty: [{}],
  objecthost: [{ hostname: "x" }],
  objectport: [{ hostname: "localhost", port: "abc" }],
  objectbig: [{ hostname: "localhost", port: 70000 }],
  objectnegative: [{ hostname: "localhost", port: -1 }],
  slash: [{ hostname: "a/b", port: 80 }],
  long: [{ hostname: "x".repeat(255), port: 80 }],
  letters: [{ hostname: "bücher.example", port: 80 }],
  security: ["127.0.0.1:7801", { secureTransport: "foo" }],
  securitynumber: ["127.0.0.1:7801", { secureTransport: 5 }],
  options: ["127.0.0.1:7801", 5],
  nulloptions: ["127.0.0.1:7801", null],
  mark: ["127.0.0.1:7801", { highWaterMark: -1 }],
};
export default {
  async fetch() {
    const facts = { inGlobalScope, function: [connect.name, connect.length] };
    for (const [name, list] of Object.entries(REFUSED)) facts[name] = tried(() => connect(...list));
    // No machine has the port 0.
    const socket = connect("127.0.0.1:0");
    const prototype = Object.getPrototypeOf(socket);
    facts.looks = [String(socket), socket.constructor.name, socket.constructor.length, Object.keys(socket), JSON.stringify(socket)];
    facts.members = Object.getOwnPropertyNames(prototype).sort();
    facts.kinds = [socket.readable.constructor.name, socket.writable.constructor.name, socket.opened instanceof Promise, socket.closed instanceof Promise];
    facts.same = [socket.readable === socket.readable, socket.writable === socket.writable, socket.opened === socket.opened, socket.closed === socket.closed];
    facts.first = [socket.upgraded, socket.secureTransport, socket.readable.locked, socket.writable.locked];
    facts.constructor = tried(() => new socket.constructor());
    facts.global = typeof Socket;
    facts.off = tried(() => socket.startTls());
    const on = connect({ hostname: "127.0.0.1", port: 0 }, { secureTransport: "on" });
    facts.on = [on.secureTransport, tried(() => on.startTls())];
    const marked = connect("127.0.0.1:0", { highWaterMark: 10 });
    const writer = marked.writable.getWriter();
    writer.closed.catch(() => {});
    facts.mark10 = [writer.desiredSize, (writer.write(new Uint8Array(3)).catch(() => {}), writer.desiredSize)];
    const later = connect("127.0.0.1:0", { secureTransport: "starttls" });
    facts.tlsoptions = tried(() => later.startTls(5));
    const next = later.startTls({ expectedServerHostname: "a.example" });
    facts.starttls = [later.secureTransport, next.secureTransport, next.upgraded, later.upgraded, later.readable.locked, later.writable.locked];
    facts.twice = tried(() => later.startTls());
    facts.close = await Promise.all([
      next.opened.catch((e) => e instanceof Error),
      next.closed.catch((e) => e instanceof Error),
    ]);
    return Response.json(facts);
  },
};
