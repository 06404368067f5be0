// S29 MessageChannel: two ports that clone what they pass.
// class: as it is
// > GET /
// < 200 || {"a":[1,"x"],"same":false}
export default {
  async fetch() {
    const { port1, port2 } = new MessageChannel();
    const sent = { a: [1, "x"] };
    const got = new Promise((resolve) => {
      port2.onmessage = (event) => resolve(event.data);
    });
    port1.postMessage(sent);
    const data = await got;
    port1.close();
    return Response.json({ ...data, same: data === sent });
  },
};
