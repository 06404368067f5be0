// Timers and microtasks: what they take, in which order they come, and how many there may be.
// head: heads/noted.js
async function work(request, env, ctx) {
const fill = () => { const ids = []; try { for (let i = 0; i < 10001; i++) ids.push(setTimeout(() => {}, 100000)); return "fine"; } catch (e) { return say(e).slice(-60); } finally { ids.forEach(clearTimeout); } };
facts.a = fill(); facts.b = fill();
await scheduler.wait(1); await scheduler.wait(1); facts.c = fill();
await new Promise((r) => setTimeout(r, 1)); facts.d = fill();
const t = setTimeout(() => {}, 50); clearTimeout(t); facts.e = fill();
let n = 0; await new Promise((r) => { const i = setInterval(() => { if (++n === 3) { clearInterval(i); r(); } }, 1); }); facts.f = fill();
const i2 = setInterval(() => {}, 10000); facts.g = fill(); clearInterval(i2);
try { const ids = []; for (let i = 0; i < 10000; i++) ids.push(setTimeout(() => {}, 100000)); try { await scheduler.wait(1); facts.h = "waited"; } catch (e) { facts.h = say(e); } try { AbortSignal.timeout(1); facts.i = "ok"; } catch (e) { facts.i = say(e); } ids.forEach(clearTimeout); } catch (e) { facts.h = say(e); }
note("qm none", () => queueMicrotask()); note("qm str", () => queueMicrotask("x")); note("qm null", () => queueMicrotask(null)); note("qm this", () => queueMicrotask.call({}, () => {})); note("qm ret", () => String(queueMicrotask(() => {})));
await later("qm this in", () => new Promise((r) => queueMicrotask(function () { r([this === globalThis || this === undefined, arguments.length]); })));
for (const f of ["setTimeout", "setInterval"]) { for (const a of ["x", null, undefined, 5, {}, Symbol()]) note(`${f} ${String(a)}`, () => typeof globalThis[f](a, 1)); note(f + " none", () => globalThis[f]()); }
await later("st args", () => new Promise((r) => setTimeout(function (...a) { r([a, this === globalThis]); }, 0, 1, "b", undefined)));
await later("st ret", () => { const t = setTimeout(() => {}, 0); return [typeof t, t > 0, typeof t?.ref, Object.prototype.toString.call(t)]; });
for (const d of [undefined, null, "5", "x", -1, NaN, Infinity, 1.5, {}, [1], true, 1n, 2 ** 31, 2 ** 53]) note("delay " + String(d) + typeof d, () => { const t = setTimeout(() => {}, d); clearTimeout(t); return typeof t; });
for (const d of [undefined, null, "5", "x", -1, NaN, 1.5, {}, true, 1n, 99999, Symbol()]) note("clear " + String(d) + typeof d, () => String(clearTimeout(d)));
note("clear none", () => clearTimeout());
await later("interval self clear", () => new Promise((r) => { let n = 0; const i = setInterval(() => { if (++n === 2) { clearInterval(i); r(n); } }, 0); }));
await later("order timers", () => new Promise((r) => { const l = []; setTimeout(() => l.push("b"), 1); setTimeout(() => l.push("a"), 0); setTimeout(() => l.push("c"), 1); queueMicrotask(() => l.push("m")); Promise.resolve().then(() => l.push("p")); setTimeout(() => r(l), 3); }));
await later("nested timer clear", () => new Promise((r) => { const l = []; const t = setTimeout(() => l.push("no"), 1); setTimeout(() => { clearTimeout(t); setTimeout(() => r(l), 2); }, 0); }));
await later("wait", async () => String(await scheduler.wait(0)));
await later("wait neg", async () => String(await scheduler.wait(-5)));
await later("wait abort", async () => { const c = new AbortController(); const p = scheduler.wait(1000, { signal: c.signal }); c.abort(new Error("q")); return p; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
