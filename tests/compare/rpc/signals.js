// AbortSignals on their way to another Worker and back.
// flags: enable_abortsignal_rpc
// requests: GET /?0; GET /?1; GET /?2; GET /?3; GET /?4; GET /?5
// service: B = services/carrier.js
const EACH = 5;
export default {
  async fetch(req, { B }) {
    const all = [];
    const facts = {};
    const F = (name, f) => void all.push([name, f]);
    const tell = (reason) => (reason instanceof DOMException ? ["DOMException", reason.name, reason.message] : reason instanceof Error ? ["Error", reason.name, reason.message] : [typeof reason, reason ?? null]);
    F("look", () => B.look(new AbortController().signal));
    F("lookAborted", () => B.look(AbortSignal.abort()));
    F("lookText", () => B.look(AbortSignal.abort("text")));
    F("lookError", () => B.look(AbortSignal.abort(new RangeError("wrong"))));
    F("lookTimeout", () => B.look(AbortSignal.timeout(60000)));
    F("wait", async () => { const c = new AbortController(); const p = B.wait(c.signal); await scheduler.wait(20); c.abort(); return p; });
    F("waitReason", async () => { const c = new AbortController(); const p = B.wait(c.signal); await scheduler.wait(20); c.abort({ a: 1 }); return p; });
    F("waitError", async () => { const c = new AbortController(); const p = B.wait(c.signal); await scheduler.wait(20); c.abort(new TypeError("mine")); return p; });
    F("waitOn", async () => { const c = new AbortController(); const p = B.waitOn(c.signal); await scheduler.wait(20); c.abort(1); return p; });
    F("waitIn", async () => { const c = new AbortController(); return B.waitIn({ signal: c.signal, started: () => c.abort("in an object") }); });
    F("waitSoon", async () => { const c = new AbortController(); const p = B.wait(c.signal); c.abort("soon"); return p; });
    F("throws", async () => { const c = new AbortController(); const p = B.wrong(c.signal); await scheduler.wait(20); c.abort(new RangeError("thrown")); return p; });
    F("timeout", () => B.wait(AbortSignal.timeout(20)));
    F("any", async () => { const a = new AbortController(); const b = new AbortController(); const p = B.any(a.signal, b.signal); await scheduler.wait(20); b.abort("b"); return p; });
    F("anyHere", async () => { const a = new AbortController(); const p = B.wait(AbortSignal.any([a.signal, new AbortController().signal])); await scheduler.wait(20); a.abort("a"); return p; });
    F("unsendable", async () => { const c = new AbortController(); const p = B.wait(c.signal); await scheduler.wait(20); c.abort(Symbol("x")); return Promise.race([p, scheduler.wait(300).then(() => "nothing")]); });
    F("hold", async () => { const c = new AbortController(); const h = await B.hold(c.signal); const before = await h.aborted; c.abort(); await scheduler.wait(50); return [before, await h.aborted]; });
    F("controller", () => B.look(new AbortController()));
    F("controllerBack", () => B.controller());
    F("back", async () => { const s = await B.aborted("back"); return [s instanceof AbortSignal, s.aborted, tell(s.reason)]; });
    F("backLater", async () => { const s = await B.later(30, "later"); const was = s.aborted; await Promise.race([new Promise((r) => s.addEventListener("abort", r)), scheduler.wait(500)]); return [was, s.aborted, tell(s.reason)]; });
    F("job", async () => { const c = new AbortController(); const p = B.waitForIt(c.signal); await scheduler.wait(20); c.abort(); return p; });
    F("requestSignal", () => B.requestSignal(new Request("http://x/", { signal: new AbortController().signal })));
    F("requestNone", () => B.requestSignal(new Request("http://x/")));
    F("requestAborted", async () => { const c = new AbortController(); return B.requestAborted(new Request("http://x/", { signal: c.signal }), () => { c.abort("gone"); }); });
    F("twice", async () => { const c = new AbortController(); const p = [B.wait(c.signal), B.wait(c.signal)]; await scheduler.wait(20); c.abort(2); return Promise.all(p); });
    F("dispose", async () => typeof (await B.aborted(1))[Symbol.dispose]);
    const at = Number(new URL(req.url).search.slice(1));
    for (const [name, f] of all.slice(at * EACH, at * EACH + EACH)) {
      try {
        const v = await f();
        facts[name] = v === undefined ? "undefined" : v;
      } catch (e) {
        facts[name] = ["threw", e?.constructor?.name, e?.name, e?.message, e?.remote];
      }
    }
    return Response.json(facts);
  },
};
