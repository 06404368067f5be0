// The parts of dates as English has them, and what options ask for.
import native from "internal:native";
import { namesOf } from "internal:intl/zone_names";
import { localDateParts } from "internal:intl/local_dates";
import { remembered } from "internal:intl/remembered";
import { LANGUAGES, CYCLES, cycleOf, choice } from "internal:intl/tags";

const { freeze } = Object;

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const WIDTHS = ["numeric", "2-digit"];
const NAMES = ["long", "short", "narrow"];
const STYLES = ["full", "long", "medium", "short"];
// What English calls zones of time in short, where it has a short name.
const SHORT_ZONES = {
  "Eastern Standard Time": "EST", "Eastern Daylight Time": "EDT", "Central Standard Time": "CST", "Central Daylight Time": "CDT",
  "Mountain Standard Time": "MST", "Mountain Daylight Time": "MDT", "Pacific Standard Time": "PST", "Pacific Daylight Time": "PDT",
  "Alaska Standard Time": "AKST", "Alaska Daylight Time": "AKDT", "Hawaii-Aleutian Standard Time": "HST",
  "Atlantic Standard Time": "AST", "Atlantic Daylight Time": "ADT",
};
// What is called by its place all year.
const PLACES = { "Europe/London": "United Kingdom Time", "Europe/Dublin": "Ireland Time" };
const ERAS = { long: ["Before Christ", "Anno Domini"], short: ["BC", "AD"], narrow: ["B", "A"] };

const named = (names, value, width) =>
  width === "long" ? names[value] : width === "short" ? names[value].slice(0, 3) : names[value][0];
const two = (value) => `${value}`.padStart(2, "0");

const zoneOf = remembered((value) => {
  if (value === undefined) return "UTC";
  const text = `${value}`;
  if (/^(utc|etc\/utc|gmt|etc\/gmt)$/i.test(text)) return "UTC";
  if (/^[+-]([01]\d|2[0-3])(:?[0-5]\d)?$/.test(text)) {
    return text.length === 3 ? `${text}:00` : text.includes(":") ? text : `${text.slice(0, 3)}:${text.slice(3)}`;
  }
  const name = native.zoneName(text);
  if (typeof name !== "string") throw new RangeError(`Invalid time zone specified: ${text}`);
  return name;
});

