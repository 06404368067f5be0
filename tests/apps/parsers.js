// acorn, csv-parse, rrule, temporal-polyfill, luxon's names: what parses, and what asks Intl for more than it shows.
// requests: GET /
import * as acorn from "acorn";
import { parse as csv } from "csv-parse/browser/esm/sync";
import { RRule, rrulestr } from "rrule";
import { Temporal } from "temporal-polyfill";
import { DateTime, Info } from "luxon";
const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    return [error.name, error.message];
  }
};
export default {
  fetch() {
    const program = acorn.parse("class \u00e9t\u00e9 { #p = /[\\p{L}--a]/v; static { label: for (;;) break label } }\nasync function* f(a = 1, ...b) { yield* x?.z ?? 1n; }", { ecmaVersion: "latest", locations: true });
    return Response.json({
      acorn: [JSON.stringify(program, (key, value) => (typeof value === "bigint" ? `${value}n` : value)).length, program.body.map((node) => [node.type, node.loc.end]), attempt(() => acorn.parse("let a = ;", { ecmaVersion: 2020 }))],
      csv: [csv('a,b\n1,"x,""y"""\n2,\n', { columns: true, cast: true }), attempt(() => csv('a,b\n1,"x', { columns: true }))],
      rrule: [new RRule({ freq: RRule.MONTHLY, count: 3, byweekday: [RRule.FR.nth(-1)], dtstart: new Date(Date.UTC(2024, 0, 1)) }).all(), rrulestr("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2").toText()],
      temporal: [
        Temporal.ZonedDateTime.from("2024-03-31T01:59[Europe/Berlin]").add({ minutes: 1 }).toString(),
        Temporal.PlainDate.from("2024-01-31").until("2024-03-01", { largestUnit: "month" }).toString(),
        Temporal.PlainDate.from("2024-02-29[u-ca=gregory]").era,
        Temporal.Duration.from("PT36H").round({ largestUnit: "day" }).toString(),
      ],
      luxon: [Info.months("long", { locale: "fr" }), Info.eras("long"), DateTime.fromMillis(0, { zone: "Asia/Tokyo" }).toLocaleString(DateTime.TIME_WITH_LONG_OFFSET), DateTime.fromMillis(0, { zone: "America/Halifax" }).toFormat("ZZZZ ZZZZZ"), DateTime.fromFormat("mars 5 2024", "LLLL d yyyy", { locale: "fr" }).toISODate()],
    });
  },
};
