// Values of every kind, given to streams, encodings, timers, patterns, sockets and rewriters.
const told = async (f) => {
  try {
    const r = await f();
    if (r instanceof ArrayBuffer) return "AB" + r.byteLength;
    if (typeof r === "object" && r !== null) return Object.prototype.toString.call(r) + JSON.stringify(r);
    return `${typeof r} ${String(r)}`;
  } catch (e) {
    return `${e?.constructor?.name} ${e?.name}: ${e?.message}`;
  }
};
// Made for each request: some of what is done takes them apart.
const values = () => ({
  undef: undefined,
  nul: null,
  five: 5,
  str: "x",
  obj: {},
  arr: [1, 2],
  blob: new Blob(["b"], { type: "T/P" }),
  file: new File(["f"], "n.txt", { type: "a/b", lastModified: 5 }),
  sym: Symbol("s"),
  fn() {},
  date: new Date(0),
  big: 5n,
  bytes: new Uint8Array([65, 66]),
  ab: new ArrayBuffer(2),
  nan: NaN,
  bool: false,
  lone: "\ud800",
  thrower: {
    toString() {
      throw new RangeError("ts");
    },
  },
  pairs: [["a", "b"]],
  iter: {
    *[Symbol.iterator]() {
      yield ["k", "v"];
    },
  },
  bad: [["a"]],
  three: [["a", "b", "c"]],
  map: new Map([["m", "n"]]),
  empty: "",
  num: "12",
  usp: new URLSearchParams("q=r&q=s"),
  fd: (() => {
    const f = new FormData();
    f.append("x", "y");
    return f;
  })(),
  hd: new Headers({ h: "i" }),
  longs: "é\n\r\n",
});
export default {
  async fetch() {
    const V = values();
    const out = {};
    const t = async (n, f) => {
      out[n] = await told(f);
    };
    const quick = (p) => Promise.race([p, new Promise((_, r) => setTimeout(() => r(new Error("late")), 20))]);
    for (const [n, v] of Object.entries(V)) {
      await t("RS " + n, () => new ReadableStream(v).locked);
      for (const k of ["start", "pull", "cancel", "type", "autoAllocateChunkSize", "expectedLength"])
        await t(`RS ${k} ${n}`, () => new ReadableStream({ [k]: v }).locked);
      await t("RS bytes size " + n, () => new ReadableStream({ type: "bytes", autoAllocateChunkSize: v }).locked);
      await t("RS strat " + n, () => new ReadableStream({}, v).locked);
      for (const k of ["highWaterMark", "size"]) {
        await t(`RS ${k} ${n}`, () => {
          let d;
          new ReadableStream(
            {
              start(c) {
                d = c.desiredSize;
              },
            },
            { [k]: v },
          );
          return d;
        });
        await t(`RSb ${k} ${n}`, () => new ReadableStream({ type: "bytes" }, { [k]: v }).locked);
        await t(`WS ${k} ${n}`, () => new WritableStream({}, { [k]: v }).getWriter().desiredSize);
        await t(`TS ${k} ${n}`, () => new TransformStream({}, { [k]: v }, { [k]: v }).writable.getWriter().desiredSize);
      }
      await t("RS enqueue " + n, () =>
        quick(
          new ReadableStream({
            start(c) {
              c.enqueue(v);
              c.close();
            },
          })
            .getReader()
            .read()
            .then((r) => [typeof r.value, r.done]),
        ),
      );
      await t("RSb enqueue " + n, () =>
        quick(
          new ReadableStream({
            type: "bytes",
            start(c) {
              c.enqueue(v);
              c.close();
            },
          })
            .getReader()
            .read()
            .then((r) => [typeof r.value, r.done]),
        ),
      );
      await t("RS error " + n, () =>
        quick(
          new ReadableStream({
            start(c) {
              c.error(v);
            },
          })
            .getReader()
            .read(),
        ),
      );
      await t("getReader " + n, () => new ReadableStream().getReader(v).constructor.name);
      await t("getReader mode " + n, () => new ReadableStream().getReader({ mode: v }).constructor.name);
      await t("getReader byob " + n, () => new ReadableStream({ type: "bytes" }).getReader({ mode: v }).constructor.name);
      await t("values " + n, () => new ReadableStream().values(v).constructor.name);
      await t("new Reader " + n, () => new ReadableStreamDefaultReader(v));
      await t("new BYOB " + n, () => new ReadableStreamBYOBReader(v));
      await t("new Writer " + n, () => new WritableStreamDefaultWriter(v));
      await t("byob read " + n, () => quick(new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }).read(v)));
      await t("byob min " + n, () =>
        quick(
          new Response("abc").body
            .getReader({ mode: "byob" })
            .read(new Uint8Array(2), { min: v })
            .then((r) => r.value?.length),
        ),
      );
      await t("readAtLeast " + n, () =>
        quick(
          new Response("abc").body
            .getReader({ mode: "byob" })
            .readAtLeast(v, new Uint8Array(2))
            .then((r) => r.value?.length),
        ),
      );
      await t("RS.from " + n, () => ReadableStream.from(v).locked);
      await t("RS cancel " + n, () => quick(new ReadableStream().cancel(v)));
      await t("pipeTo " + n, () =>
        quick(
          new ReadableStream({
            start(c) {
              c.close();
            },
          }).pipeTo(v),
        ),
      );
      await t(
        "pipeThrough " + n,
        () =>
          typeof new ReadableStream({
            start(c) {
              c.close();
            },
          }).pipeThrough(v),
      );
      await t("pipeTo opts " + n, () =>
        quick(
          new ReadableStream({
            start(c) {
              c.close();
            },
          }).pipeTo(new WritableStream(), v),
        ),
      );
      for (const k of ["signal", "preventClose", "preventAbort", "preventCancel"])
        await t(`pipeTo ${k} ${n}`, () =>
          quick(
            new ReadableStream({
              start(c) {
                c.close();
              },
            }).pipeTo(new WritableStream(), { [k]: v }),
          ),
        );
      await t("WS " + n, () => new WritableStream(v).locked);
      for (const k of ["start", "write", "close", "abort", "type"]) await t(`WS ${k} ${n}`, () => new WritableStream({ [k]: v }).locked);
      await t("WS abort " + n, () => quick(new WritableStream().abort(v)));
      await t("writer write " + n, () => quick(new WritableStream().getWriter().write(v)));
      await t("its write " + n, () => {
        const w = new IdentityTransformStream().writable.getWriter();
        return quick(w.write(v));
      });
      await t("fls " + n, () => new FixedLengthStream(v).readable.locked);
      await t("TS " + n, () => new TransformStream(v).readable.locked);
      for (const k of ["start", "transform", "flush", "cancel", "readableType", "writableType"])
        await t(`TS ${k} ${n}`, () => new TransformStream({ [k]: v }).readable.locked);
      await t("CS " + n, () => new CompressionStream(v).readable.locked);
      await t("DS " + n, () => new DecompressionStream(v).readable.locked);
      await t("TDS " + n, () => new TextDecoderStream(v).encoding);
      await t("TES " + n, () => new TextEncoderStream(v).encoding);
      await t("CQ " + n, () => new CountQueuingStrategy(v).highWaterMark);
      await t("CQh " + n, () => new CountQueuingStrategy({ highWaterMark: v }).highWaterMark);
      await t("BQ " + n, () => new ByteLengthQueuingStrategy({ highWaterMark: v }).size(v));
      await t("CQ size " + n, () => new CountQueuingStrategy({ highWaterMark: 1 }).size(v));
      await t("TD " + n, () => new TextDecoder(v).encoding);
      await t("TD opt " + n, () => new TextDecoder("utf-8", v).fatal);
      for (const k of ["fatal", "ignoreBOM"]) await t(`TD ${k} ${n}`, () => new TextDecoder("utf-8", { [k]: v })[k]);
      await t("decode " + n, () => new TextDecoder().decode(v));
      await t("decode opt " + n, () => new TextDecoder().decode(new Uint8Array([65]), v));
      await t("encode " + n, () => new TextEncoder().encode(v).length);
      await t("encodeInto " + n, () => new TextEncoder().encodeInto(v, new Uint8Array(9)));
      await t("encodeInto2 " + n, () => new TextEncoder().encodeInto("x", v));
      await t("atob " + n, () => atob(v));
      await t("btoa " + n, () => btoa(v));
      await t("clone " + n, () => typeof structuredClone(v));
      await t("clone opt " + n, () => structuredClone(1, v));
      await t("clone transfer " + n, () => structuredClone(1, { transfer: v }));
      await t("setTimeout " + n, () => typeof setTimeout(v));
      await t("setTimeout ms " + n, () => {
        const id = setTimeout(() => {}, v);
        clearTimeout(id);
        return typeof id;
      });
      await t("clearTimeout " + n, () => clearTimeout(v));
      await t("queueMicrotask " + n, () => queueMicrotask(n === "fn" ? () => {} : v));
      await t("scheduler " + n, () => quick(scheduler.wait(v)));
      await t("scheduler opt " + n, () => quick(scheduler.wait(0, v)));
      await t("reportError " + n, () => reportError(v));
      await t("setInterval " + n, () => {
        const i = setInterval(v, 1e6);
        clearInterval(i);
        return typeof i;
      });
      await t("USVP " + n, () => new URLPattern(v).pathname);
      await t("URLPattern base " + n, () => new URLPattern("/a", v).pathname);
      await t("URLPattern test " + n, () => new URLPattern({ pathname: "/*" }).test(v));
      await t("URLPattern exec " + n, () => new URLPattern({ pathname: "/*" }).exec(v)?.pathname?.input);
      await t("URLPattern opts " + n, () => new URLPattern("http://x/a", "http://x", v).pathname);
      await t("ws send " + n, () => {
        const [a, b] = Object.values(new WebSocketPair());
        a.accept();
        b.accept();
        return a.send(v);
      });
      await t("ws close " + n, () => {
        const [a, b] = Object.values(new WebSocketPair());
        a.accept();
        return a.close(v);
      });
      await t("ws close2 " + n, () => {
        const [a, b] = Object.values(new WebSocketPair());
        a.accept();
        return a.close(1000, v);
      });
      await t("ws accept " + n, () => {
        const [a] = Object.values(new WebSocketPair());
        return a.accept(v);
      });
      await t("ws binaryType " + n, () => {
        const [a] = Object.values(new WebSocketPair());
        a.binaryType = v;
        return a.binaryType;
      });
      await t("ws attach " + n, () => {
        const [a] = Object.values(new WebSocketPair());
        a.serializeAttachment(v);
        return typeof a.deserializeAttachment();
      });
      await t("new WebSocket " + n, () => new WebSocket(v));
      await t("MC post " + n, () => {
        const c = new MessageChannel();
        return c.port1.postMessage(v);
      });
      await t("onmessage " + n, () => {
        const c = new MessageChannel();
        c.port1.onmessage = v;
        return typeof c.port1.onmessage;
      });
      await t("HR on " + n, () => typeof new HTMLRewriter().on(v, {}));
      await t("HR on2 " + n, () => typeof new HTMLRewriter().on("a", v));
      await t("HR doc " + n, () => typeof new HTMLRewriter().onDocument(v));
      await t("HR transform " + n, () => typeof new HTMLRewriter().transform(v));
      for (const k of ["element", "text", "comments"])
        await t(`HR ${k} ${n}`, () =>
          new HTMLRewriter()
            .on("a", { [k]: v })
            .transform(new Response("<a>x<!--c--></a>"))
            .text(),
        );
      const H = (f) => new HTMLRewriter().on("a", { element: f }).transform(new Response("<a b=c>x</a>")).text();
      for (const m of [
        "getAttribute",
        "hasAttribute",
        "removeAttribute",
        "before",
        "after",
        "prepend",
        "append",
        "replace",
        "setInnerContent",
        "onEndTag",
      ]) {
        await t(`el.${m} ${n}`, () =>
          H((e) => {
            const r = e[m](v);
            if (typeof r !== "object") out[`el.${m} r ${n}`] = String(r);
          }),
        );
        await t(`el.${m} o ${n}`, () =>
          H((e) => {
            e[m]("<i>", v);
          }),
        );
        await t(`el.${m} h ${n}`, () =>
          H((e) => {
            e[m]("<i>", { html: v });
          }),
        );
      }
      await t("el.set " + n, () =>
        H((e) => {
          e.setAttribute("q", v);
        }),
      );
      await t("el.setn " + n, () =>
        H((e) => {
          e.setAttribute(v, "q");
        }),
      );
      await t("el.tag " + n, () =>
        H((e) => {
          e.tagName = v;
        }),
      );
      await t("txt " + n, () =>
        new HTMLRewriter()
          .on("a", {
            text(x) {
              x.replace(v);
            },
          })
          .transform(new Response("<a>x</a>"))
          .text(),
      );
      await t("com " + n, () =>
        new HTMLRewriter()
          .on("a", {
            comments(x) {
              x.text = v;
            },
          })
          .transform(new Response("<a><!--y--></a>"))
          .text(),
      );
      await t("caches.open " + n, async () => typeof (await caches.open(v)));
      await t("es from " + n, () => typeof EventSource.from(v));
      await t("waitUntil " + n, () => navigator.sendBeacon?.("http://127.0.0.1:1/", v));
      await t("fetch " + n, () =>
        quick(fetch(v)).catch((e) => {
          if (/operation|connection lost|internal error/.test(e.message)) return "sent";
          throw e;
        }),
      );
      await t("console " + n, () => console.log(v));
    }
    return Response.json(out);
  },
};
