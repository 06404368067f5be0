// Listeners that throw, from 2026-09-15 on: each is told of, and the others hear of the event.
// date: 2026-10-01
// head: ../streams/heads/facts.js
export default {
  async fetch(request) {
    await t("abort in handler", () => { const c = new AbortController(); const l = []; c.signal.addEventListener("abort", () => { l.push(1); c.abort("in"); }); c.signal.addEventListener("abort", () => { l.push(2); throw new Error("x"); }); c.signal.addEventListener("abort", () => l.push(3)); l.push(raw(() => c.abort("out"))); l.push(c.signal.reason); return l; });
    await t("listener signal", () => { const c = new AbortController(); const e = new EventTarget(); const l = []; e.addEventListener("x", () => l.push(1), { signal: c.signal }); e.dispatchEvent(new Event("x")); c.abort(); e.dispatchEvent(new Event("x")); e.addEventListener("x", () => l.push(2), { signal: c.signal }); e.dispatchEvent(new Event("x")); l.push(raw(() => e.addEventListener("x", () => {}, { signal: null })), raw(() => e.addEventListener("x", () => {}, { signal: 5 }))); return l; });
    await t("dispatch", () => { const e = new EventTarget(); const l = []; e.onx = () => { l.push("on"); throw new Error("o"); }; e.addEventListener("x", () => { l.push(1); throw new Error("boom"); }); e.addEventListener("x", (v) => { l.push(2); v.preventDefault(); }); l.push(raw(() => e.dispatchEvent(new Event("x", { cancelable: true })))); return l; });
    await t("told of", () => { const l = []; const hear = (v) => { l.push(v.message, String(v.error)); v.preventDefault(); }; addEventListener("error", hear); const e = new EventTarget(); e.addEventListener("x", () => { throw new RangeError("r"); }); l.push(raw(() => e.dispatchEvent(new Event("x")))); removeEventListener("error", hear); return l; });
    return Response.json(facts);
  },
};
