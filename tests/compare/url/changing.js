// URLSearchParams and Headers that change while they are walked, and what parameters are made of.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const it = (q, f) => { const p = new URLSearchParams(q); const out = []; for (const [k, v] of p) { out.push(k + v); f(p, k, out); if (out.length > 8) break; } return [out, p.toString()]; };
note("usp delete self", () => it("a=1&b=2&c=3", (p, k) => p.delete(k)));
note("usp delete next", () => it("a=1&b=2&c=3", (p, k) => { if (k === "a") p.delete("b"); }));
note("usp append", () => it("a=1", (p, k, o) => { if (o.length < 4) p.append("x" + o.length, "y"); }));
note("usp sort", () => it("c=1&b=2&a=3", (p) => p.sort()));
note("usp set", () => it("a=1&b=2&a=3", (p) => p.set("a", "9")));
note("usp url", () => { const u = new URL("http://x/?a=1&b=2"); const out = []; for (const [k] of u.searchParams) { out.push(k); u.search = "?z=1&y=2&x=3"; } return out; });
note("usp delete value", () => { const p = new URLSearchParams("a=1&a=2&a"); p.delete("a", "1"); p.delete("a", undefined); return p.toString(); });
note("usp has value", () => { const p = new URLSearchParams("a=1&a=2"); return [p.has("a", "2"), p.has("a", "3"), p.has("a", undefined), p.has("a", null)]; });
note("usp size", () => [new URLSearchParams("a&b&a").size, new URLSearchParams().size]);
note("usp sort stable", () => { const p = new URLSearchParams("b=1&a=1&b=0&é=1&\u{1f600}=1&\uffff=2"); p.sort(); return p.toString(); });
for (const i of ["?a=b", "??a", "a=b#c", "&&a", "=", "a=b=c", "%", "%2", "a+b=c+d", "\ud800", [["a", "b"]], [["a"]], [["a", "b", "c"]], { a: 1, b: null }, new Map([["a", "b"]]), [], null, undefined, 5, true, [[1, 2]], ["ab"], new URLSearchParams("q=1"), new FormData(), { a: [1, 2] }, [["a", "b"].values()]]) note("usp init " + (typeof i === "object" ? JSON.stringify(i) + Object.prototype.toString.call(i) : String(i)), () => new URLSearchParams(i).toString());
note("usp iterator", () => { const i = new URLSearchParams("a=1").entries(); return [Object.prototype.toString.call(i), JSON.stringify(i.next()), JSON.stringify(i.next()), i[Symbol.iterator]() === i]; });
note("usp forEach", () => { const o = []; new URLSearchParams("a=1&b=2").forEach(function (v, k, p) { o.push(v + k + (p instanceof URLSearchParams) + this); }, 5); return o; });
note("h iterate mutate", () => { const h = new Headers({ b: "1", a: "2", d: "3" }); const o = []; for (const [k] of h) { o.push(k); if (o.length < 6) h.set("c" + o.length, "x"); } return o; });
note("h delete iterate", () => { const h = new Headers({ b: "1", a: "2", d: "3" }); const o = []; for (const [k] of h) { o.push(k); h.delete("b"); } return o; });
note("h cookies iterate", () => [...new Headers([["set-cookie", "a"], ["x", "1"], ["set-cookie", "b"], ["a", "2"]])].map(String));
note("h cookie keys", () => [[...new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).keys()], [...new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).values()]]);
note("h cookie delete", () => { const h = new Headers([["set-cookie", "a"], ["set-cookie", "b"]]); h.delete("Set-Cookie"); return h.getSetCookie(); });
note("h case iter", () => [...new Headers([["X-B", "1"], ["x-a", "2"], ["X-b", "3"]])].map(String));}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
