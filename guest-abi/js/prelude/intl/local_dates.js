// Dates in the words and the order of other languages than American English, by the patterns of dates.js.
// What no pattern is for is left to the caller.
import { DATES, LIKE } from "internal:intl/dates";

// The first of these tags that there are patterns for; undefined if that is American English.
export function localesOf(tags) {
  for (const tag of tags) {
    const [plain, extension] = tag.split("-u-");
    const [language, ...rest] = plain.split("-");
    // What is usual may be said; other calendars, digits and hours have no patterns.
    if (extension !== undefined && !/^((ca-gregory|nu-latn)(-|$))+$/.test(extension)) return undefined;
    const region = rest.find((part) => /^([A-Z]{2}|\d{3})$/.test(part));
    const name = language === "nb" || language === "no" ? "nb" : language;
    if (DATES[`${name}-${region}`] !== undefined) return `${name}-${region}`;
    if (name === "zh" && (rest.includes("Hant") || region === "HK")) return "zh-TW";
    if (DATES[name] !== undefined) return name;
    if (name === "en") return undefined;
  }
  return undefined;
}

function property(locale, name) {
  const l = DATES[locale];
  return l[name] ?? (l.of === undefined ? undefined : property(l.of, name));
}

function pattern(locale, key) {
  for (let at = locale; at !== undefined; at = DATES[at].of) {
    const found = DATES[at].p[key];
    if (found !== undefined) return found;
    if (LIKE[key] !== undefined && DATES[at].of === undefined) return pattern(locale, LIKE[key]);
  }
  return undefined;
}

const WIDTHS = {
  weekday: { long: "EEEE", short: "E" },
  year: { numeric: "y", "2-digit": "yy" },
  month: { numeric: "M", "2-digit": "MM", short: "MMM", long: "MMMM" },
  day: { numeric: "d", "2-digit": "dd" },
};

// The pattern of the date's half, "" if none is asked for, undefined if there is none.
function datePattern(locale, o) {
  let key = "";
  for (const name of Object.keys(WIDTHS)) {
    if (o[name] === undefined) continue;
    const width = WIDTHS[name][o[name]];
    if (width === undefined) return undefined;
    key += width;
  }
  if (key === "") return "";
  const exact = pattern(locale, key);
  if (exact !== undefined || !key.includes("MMM")) return exact;
  // Beside a month's name numbers are as wide as they are asked to be.
  const like = pattern(locale, key.replace("dd", "d").replace("yy", "y"));
  return like?.replace("{d}", key.includes("dd") ? "{dd}" : "{d}").replace("{y}", key.includes("yy") ? "{yy}" : "{y}");
}

function timePattern(locale, o) {
  if (o.hour === undefined && o.minute === undefined && o.second === undefined) return "";
  if (o.hour === undefined || (o.second !== undefined && o.minute === undefined)) return undefined;
  if (o.minute === undefined) return o.hour === "numeric" ? pattern(locale, "h") : undefined;
  const wide = o.hour === "2-digit";
  return pattern(locale, o.second === undefined ? (wide ? "hhmm" : "hm") : wide ? "hhmmss" : "hms");
}

const STYLES = ["full", "long", "medium", "short"];
const two = (value) => `${value}`.padStart(2, "0");
const TYPES = { y: "year", M: "month", L: "month", S: "month", d: "day", E: "weekday", e: "weekday", h: "hour", m: "minute", s: "second", a: "dayPeriod" };

export function localDateParts(locale, o, at, zone) {
  if (o.hour12 !== undefined || o.hourCycle !== undefined || o.era !== undefined || o.fraction !== undefined) return null;
  const isStyled = o.dateStyle !== undefined || o.timeStyle !== undefined;
  const date = !isStyled ? datePattern(locale, o) : o.dateStyle === undefined ? "" : pattern(locale, `D:${o.dateStyle}`);
  const time = !isStyled
    ? timePattern(locale, o)
    : o.timeStyle === undefined ? "" : pattern(locale, o.timeStyle === "short" ? "T:short" : "T:medium");
  if (date === undefined || time === undefined || (zone !== undefined && time === "")) return null;
  const glues = property(locale, "g").split("|");
  const glue = isStyled ? glues[STYLES.indexOf(o.dateStyle)] : glues[o.month === "long" ? 4 : o.month === "short" ? 5 : 6];
  const whole = date + (date !== "" && time !== "" ? glue : "") + time;
  const names = (key) => property(locale, key) ?? names({ LA: "L", SA: "S", S: "L", eA: "e", e: "E" }[key]);
  const hours = at.getUTCHours(), year = at.getUTCFullYear();
  const hour = property(locale, "h12") ? hours % 12 || 12 : hours;
  const value = (token) => {
    switch (token) {
      case "y": return `${year}`;
      case "yy": return two(Math.abs(year) % 100);
      case "M": return `${at.getUTCMonth() + 1}`;
      case "MM": return two(at.getUTCMonth() + 1);
      case "d": return `${at.getUTCDate()}`;
      case "dd": return two(at.getUTCDate());
      case "h": return `${hour}`;
      case "hh": return two(hour);
      case "mm": return two(at.getUTCMinutes());
      case "ss": return two(at.getUTCSeconds());
      case "a": return (property(locale, "a") ?? "AM,PM").split(",")[hours < 12 ? 0 : 1];
      case "E": case "e": case "eA": return names(token).split(",")[at.getUTCDay()];
      default: return names(token).split(",")[at.getUTCMonth()];
    }
  };
  const parts = [];
  for (const piece of whole.split(/(\{\w+\})/)) {
    if (piece === "") continue;
    if (piece[0] !== "{") parts.push({ type: "literal", value: piece });
    else parts.push({ type: TYPES[piece[1]], value: value(piece.slice(1, -1)) });
  }
  if (zone !== undefined) parts.push({ type: "literal", value: " " }, { type: "timeZoneName", value: zone });
  return parts;
}
