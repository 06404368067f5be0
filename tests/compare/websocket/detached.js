// What is done with buffers that were detached.
export default {
  async fetch() {
    const ab = new ArrayBuffer(4);
    structuredClone(1, { transfer: [ab] });
    const out = {};
    const [a, b] = Object.values(new WebSocketPair());
    a.accept();
    b.accept();
    const got = [];
    b.addEventListener("message", (e) => got.push(typeof e.data === "string" ? e.data : "AB" + e.data.byteLength));
    for (const [n, v] of [
      ["ab", ab],
      [
        "view",
        (() => {
          const x = new Uint8Array(4);
          structuredClone(1, { transfer: [x.buffer] });
          return x;
        })(),
      ],
    ])
      try {
        out[n] = String(a.send(v));
      } catch (e) {
        out[n] = String(e);
      }
    try {
      a.send("after");
    } catch (e) {
      out.after = String(e);
    }
    await new Promise((r) => setTimeout(r, 20));
    out.got = got;
    return Response.json(out);
  },
};
