// Halves of surrogate pairs that are alone, wherever a string is taken.
const told = async (f) => {
  try {
    const r = await f();
    if (r instanceof ArrayBuffer) return "AB" + r.byteLength;
    if (ArrayBuffer.isView(r)) return [...r].join();
    if (typeof r === "object" && r !== null) return JSON.stringify(r);
    return `${typeof r} ${String(r)}`;
  } catch (e) {
    return `${e?.constructor?.name} ${e?.name}: ${e?.message}`;
  }
};
export default {
  async fetch() {
    const out = {};
    const t = async (n, f) => {
      out[n] = await told(f);
    };
    const L = "a\ud800b\udc00";
    await t("TextEncoder", () => new TextEncoder().encode(L));
    await t("into", () => new TextEncoder().encodeInto(L, new Uint8Array(20)));
    await t("Blob", () => new Blob([L]).bytes());
    await t("URL", () => new URL("http://x/" + L + "?" + L + "#" + L).href);
    await t("URL host", () => new URL("http://" + L).href);
    await t("pathname", () => {
      const u = new URL("http://x");
      u.pathname = L;
      u.hash = L;
      u.search = L;
      u.username = L;
      return u.href;
    });
    await t("usp", () => new URLSearchParams({ [L]: L }).toString());
    await t("usp get", () => new URLSearchParams({ [L]: L }).get(L));
    await t("usp str", () => new URLSearchParams(L + "=" + L).toString());
    await t("header", () => new Headers({ a: L }).get("a"));
    await t("header n", () => new Headers({ [L]: "x" }));
    await t("statusText", () => new Response("x", { statusText: L }).statusText);
    await t("type", () => new Blob([], { type: L }).type);
    await t("json", () => Response.json({ [L]: L }).text());
    await t("parse", () => new Response(JSON.stringify(L)).json());
    await t("throw", () => {
      throw new Error(L);
    });
    await t("ev", () => new CustomEvent(L).type);
    await t("listen", () => {
      const e = new EventTarget();
      let n = 0;
      e.addEventListener(L, () => n++);
      e.dispatchEvent(new Event(L));
      e.dispatchEvent(new Event("a\ufffd\ufffd\ufffdb\ufffd\ufffd\ufffd"));
      return n;
    });
    await t("form", async () => {
      const f = new FormData();
      f.append(L, L);
      f.append("f", new Blob(["x"]), L);
      return (await new Response(f).text()).replace(/--[-\w]+/g, "B");
    });
    await t("clone", () => structuredClone({ [L]: L }));
    await t("btoa", () => btoa(L));
    await t("atob", () => atob(L));
    await t("console", () => {
      console.log(L);
      console.error({ [L]: L });
      console.table([[L]]);
      return 1;
    });
    await t("err", () => {
      const e = new Error(L);
      return e.stack.split("\n")[0];
    });
    await t("sym", () => Symbol(L).description);
    await t("re", () => new RegExp(L).source);
    await t("fnname", () => ({ [L]() {} })[L].name);
    await t("abort", () => AbortSignal.abort(L).reason);
    await t("ws", async () => {
      const [a, b] = Object.values(new WebSocketPair());
      a.accept();
      b.accept();
      const p = new Promise((r) => b.addEventListener("message", (e) => r(e.data)));
      a.send(L);
      return p;
    });
    await t("ident", async () => {
      const i = new IdentityTransformStream();
      const w = i.writable.getWriter();
      w.write(L).catch(() => {});
      const r = await i.readable.getReader().read();
      return r.value;
    });
    await t("tes", async () => {
      const s = new TextEncoderStream();
      const w = s.writable.getWriter();
      w.write("a\ud83d");
      w.write("\ude00b\ud800");
      w.close();
      return new Response(s.readable).bytes();
    });
    await t("digest", () => crypto.subtle.digest("SHA-256", L));
    await t("alg", () => crypto.subtle.digest(L, new Uint8Array(1)));
    await t("fmt", () => crypto.subtle.importKey(L, new Uint8Array(16), "AES-GCM", true, ["encrypt"]));
    await t("pattern", () => new URLPattern({ pathname: "/" + L }).pathname);
    await t("patternt", () => new URLPattern({ pathname: "/:a" }).exec({ pathname: "/" + L })?.pathname.groups.a);
    await t("hr", () =>
      new HTMLRewriter()
        .on("a", {
          element(e) {
            e.setAttribute("x", L);
            e.append(L);
            e.tagName = "b";
          },
        })
        .transform(new Response("<a></a>"))
        .text(),
    );
    await t("hr sel", () => new HTMLRewriter().on(L, {}));
    await t("cookie", () => new Response("x", { headers: { "set-cookie": L } }).headers.getSetCookie());
    await t("method", () => new Request("http://x", { method: L }));
    await t("cf", () => new Request("http://x", { cf: { a: L } }).cf.a);
    await t("cs", () => new CompressionStream(L));
    await t("dom", () => new DOMException(L, L).message);
    await t("file", () => new File([L], L).name);
    await t("perf", () => performance.mark?.(L)?.name);
    await t("eval", () => decodeURIComponent(encodeURI("a")) + encodeURIComponent(L));
    await t("mc", async () => {
      const c = new MessageChannel();
      const p = new Promise((r) => (c.port2.onmessage = (e) => r(e.data)));
      c.port1.postMessage(L);
      return p;
    });
    await t("isWF", () => [L.isWellFormed(), L.toWellFormed()]);
    await t("norm", () => L.normalize("NFC") === L);
    await t("lc", () => L.toLocaleLowerCase() === L);
    await t("cmp", () => L.localeCompare("a"));
    await t("tz", () => new Intl.DateTimeFormat("en", { timeZone: L }));
    await t("fetch cf", () =>
      fetch("http://127.0.0.1:1/", { cf: { cacheKey: L, cacheTags: [L], cacheTtl: 1 } }).catch((e) => {
        if (/operation|connection lost|internal error/.test(e.message)) return "sent";
        throw e;
      }),
    );
    await t("report", () => reportError(new Error(L)));
    return Response.json(out);
  },
};
