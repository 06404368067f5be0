// E48 Using the WebSockets API: the server's side; who does not upgrade is told to. Messages are tried by
// tests/e2e/websocket.rs.
// class: as it is
// > GET /
// < 426 || Expected websocket
export default {
  fetch(request) {
    if (request.headers.get("upgrade") !== "websocket") return new Response("Expected websocket", { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener("message", (event) => server.send(`${event.data} back`));
    return new Response(null, { status: 101, webSocket: client });
  },
};
