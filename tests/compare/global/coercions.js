// Values of every kind, given to forms, blobs, headers, URLs, requests, responses and events.
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
    const show = (v) =>
      v instanceof File
        ? `File(${v.name},${v.type},${v.size},${v.lastModified === 5})`
        : v instanceof Blob
          ? `Blob(${v.type},${v.size})`
          : `${typeof v}:${JSON.stringify(v)}`;
    for (const [n, v] of Object.entries(V)) {
      await t("new FormData " + n, () => [...new FormData(v)]);
      await t("append " + n, () => {
        const f = new FormData();
        f.append("a", v);
        return show(f.get("a"));
      });
      await t("append3 " + n, () => {
        const f = new FormData();
        f.append("a", V.blob, v);
        return show(f.get("a"));
      });
      await t("append3f " + n, () => {
        const f = new FormData();
        f.append("a", V.file, v);
        return show(f.get("a"));
      });
      await t("append3s " + n, () => {
        const f = new FormData();
        f.append("a", "s", v);
        return show(f.get("a"));
      });
      await t("name " + n, () => {
        const f = new FormData();
        f.append(v, "x");
        return [...f.keys()];
      });
      await t("set " + n, () => {
        const f = new FormData();
        f.append("a", "1");
        f.append("b", "2");
        f.append("a", "3");
        f.set("a", v);
        return [...f].map(([k, v]) => k + show(v));
      });
      await t("get " + n, () => new FormData().get(v));
      await t("getAll " + n, () => new FormData().getAll(v));
      await t("has " + n, () => new FormData().has(v));
      await t("has2 " + n, () => {
        const f = new FormData();
        f.append("a", "5");
        return f.has("a", v);
      });
      await t("delete " + n, () => {
        const f = new FormData();
        f.append("a", "5");
        f.append("a", "x");
        f.delete("a", v);
        return [...f];
      });
      await t("each " + n, () => {
        const f = new FormData();
        f.append("a", "1");
        return f.forEach(v);
      });
      await t("new Blob " + n, async () => {
        const b = new Blob(v);
        return [b.size, b.type, await b.text()];
      });
      await t("Blob part " + n, async () => {
        const b = new Blob([v, "-"]);
        return [b.size, b.type, await b.text()];
      });
      await t("Blob opts " + n, () => new Blob(["x"], v).type);
      await t("Blob type " + n, () => new Blob(["x"], { type: v }).type);
      await t("Blob endings " + n, () => new Blob(["x"], { endings: v }).size);
      await t("File " + n, () => {
        const f = new File(["x"], v);
        return [f.name, f.type];
      });
      await t(
        "File lm " + n,
        () =>
          new File(["x"], "n", { lastModified: v }).lastModified !== undefined &&
          (typeof v === "undefined" ? 0 : new File(["x"], "n", { lastModified: v }).lastModified),
      );
      await t("slice " + n, async () => await new Blob(["hello"]).slice(v).text());
      await t("slice2 " + n, async () => await new Blob(["hello"]).slice(1, v).text());
      await t("slice3 " + n, () => new Blob(["hello"]).slice(0, 1, v).type);
      await t("new Headers " + n, () => [...new Headers(v)]);
      await t("Headers name " + n, () => {
        const h = new Headers();
        h.append(v, "x");
        return [...h];
      });
      await t("Headers value " + n, () => {
        const h = new Headers();
        h.append("x", v);
        return [...h];
      });
      await t("Headers get " + n, () => new Headers().get(v));
      await t("Headers has " + n, () => new Headers().has(v));
      await t("Headers delete " + n, () => new Headers().delete(v));
      await t("Headers set " + n, () => {
        const h = new Headers({ x: "1" });
        h.set("x", v);
        return h.get("x");
      });
      await t("Headers getAll " + n, () => new Headers().getAll(v));
      await t("Headers forEach " + n, () => new Headers({ a: "b" }).forEach(v));
      await t("new USP " + n, () => new URLSearchParams(v).toString());
      await t("USP append " + n, () => {
        const u = new URLSearchParams();
        u.append("a", v);
        return u.toString();
      });
      await t("USP has " + n, () => new URLSearchParams("a=5&a=null&a=undefined").has("a", v));
      await t("USP delete " + n, () => {
        const u = new URLSearchParams("a=5&a=x&a=undefined");
        u.delete("a", v);
        return u.toString();
      });
      await t("Response " + n, async () => {
        const r = new Response(v);
        return [r.headers.get("content-type")?.replace(/boundary=.*/, "boundary=") ?? null, (await r.text()).length];
      });
      await t("Response init " + n, () => {
        const r = new Response("x", v);
        return [r.status, r.statusText, [...r.headers]];
      });
      await t("Response status " + n, () => new Response("x", { status: v }).status);
      await t("Response statusText " + n, () => new Response("x", { statusText: v }).statusText);
      await t("Response headers " + n, () => [...new Response("x", { headers: v }).headers]);
      await t("Response.json " + n, async () => await Response.json(v).text());
      await t("Response.redirect " + n, () => Response.redirect(v).headers.get("location"));
      await t("redirect status " + n, () => Response.redirect("http://x/", v).status);
      await t("Response ws " + n, () => new Response("x", { webSocket: v }).webSocket);
      await t("encodeBody " + n, () => new Response("x", { encodeBody: v }).status);
      await t("Request " + n, () => new Request(v).url);
      await t("Request init " + n, () => new Request("http://x/", v).method);
      for (const k of [
        "method",
        "headers",
        "body",
        "redirect",
        "signal",
        "integrity",
        "keepalive",
        "mode",
        "credentials",
        "referrer",
        "duplex",
        "fetcher",
      ])
        await t(`Request ${k} ${n}`, () => {
          const r = new Request("http://x/", { ...(k === "body" ? { method: "POST" } : {}), [k]: v });
          return [r.method, r.redirect, [...r.headers].length, String(r[k]).slice(0, 40)];
        });
      await t("URL " + n, () => new URL(v).href);
      await t("URL base " + n, () => new URL("a", v).href);
      await t("URL.canParse " + n, () => URL.canParse(v));
      await t("URL.parse " + n, () => URL.parse(v)?.href);
      for (const k of ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"])
        await t(`URL.${k} ${n}`, () => {
          const u = new URL("http://a:b@c:8/d?e#f");
          u[k] = v;
          return u.href;
        });
      await t("Event " + n, () => new Event(v).type);
      await t("Event init " + n, () => new Event("x", v).bubbles);
      await t("CustomEvent d " + n, () => typeof new CustomEvent("x", { detail: v }).detail);
      await t("addEL " + n, () => new EventTarget().addEventListener("x", v));
      await t("addEL2 " + n, () => new EventTarget().addEventListener(v, () => {}));
      await t("addEL3 " + n, () => new EventTarget().addEventListener("x", () => {}, v));
      await t("removeEL " + n, () => new EventTarget().removeEventListener("x", v));
      await t("removeEL3 " + n, () => new EventTarget().removeEventListener("x", () => {}, v));
      await t("dispatch " + n, () => new EventTarget().dispatchEvent(v));
      for (const k of ["once", "passive", "capture", "signal"])
        await t(`addEL ${k} ${n}`, () => new EventTarget().addEventListener("x", () => {}, { [k]: v }));
      await t("abort " + n, () => {
        const c = new AbortController();
        c.abort(v);
        return [c.signal.aborted, String(c.signal.reason)];
      });
      await t("AS.abort " + n, () => String(AbortSignal.abort(v).reason));
      await t("AS.timeout " + n, () => AbortSignal.timeout(v).aborted);
      await t("AS.any " + n, () => AbortSignal.any(v).aborted);
      await t("DOMException " + n, () => {
        const e = new DOMException("m", v);
        return [e.name, e.code, e.message];
      });
      await t("DOMException m " + n, () => new DOMException(v).message);
    }
    return Response.json(out);
  },
};
