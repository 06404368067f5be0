// date-fns, dayjs, luxon: arithmetic, formats, time zones, languages.
// requests: GET /
import { add, addBusinessDays, differenceInCalendarDays, eachDayOfInterval, format, formatDistance, formatDuration, formatISO, getISOWeek, intervalToDuration, isValid, lastDayOfMonth, parse, parseISO, startOfWeek } from "date-fns";
import { de, fr } from "date-fns/locale";
import dayjs from "dayjs";
import customParse from "dayjs/plugin/customParseFormat.js";
import duration from "dayjs/plugin/duration.js";
import relative from "dayjs/plugin/relativeTime.js";
import utc from "dayjs/plugin/utc.js";
import zone from "dayjs/plugin/timezone.js";
import { DateTime, Duration, Interval } from "luxon";
[customParse, duration, relative, utc, zone].forEach((plugin) => dayjs.extend(plugin));
const at = new Date(Date.UTC(2024, 1, 29, 13, 5, 9));
export default {
  fetch() {
    return Response.json({
      fns: [
        format(at, "yyyy-MM-dd'T'HH:mm:ss.SSSxxx EEEE do MMMM QQQ"), format(at, "PPPPpppp", { locale: de }), formatISO(add(at, { months: 12, hours: 30 })),
        differenceInCalendarDays(new Date(2025, 0, 1), at), eachDayOfInterval({ start: at, end: add(at, { days: 2 }) }).map((day) => day.toISOString()),
        formatDistance(at, new Date(2021, 1, 1), { addSuffix: true }), formatDistance(at, new Date(2021, 1, 1), { locale: fr }), getISOWeek(at), startOfWeek(at, { weekStartsOn: 1 }),
        formatDuration(intervalToDuration({ start: new Date(2020, 0, 1), end: at })), isValid(parse("31/02/2024", "dd/MM/yyyy", at)), parseISO("2024-W09-4").toISOString(), lastDayOfMonth(at), addBusinessDays(at, 10),
      ],
      dayjs: [
        dayjs.utc(at).format("YYYY-MM-DDTHH:mm:ssZ[x] dddd"), dayjs.utc(at).add(1, "year").toISOString(), dayjs.utc("05-03-2024", "DD-MM-YYYY").valueOf(), dayjs.utc(at).from(dayjs.utc("2020-01-01")), dayjs.duration(5_000_000).humanize(),
        dayjs.utc(at).tz("Asia/Tokyo").format(), dayjs.tz("2024-07-01 12:00", "America/New_York").toISOString(), dayjs.utc(at).startOf("week").format(),
      ],
      luxon: [
        DateTime.fromJSDate(at, { zone: "utc" }).toISO(), DateTime.fromJSDate(at, { zone: "Europe/Berlin" }).toISO(), DateTime.fromISO("2024-07-01T12:00", { zone: "America/New_York" }).toUTC().toISO(),
        DateTime.fromFormat("2024 60", "yyyy o", { zone: "utc" }).toISODate(), Duration.fromObject({ hours: 50, minutes: 70 }).normalize().toObject(), Interval.after(DateTime.fromJSDate(at, { zone: "utc" }), { days: 3 }).length("hours"),
        DateTime.fromISO("bad").isValid, DateTime.fromISO("bad").invalidReason, DateTime.fromJSDate(at, { zone: "utc" }).toFormat("yyyy-LL-dd HH:mm ZZ o W"), DateTime.fromJSDate(at, { zone: "Europe/Berlin" }).offset, DateTime.fromISO("2024-03-31T02:30", { zone: "Europe/Berlin" }).toISO(),
      ],
    });
  },
};
