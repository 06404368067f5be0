// The own members of what the platform makes, in their order.
const D = (o) =>
  o === null || typeof o !== "object"
    ? String(o)
    : Reflect.ownKeys(o)
        .map((k) => {
          const d = Object.getOwnPropertyDescriptor(o, k);
          return `${String(k)}:${"value" in d ? (d.value === undefined ? "undef" : typeof d.value) : "acc"}${d.enumerable ? "e" : ""}${d.writable ? "w" : ""}${d.configurable ? "c" : ""}`;
        })
        .join() +
      "|" +
      Object.prototype.toString.call(o) +
      "|" +
      Object.getPrototypeOf(o)?.constructor?.name;
export default {
  async fetch(request, env, ctx) {
    const out = {};
    const t = async (n, f) => {
      try {
        out[n] = D(await f());
      } catch (e) {
        out[n] = `${e?.name}: ${e?.message}`;
      }
    };
    const s = crypto.subtle;
    const b = new Uint8Array(16);
    for (const [n, a, u] of [
      ["gcm", { name: "AES-GCM", length: 128 }, ["encrypt"]],
      ["hmac", { name: "HMAC", hash: "SHA-1" }, ["sign"]],
      ["ec", { name: "ECDSA", namedCurve: "P-256" }, ["sign"]],
      ["ed", { name: "Ed25519" }, ["sign"]],
      ["x", { name: "X25519" }, ["deriveBits"]],
      ["rsa", { name: "RSA-PSS", hash: "SHA-256", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }, ["sign"]],
    ]) {
      let k;
      try {
        k = await s.generateKey(a, true, u);
      } catch (e) {
        out[n] = String(e);
        continue;
      }
      await t("pair " + n, () => k);
      const key = k.privateKey ?? k;
      await t("alg " + n, () => key.algorithm);
      if (key.algorithm.hash) await t("hash " + n, () => key.algorithm.hash);
      if (key.algorithm.publicExponent) await t("exp " + n, () => Array.from(key.algorithm.publicExponent));
      await t("jwk " + n, () => s.exportKey("jwk", key));
      await t("key " + n, () => key);
      out["same " + n] = [key.algorithm === key.algorithm, key.usages === key.usages];
    }
    await t("hkdf", () => s.importKey("raw", b, "HKDF", false, ["deriveBits"]).then((k) => k.algorithm));
    const pt = new URLPattern({ pathname: "/:a/*" }).exec("http://x/1/2?q");
    await t("pattern", () => pt);
    await t("pattern.p", () => pt.pathname);
    await t("pattern.g", () => pt.pathname.groups);
    await t("pattern.i", () => pt.inputs);
    await t("pattern.h", () => pt.hash);
    const rs = new ReadableStream({
      pull(c) {
        c.enqueue("x");
        c.close();
      },
    });
    const r = rs.getReader();
    await t("read", () => r.read());
    await t("done", () => r.read());
    await t("reader", () => r);
    await t("rs", () => rs);
    await t("iter", async () => {
      const it = new ReadableStream({
        start(c) {
          c.enqueue(1);
          c.close();
        },
      }).values();
      const a = await it.next();

      return it.next();
    });
    const br = new Response("x").body.getReader({ mode: "byob" });
    await t("byob", () => br.read(new Uint8Array(4)));
    await t("byobdone", () => br.read(new Uint8Array(4)));
    await t("tee", () => new Response("x").body.tee());
    await t("ts", () => new TransformStream());
    await t("wsp", () => new WebSocketPair());
    await t("fd", () => new FormData());
    await t("fdit", () => new FormData().entries().next());
    await t("usp", () => new URLSearchParams("a=b").entries().next());
    await t("hd", () => new Headers({ a: "b" }).entries().next());
    await t("ei", () => new TextEncoder().encodeInto("x", new Uint8Array(3)));
    await t("err", () => new DOMException("x", "y"));
    await t("ev", () => new Event("x"));
    await t("cev", () => new CustomEvent("x", { detail: 1 }));
    await t("mev", () => new MessageEvent("message", { data: 1 }));
    await t("clev", () => new CloseEvent("close"));
    await t("erev", () => new ErrorEvent("error"));
    await t("req", () => new Request("http://x"));
    await t("res", () => new Response("x"));
    await t("blob", () => new Blob(["x"]));
    await t("file", () => new File(["x"], "y"));
    await t("url", () => new URL("http://x"));
    await t("ac", () => new AbortController());
    await t("as", () => new AbortController().signal);
    await t("mc", () => new MessageChannel());
    await t("perf", () => performance);
    await t("nav", () => navigator);
    await t("ctx", () => ctx);
    await t("env", () => env);
    await t("crypto", () => crypto);
    await t("sched", () => scheduler);
    await t("cf", () => Cloudflare);
    await t("console", () => console);
    await t("perfj", () => performance.toJSON?.());
    await t("timing", () => performance.timeOrigin);
    await t("props", () => ctx.props);
    const el = [];
    await new HTMLRewriter()
      .on("a", {
        element(e) {
          el.push(D(e));
          el.push(D([...e.attributes][0]));
          el.push(D(e.attributes));
          el.push(D(e.attributes.next()));
        },
        text(t) {
          el.push(D(t));
        },
        comments(c) {
          el.push(D(c));
        },
      })
      .onDocument({
        doctype(d) {
          el.push(D(d));
          el.push([d.name, d.publicId, d.systemId].map(String).join());
        },
        end(e) {
          el.push(D(e));
        },
      })
      .transform(new Response("<!doctype html><a b=c d>x<!--y--></a>"))
      .text();
    out.el = el;
    const st = {
      d: new Date(0),
      e: new RangeError("x", { cause: 1 }),
      m: new Map([[1, 2]]),
      s: new Set([1]),
      r: /x/g,
      b: new Uint8Array(2),
      big: 1n,
      n: new Number(1),
      st: new String("x"),
      bo: new Boolean(true),
      ar: [1, , 2],
    };
    const c = structuredClone(st);
    for (const k in c) if (k !== "e") out["clone " + k] = D(c[k]);
    return Response.json(out);
  },
};
