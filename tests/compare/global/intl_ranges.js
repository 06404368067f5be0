// Intl.DateTimeFormat.formatRange() and its parts, in English.
// head: heads/noted.js
async function work(request, env, ctx) {
const F = (o, l = "en-US") => new Intl.DateTimeFormat(l, { timeZone: "UTC", ...o });
const at = (...a) => new Date(Date.UTC(...a));
const base = at(2020, 0, 2, 3, 4, 5), ends = { same: base, sec: at(2020, 0, 2, 3, 4, 50), min: at(2020, 0, 2, 3, 40, 50), hour: at(2020, 0, 2, 5, 6, 7), pm: at(2020, 0, 2, 15, 6, 7), day: at(2020, 0, 9, 3, 4, 5), daypm: at(2020, 0, 9, 15, 4, 5), month: at(2020, 4, 2, 3, 4, 5), year: at(2023, 0, 2, 3, 4, 5), rev: at(2019, 11, 31, 23, 0, 0) };
const O = [{}, { dateStyle: "short" }, { dateStyle: "medium" }, { dateStyle: "long" }, { dateStyle: "full" }, { timeStyle: "short" }, { timeStyle: "medium" }, { timeStyle: "long" }, { dateStyle: "medium", timeStyle: "short" }, { dateStyle: "short", timeStyle: "short" }, { dateStyle: "full", timeStyle: "short" }, { dateStyle: "long", timeStyle: "medium" }, { year: "numeric", month: "short" }, { year: "numeric", month: "long", day: "numeric" }, { month: "short", day: "numeric" }, { month: "numeric", day: "numeric" }, { year: "numeric", month: "2-digit", day: "2-digit" }, { weekday: "short", month: "short", day: "numeric" }, { weekday: "long", year: "numeric", month: "long", day: "numeric" }, { year: "numeric" }, { month: "long" }, { day: "numeric" }, { weekday: "long" }, { hour: "numeric" }, { hour: "numeric", minute: "2-digit" }, { hour: "numeric", minute: "2-digit", hour12: false }, { hour: "2-digit", minute: "2-digit", second: "2-digit" }, { hour: "numeric", minute: "2-digit", timeZoneName: "short" }, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" }, { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "2-digit" }];
for (const o of O) for (const [n, e] of Object.entries(ends)) { note(`range ${JSON.stringify(o)} ${n}`, () => F(o).formatRange(base, e)); note(`parts ${JSON.stringify(o)} ${n}`, () => F(o).formatRangeToParts(base, e).map((p) => `${p.type}:${p.value}:${p.source}`).join("|")); }
note("none", () => F({}).formatRangeToParts()); note("one", () => F({}).formatRangeToParts(1)); note("nan", () => F({}).formatRangeToParts(NaN, 1)); note("shape", () => [Intl.DateTimeFormat.prototype.formatRangeToParts.length, Intl.DateTimeFormat.prototype.formatRange.length, Object.keys(F({}).formatRangeToParts(1, 2)[0]).join()]);
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
