// What English calls zones of time, eras, and languages with what is usual said again.
const names = "Asia/Tokyo Asia/Kolkata Asia/Shanghai Asia/Dubai Asia/Kathmandu Asia/Kabul Europe/Berlin Europe/London Europe/Dublin Europe/Moscow Europe/Kyiv Africa/Cairo Africa/Lagos Australia/Sydney Australia/Perth Australia/Lord_Howe Pacific/Auckland America/Halifax America/Adak America/Havana America/Hermosillo America/Sao_Paulo America/Santiago America/New_York America/Phoenix America/Anchorage Pacific/Honolulu US/Eastern UTC +05:30";
const january = Date.UTC(2025, 0, 15), july = Date.UTC(2025, 6, 15), before = -1e14, march = Date.UTC(2024, 2, 30, 2, 59, 1);
const name = (timeZone, timeZoneName, at) =>
  new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName }).formatToParts(at).find((part) => part.type === "timeZoneName").value;
const numeric = { year: "numeric", month: "numeric", day: "numeric" };
const long = { year: "numeric", month: "long", day: "numeric" };
const ERAS = [
  { era: "short", ...numeric, hour: "numeric", minute: "numeric", second: "numeric", hour12: false }, { era: "short" }, { era: "long" }, { era: "narrow" },
  { era: "short", year: "numeric" }, { era: "long", ...long }, { era: "short", year: "numeric", month: "short" }, { era: "short", weekday: "long", ...long },
  { era: "narrow", year: "2-digit", month: "2-digit", day: "2-digit" }, { era: "short", month: "short", day: "numeric" }, { era: "short", hour: "numeric" }, { era: "short", weekday: "short" },
];
export default {
  fetch() {
    const zones = {};
    for (const zone of names.split(" ")) {
      zones[zone] = ["long", "short"].flatMap((width) => [name(zone, width, january), name(zone, width, july)]);
      if (zone.includes("/")) zones[zone].push(name(zone, "longGeneric", january));
    }
    const eras = ERAS.map((options) => {
      const f = new Intl.DateTimeFormat("en-US", { timeZone: "UTC", ...options });
      return [f.format(march), f.format(before), f.formatToParts(march).map((part) => part.type).join()];
    });
    const said = {};
    for (const tag of ["fr-u-ca-gregory", "de-u-nu-latn", "en-u-ca-gregory", "de-DE-u-ca-gregory-nu-latn", "ja-u-ca-gregory"]) {
      said[tag] = [
        new Intl.DateTimeFormat(tag, { month: "long", weekday: "long", day: "numeric", timeZone: "UTC" }).format(march),
        new Intl.DateTimeFormat(tag, { month: "long", timeZone: "UTC" }).format(march),
        new Date(march).toLocaleString(tag, { timeZone: "UTC" }),
      ];
    }
    return Response.json({ zones, eras, said });
  },
};