export function offsetAt(zone, time) {
  if (zone === "UTC") return [0, "UTC"];
  if (zone[0] === "+" || zone[0] === "-") {
    const [hours, minutes] = zone.slice(1).split(":").map(Number);
    return [(zone[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60), ""];
  }
  return native.zoneAt(zone, time) ?? [0, "UTC"];
}

// What English calls a zone at a time, in standard or in summer time, if it has a name.
function longZone(zone, seconds, time) {
  if (zone === "UTC") return "Coordinated Universal Time";
  const names = namesOf(zone);
  if (names === undefined || names[0] === names[1]) return names?.[0];
  const year = new Date(time).getUTCFullYear();
  const standard = Math.min(offsetAt(zone, Date.UTC(year, 0))[0], offsetAt(zone, Date.UTC(year, 6))[0]);
  return names[seconds > standard ? 1 : 0];
}

function zoneText(width, seconds, zone, time) {
  const name = width === "long" || width === "short" || width === "longGeneric" ? longZone(zone, seconds, time) : undefined;
  if (width === "long" && name !== undefined) return name;
  if (width === "longGeneric" && name !== undefined) {
    const [standard, summer] = namesOf(zone) ?? [];
    if (standard === summer) return zone === "UTC" ? "GMT" : name;
    return PLACES[zone] ?? standard.replace(" Standard Time", " Time");
  }
  if (width === "short" && zone === "UTC") return "UTC";
  if (width === "short" && zone === "America/Adak") return name.includes("Daylight") ? "HADT" : "HAST";
  if (width === "short" && SHORT_ZONES[name] !== undefined) return SHORT_ZONES[name];
  const minutes = Math.abs(seconds) / 60;
  const sign = seconds < 0 ? "-" : "+";
  const hours = Math.floor(minutes / 60), rest = Math.floor(minutes % 60);
  if (minutes === 0) return "GMT";
  return width === "long" || width === "longOffset"
    ? `GMT${sign}${two(hours)}:${two(rest)}`
    : `GMT${sign}${hours}${rest > 0 ? `:${two(rest)}` : ""}`;
}

// What no options ask for, by what is needed and filled in, and the cycle of the language.
const USUAL_DATES = new Map();

// The options with what is left out filled in; `need` and `fill` are "date", "time" or "all".
export function dateOptions(options, need, fill, holder, locales) {
  if (options !== undefined) return readDateOptions(options, need, fill, holder, locales);
  const key = `${need} ${fill} ${locales === undefined ? undefined : cycleOf(locales)}`;
  let found = USUAL_DATES.get(key);
  if (found === undefined) USUAL_DATES.set(key, (found = freeze(readDateOptions({}, need, fill, holder, locales))));
  return found;
}

function readDateOptions(options, need, fill, holder = "Intl.DateTimeFormat", locales = undefined) {
  const pick = (from, name, allowed, usual) => choice(from, name, allowed, usual, holder);
  options = Object(options);
  const o = {
    weekday: pick(options, "weekday", NAMES),
    era: pick(options, "era", NAMES),
    year: pick(options, "year", WIDTHS),
    month: pick(options, "month", [...WIDTHS, ...NAMES]),
    day: pick(options, "day", WIDTHS),
    hour: pick(options, "hour", WIDTHS),
    minute: pick(options, "minute", WIDTHS),
    second: pick(options, "second", WIDTHS),
    fraction: options.fractionalSecondDigits,
    zoneName: pick(options, "timeZoneName", ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"]),
    dateStyle: pick(options, "dateStyle", STYLES),
    timeStyle: pick(options, "timeStyle", STYLES),
    hour12: options.hour12,
    hourCycle: pick(options, "hourCycle", CYCLES),
    zone: zoneOf(options.timeZone),
  };
  if (o.hour12 === undefined && locales !== undefined) o.hourCycle ??= cycleOf(locales);
  if (o.fraction !== undefined && !(Number(o.fraction) >= 1 && Number(o.fraction) < 4)) {
    throw new RangeError("fractionalSecondDigits value is out of range.");
  }
  const hasDate = o.weekday ?? o.year ?? o.month ?? o.day;
  const hasTime = o.hour ?? o.minute ?? o.second ?? o.fraction;
  if (o.dateStyle !== undefined || o.timeStyle !== undefined) {
    if (hasDate !== undefined || hasTime !== undefined) {
      throw new TypeError("Invalid option : option");
    }
    if ((need === "date" && o.timeStyle !== undefined) || (need === "time" && o.dateStyle !== undefined)) {
      // Methods for one half refuse the style of the other.
      if (fill !== "all") throw new TypeError(`Invalid option : ${need === "date" ? "timeStyle" : "dateStyle"}`);
    }
    return o;
  }
  const isBare = (need === "time" || hasDate === undefined) && (need === "date" || hasTime === undefined);
  if (isBare) {
    if (fill !== "time") o.year = o.month = o.day = "numeric";
    if (fill !== "date") o.hour = o.minute = o.second = "numeric";
  }
  return o;
}

// A date style in terms of the other options.
export function styled(o) {
  const c = { ...o };
  const { dateStyle, timeStyle } = o;
  if (dateStyle !== undefined) {
    c.day = "numeric";
    c.year = dateStyle === "short" ? "2-digit" : "numeric";
    c.month = dateStyle === "short" ? "numeric" : dateStyle === "medium" ? "short" : "long";
    if (dateStyle === "full") c.weekday = "long";
  }
  if (timeStyle !== undefined) {
    c.hour = c.minute = "numeric";
    if (timeStyle !== "short") c.second = "numeric";
    if (timeStyle === "full") c.zoneName = "long";
    if (timeStyle === "long") c.zoneName = "short";
  }
  return c;
}

export function dateParts(language, options, time, locale) {
  const l = LANGUAGES[language];
  const o = options.dateStyle !== undefined || options.timeStyle !== undefined ? styled(options) : options;
  const [offset] = offsetAt(o.zone, time);
  const at = new Date(time + offset * 1000);
  if (locale !== undefined) {
    const zone = o.zoneName === undefined ? undefined : zoneText(o.zoneName, offset, o.zone, time);
    const local = localDateParts(locale, options, at, zone);
    if (local !== null) return local;
  }
  const parts = [];
  const literal = (value) => parts.push({ type: "literal", value });
  const add = (type, value) => parts.push({ type, value });
  // Years before the first are counted back from it.
  const fullYear = at.getUTCFullYear() > 0 ? at.getUTCFullYear() : 1 - at.getUTCFullYear();
  // English of the States alone has short dates as it has others; German ones have two digits of the year.
  const isShort = options.dateStyle === "short" && language !== "en-US";
  const year = o.year === "2-digit" && !(isShort && language !== "de-DE") ? two(Math.abs(fullYear) % 100) : `${fullYear}`;
  const isNumeric = o.month === undefined || WIDTHS.includes(o.month);
  const pad = isShort || (l.pad && o.year !== undefined && o.dateStyle === undefined);
  const day = o.day === "2-digit" || (isNumeric && pad) ? two(at.getUTCDate()) : `${at.getUTCDate()}`;
  const month = !isNumeric
    ? named(MONTHS, at.getUTCMonth(), o.month)
    : o.month === "2-digit" || pad ? two(at.getUTCMonth() + 1) : `${at.getUTCMonth() + 1}`;
  const values = { year, month, day };
  const hasDate = o.year !== undefined || o.month !== undefined || o.day !== undefined;
  if (o.weekday !== undefined) {
    add("weekday", named(DAYS, at.getUTCDay(), o.weekday));
    if (hasDate) literal(l.dayFirst && !isNumeric && o.year === undefined ? " " : ", ");
  }
  if (isNumeric) {
    let between = null;
    for (const piece of l.date) {
      if (values[piece] === undefined) between = piece;
      else if (o[piece] !== undefined) {
        if (between !== null && parts.length > 0 && parts.at(-1).type !== "literal") literal(between);
        add(piece, values[piece]);
      }
    }
  } else if (l.dayFirst) {
    for (const piece of ["day", "month", "year"]) {
      if (o[piece] === undefined) continue;
      if (parts.length > 0 && parts.at(-1).type !== "literal") literal(" ");
      add(piece, values[piece]);
    }
  } else {
    add("month", month);
    if (o.day !== undefined) literal(" "), add("day", day);
    if (o.year !== undefined) literal(o.day !== undefined ? ", " : " "), add("year", year);
  }
  if (o.era !== undefined) {
    const isAlone = parts.length === 0 || (!hasDate && o.weekday !== undefined);
    const era = { type: "era", value: ERAS[o.era][at.getUTCFullYear() > 0 ? 1 : 0] };
    // Without a date it stands in front.
    if (isAlone && parts.length > 0) parts.unshift(era, { type: "literal", value: " " });
    else if (isAlone) parts.push(era);
    else literal(" "), parts.push(era);
  }
  const hasTime = o.hour !== undefined || o.minute !== undefined || o.second !== undefined || o.fraction !== undefined;
  if (hasTime) {
    if (parts.length > 0) {
      const isLong = o.dateStyle === "full" || o.dateStyle === "long" || (o.dateStyle === undefined && o.month === "long" && o.year !== undefined);
      literal(!hasDate ? (o.era !== undefined ? ", " : " ") : isLong ? " at " : (l.space ?? ", "));
    }
    timeParts(l, o, at, add, literal);
  }
  if (o.zoneName !== undefined) {
    if (parts.length > 0) literal(hasTime ? " " : ", ");
    add("timeZoneName", zoneText(o.zoneName, offset, o.zone, time));
  }
  return parts;
}

export const is12 = (l, o) =>
  o.hour12 !== undefined ? !!o.hour12 : o.hourCycle !== undefined ? o.hourCycle === "h12" || o.hourCycle === "h11" : l.h12;

function timeParts(l, o, at, add, literal) {
  const twelve = is12(l, o);
  let started = false;
  const hours = at.getUTCHours();
  if (o.hour !== undefined) {
    const value = twelve ? hours % 12 || (o.hourCycle === "h11" && o.hour12 === undefined ? 0 : 12) : o.hourCycle === "h24" && hours === 0 ? 24 : hours;
    add("hour", o.hour === "2-digit" || (!twelve && l.hour === undefined) ? two(value) : `${value}`);
    started = true;
  }
  if (o.minute !== undefined) {
    if (started) literal(":");
    add("minute", started || o.second !== undefined || o.fraction !== undefined ? two(at.getUTCMinutes()) : `${at.getUTCMinutes()}`);
    started = true;
  }
  // Parts of a second come behind whole ones where there are minutes.
  const second = o.second ?? (o.fraction !== undefined ? o.minute : undefined);
  if (second !== undefined || o.fraction !== undefined) {
    if (second !== undefined) {
      if (started) literal(":");
      add("second", started ? two(at.getUTCSeconds()) : `${at.getUTCSeconds()}`);
    }
    if (o.fraction !== undefined) {
      if (second !== undefined) literal(l.point);
      add("fractionalSecond", `${at.getUTCMilliseconds()}`.padStart(3, "0").slice(0, o.fraction));
    }
  }
  if (twelve && o.hour !== undefined) {
    literal(" ");
    add("dayPeriod", (l.halves ?? ["AM", "PM"])[hours < 12 ? 0 : 1]);
  }
}
