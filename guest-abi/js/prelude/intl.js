// Intl and the toLocale… methods: English, and dates and numbers of other languages (spec: FEATURES F199).
import native from "internal:native";
import { plain, unclonable } from "internal:platform";
import { canonical, Locale, parse, supportedValuesOf } from "internal:intl/locale";
import { currencies, isKnown } from "internal:intl/names";
import { segmenters } from "internal:intl/segmenter";
import { displayNames } from "internal:intl/names_of";
import { durationFormat } from "internal:intl/durations";
import { pluralRules } from "internal:intl/plurals";
import { namesOf } from "internal:intl/zone_names";
import { dateRangeParts } from "internal:intl/ranges";
import { localDateParts, localesOf } from "internal:intl/local_dates";
import { numberOptions as readNumbers, numberParts, rangeParts, usualText } from "internal:intl/numbers";
import { compare } from "internal:intl/collation";
import { remembered } from "internal:intl/remembered";

const { defineProperty, freeze } = Object;

// How languages write numeric dates and numbers. `date` is the order of its parts and what
// stands between them.
const LANGUAGES = {
  "en-US": { date: ["month", "/", "day", "/", "year"], h12: true, group: ",", point: "." },
  "en-GB": { date: ["day", "/", "month", "/", "year"], h12: false, group: ",", point: ".", pad: true, dayFirst: true, halves: ["am", "pm"] },
  "en-CA": { date: ["year", "-", "month", "-", "day"], h12: true, group: ",", point: ".", pad: true, halves: ["a.m.", "p.m."] },
  "sv-SE": { date: ["year", "-", "month", "-", "day"], h12: false, group: "\u00a0", point: ",", pad: true, space: " " },
  "de-DE": { date: ["day", ".", "month", ".", "year"], h12: false, group: ".", point: ",", behind: true },
  "fr-FR": { date: ["day", "/", "month", "/", "year"], h12: false, group: "\u202f", point: ",", pad: true, behind: true, space: " " },
  "ja-JP": { date: ["year", "/", "month", "/", "day"], h12: false, group: ",", point: ".", space: " ", hour: "numeric" },
};
const SHORT = { en: "en-US", sv: "sv-SE", de: "de-DE", fr: "fr-FR", ja: "ja-JP" };

function canonicalList(locales) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  if (typeof locales === "string" || locales instanceof Locale) return [canonical(locales)];
  const list = Object(locales);
  const length = Math.trunc(Number(list.length)) || 0;
  const tags = [];
  for (let i = 0; i < length; i++) if (i in list) tags.push(canonical(list[i]));
  return tags;
}
const isSupported = (tag) => isKnown(parse(tag)?.language ?? "");
const EXTENSIONS = /-[a-z0-9]-.*$/;
// The first of the languages asked for that is known.
const localeOf = remembered((locales) => canonicalList(locales).find(isSupported)?.replace(EXTENSIONS, "") ?? "en-US");
// That of the patterns for dates.
const localOf = remembered((locales) => localesOf(canonicalList(locales)));

const CYCLES = ["h11", "h12", "h23", "h24"];

// The cycle of hours that the first known language is asked for with (`-u-hc-`).
const cycleOf = remembered((locales) => {
  const cycle = parse(canonicalList(locales).find(isSupported) ?? "en")?.keywords.get("hc");
  return CYCLES.includes(cycle) ? cycle : undefined;
});

const languageOf = remembered((locales) => {
  for (const asked of canonicalList(locales)) {
    const tag = asked.replace(EXTENSIONS, "");
    const known = LANGUAGES[tag] !== undefined ? tag : SHORT[tag] ?? SHORT[tag.split("-")[0]];
    if (known !== undefined) return known;
  }
  return "en-US";
});

function choice(options, name, allowed, fallback, holder = "Intl") {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = `${value}`;
  if (!allowed.includes(text)) {
    throw new RangeError(`Value ${text} out of range for ${holder} options property ${name}`);
  }
  return text;
}

// ---- Dates ----

const { getTime } = Date.prototype;

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

function offsetAt(zone, time) {
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
function dateOptions(options, need, fill, holder, locales) {
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
function styled(o) {
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

function dateParts(language, options, time, locale) {
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

const is12 = (l, o) =>
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

const textOf = (parts) => {
  let text = "";
  for (const part of parts) text += part.value;
  return text;
};

function timeOf(date) {
  const time = date === undefined ? Date.now() : typeof date === "object" && date !== null ? +date : Number(date);
  if (!(Math.abs(time) <= 8.64e15)) throw new RangeError("Invalid time value");
  return Math.trunc(time);
}

function formatDate(date, locales, options, need, fill, name) {
  let time;
  try {
    time = getTime.call(date);
  } catch {
    const shown = typeof date === "object" && date !== null ? "#<Object>" : String(date);
    throw new TypeError(`Method Date.prototype.${name} called on incompatible receiver ${shown}`);
  }
  const language = languageOf(locales);
  const o = dateOptions(notNull(options, `Date.prototype.${name}`), need, fill, `Date.prototype.${name}`, locales);
  return Number.isNaN(time) ? "Invalid Date" : textOf(dateParts(language, o, time, localOf(locales)));
}

// Intl's constructors may be called without `new`.
function callable(c) {
  const f = {
    [c.name]: function (locales, options) {
      return new.target === undefined ? new c(locales, options) : Reflect.construct(c, [locales, options], new.target);
    },
  }[c.name];
  defineProperty(f, "prototype", { value: c.prototype, writable: false });
  return finish(c, f);
}

function finish(c, f) {
  unclonable.add(c.prototype);
  defineProperty(c.prototype, "constructor", { value: f, writable: true, enumerable: false, configurable: true });
  defineProperty(c.prototype, Symbol.toStringTag, { value: `Intl.${c.name}`, configurable: true });
  defineProperty(f, "length", { value: 0, configurable: true });
  defineProperty(f, "supportedLocalesOf", {
    value: { supportedLocalesOf: (locales) => canonicalList(locales).filter(isSupported) }.supportedLocalesOf,
    writable: true,
    configurable: true,
  });
  return f;
}

const DateTimeFormat = callable(
  class DateTimeFormat {
    #language;
    #local;
    #locale;
    #options;
    #format;
    constructor(locales, options) {
      this.#language = languageOf(locales);
      this.#local = localOf(locales);
      this.#locale = localeOf(locales);
      this.#options = dateOptions(notNull(options, "Intl.DateTimeFormat"), "any", "date", undefined, locales);
      const cycle = cycleOf(locales);
      if (cycle !== undefined && cycle === this.#options.hourCycle) this.#locale += `-u-hc-${cycle}`;
    }
    get format() {
      return (this.#format ??= (date) => textOf(this.formatToParts(date)));
    }
    formatToParts(date) {
      return dateParts(this.#language, this.#options, timeOf(date), this.#local);
    }
    formatRange(start, end) {
      return textOf(this.formatRangeToParts(start, end));
    }
    formatRangeToParts(start, end) {
      if (start === undefined || end === undefined) throw new TypeError("Invalid time value");
      const o = this.#options;
      const fields = o.dateStyle !== undefined || o.timeStyle !== undefined ? styled(o) : o;
      const local = (time) => time + offsetAt(o.zone, time)[0] * 1000;
      const partsOf = (options, time) => dateParts(this.#language, options, time, this.#local);
      const isEnglish = this.#language === "en-US" && /^en(-US)?(-u-|$)/.test(this.#locale);
      return dateRangeParts(isEnglish, o, fields, local, partsOf, timeOf(start), timeOf(end));
    }
    resolvedOptions() {
      const o = this.#options;
      const told = { locale: this.#locale, calendar: "gregory", numberingSystem: "latn", timeZone: o.zone };
      if (o.hour !== undefined || o.timeStyle !== undefined) {
        told.hourCycle = o.hourCycle ?? (is12(LANGUAGES[this.#language], o) ? "h12" : "h23");
        told.hour12 = told.hourCycle === "h12" || told.hourCycle === "h11";
      }
      for (const name of ["weekday", "era", "year", "month", "day", "hour", "minute", "second"]) {
        if (o[name] !== undefined) told[name] = name === "minute" || name === "second" ? "2-digit" : o[name];
      }
      if (o.zoneName !== undefined) told.timeZoneName = o.zoneName;
      if (o.dateStyle !== undefined) told.dateStyle = o.dateStyle;
      if (o.timeStyle !== undefined) told.timeStyle = o.timeStyle;
      return told;
    }
  },
);

// ---- Numbers ----

const readNumberOptions = (options, holder = "Intl.NumberFormat") => readNumbers((from, name, allowed, usual) => choice(from, name, allowed, usual, holder), options);
const USUAL_NUMBERS = freeze(readNumberOptions());
const numberOptions = (options, holder) => (options === undefined ? USUAL_NUMBERS : readNumberOptions(options, holder));
const numberText = (locale, options, value) => usualText(locale, options, value) ?? textOf(numberParts(locale, options, value));
const numeric = (value) => (typeof value === "bigint" ? value : Number(value));

const NumberFormat = callable(
  class NumberFormat {
    #locale;
    #options;
    #format;
    constructor(locales, options) {
      this.#locale = localeOf(locales);
      this.#options = numberOptions(notNull(options, "Intl.NumberFormat"));
    }
    get format() {
      return (this.#format ??= (value) => numberText(this.#locale, this.#options, numeric(value)));
    }
    formatToParts(value) {
      return numberParts(this.#locale, this.#options, numeric(value));
    }
    formatRange(start, end) {
      return textOf(this.formatRangeToParts(start, end));
    }
    formatRangeToParts(start, end) {
      const o = this.#options;
      for (const [name, value] of [["start", start], ["end", end]]) {
        if (value === undefined) throw new TypeError(`Invalid ${name} : undefined`);
      }
      const ends = [numeric(start), numeric(end)];
      ends.forEach((value, at) => {
        if (Number.isNaN(value)) throw new RangeError(`Invalid ${at === 0 ? "start" : "end"} : NaN`);
      });
      return rangeParts(this.#locale, o, ...ends);
    }
    resolvedOptions() {
      const o = this.#options;
      const told = { locale: this.#locale, numberingSystem: "latn", style: o.style };
      if (o.style === "currency") {
        told.currency = o.currency;
        told.currencyDisplay = o.display;
        told.currencySign = o.accounting ? "accounting" : "standard";
      }
      if (o.style === "unit") {
        told.unit = o.unit;
        told.unitDisplay = o.unitDisplay;
      }
      told.minimumIntegerDigits = o.integer;
      if (o.highest === undefined || o.priority !== "auto") {
        told.minimumFractionDigits = o.minimum;
        told.maximumFractionDigits = o.maximum;
      }
      if (o.highest !== undefined) {
        told.minimumSignificantDigits = o.lowest;
        told.maximumSignificantDigits = o.highest;
      }
      told.useGrouping = o.grouping;
      told.notation = o.notation;
      if (o.notation === "compact") told.compactDisplay = o.long ? "long" : "short";
      told.signDisplay = o.sign;
      told.roundingIncrement = o.increment;
      told.roundingMode = o.mode;
      told.roundingPriority = o.priority;
      told.trailingZeroDisplay = o.strips ? "stripIfInteger" : "auto";
      return told;
    }
  },
);

// ---- Words ----

function plural(value, isOrdinal) {
  if (!isOrdinal) return value === 1 ? "one" : "other";
  const tens = value % 100, ones = value % 10;
  if (ones === 1 && tens !== 11) return "one";
  if (ones === 2 && tens !== 12) return "two";
  return ones === 3 && tens !== 13 ? "few" : "other";
}

class PluralRules {
  #locale;
  #type;
  #options;
  constructor(locales, options) {
    this.#locale = localeOf(locales);
    this.#type = choice(Object(notNull(options, "Intl.PluralRules") ?? {}), "type", ["cardinal", "ordinal"], "cardinal", "Intl.PluralRules");
    this.#options = numberOptions(options);
  }
  resolvedOptions() {
    const o = this.#options;
    const isOrdinal = this.#type === "ordinal";
    const told = { locale: this.#locale, type: this.#type, notation: o.notation, minimumIntegerDigits: o.integer, minimumFractionDigits: o.minimum, maximumFractionDigits: o.maximum };
    const categories = isOrdinal ? ["one", "two", "few", "other"] : pluralRules(this.#locale)?.[0];
    told.pluralCategories = [...(categories ?? ["one", "other"])];
    told.roundingIncrement = 1;
    told.roundingMode = "halfExpand";
    told.roundingPriority = "auto";
    told.trailingZeroDisplay = "auto";
    return told;
  }
  select(value) {
    return this.#plural(value);
  }
  selectRange(start, end) {
    for (const [name, value] of [["startRange", start], ["endRange", end]]) {
      if (value === undefined) throw new TypeError(`Invalid ${name} : undefined`);
      if (Number.isNaN(Number(value))) throw new RangeError(`Invalid ${name} : NaN`);
    }
    return this.#plural(end);
  }
  #plural(value) {
    const size = Math.abs(Number(value));
    const isOrdinal = this.#type === "ordinal";
    const rules = isOrdinal || !Number.isFinite(size) ? undefined : pluralRules(this.#locale);
    return rules === undefined ? plural(size, isOrdinal) : rules[1](size);
  }
}

const SPANS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const AUTO = {
  day: { "-1": "yesterday", 0: "today", 1: "tomorrow" },
  second: { 0: "now" },
};

const SHORTER = { second: "sec.", minute: "min.", hour: "hr.", week: "wk.", month: "mo.", quarter: "qtr.", year: "yr.", day: "day" };

class RelativeTimeFormat {
  #locale;
  #style;
  #numeric;
  constructor(locales, options) {
    this.#locale = localeOf(locales);
    const o = Object(notNull(options, "Intl.RelativeTimeFormat") ?? {});
    this.#style = choice(o, "style", ["long", "short", "narrow"], "long", "Intl.RelativeTimeFormat");
    this.#numeric = choice(o, "numeric", ["always", "auto"], "always", "Intl.RelativeTimeFormat");
  }
  resolvedOptions() {
    return { locale: this.#locale, style: this.#style, numeric: this.#numeric, numberingSystem: "latn" };
  }
  format(value, unit) {
    return textOf(this.#parts("format", value, unit));
  }
  formatToParts(value, unit) {
    return this.#parts("formatToParts", value, unit);
  }
  #parts(method, value, unit) {
    value = Number(value);
    const span = `${unit}`.replace(/s$/, "");
    if (!SPANS.includes(span)) throw new RangeError(`Invalid unit argument for Intl.RelativeTimeFormat.prototype.${method}() '${unit}'`);
    if (!Number.isFinite(value)) {
      throw new RangeError(`Value need to be finite number for Intl.RelativeTimeFormat.prototype.${method}()`);
    }
    const isShort = this.#style !== "long";
    const word = isShort ? SHORTER[span] : span;
    if (this.#numeric === "auto") {
      const said = AUTO[span]?.[value] ?? (span !== "day" && span !== "second" ? { "-1": `last ${word}`, 0: `this ${span === "hour" || span === "minute" ? span : word}`, 1: `next ${word}` }[value] : undefined);
      const isSaid = said !== undefined && !((span === "hour" || span === "minute") && value !== 0);
      if (isSaid) return [{ type: "literal", value: said }];
    }
    const size = Math.abs(value);
    const isPast = value < 0 || Object.is(value, -0);
    const many = size === 1 ? word : isShort && span !== "day" ? (span === "quarter" ? "qtrs." : word) : `${word}s`;
    const narrow = { second: "s", minute: "m", hour: "h", day: "d", week: "w", month: "mo", quarter: "q", year: "y" }[span];
    const parts = numberParts("en-US", numberOptions(), size).map((part) => ({ ...part, unit: span }));
    if (!isPast) parts.unshift({ type: "literal", value: "in " });
    parts.push({ type: "literal", value: `${this.#style === "narrow" ? narrow : ` ${many}`}${isPast ? " ago" : ""}` });
    return parts;
  }
}

// "and" and "or" of languages that put no comma before them, and what stands between units.
const JOINED = {
  de: ["und", "oder"], fr: ["et", "ou"], es: ["y", "o"], it: ["e", "o"], pt: ["e", "ou"], nl: ["en", "of"], sv: ["och", "eller", ", "],
  da: ["og", "eller"], nb: ["og", "eller"], no: ["og", "eller"], fi: ["ja", "tai"], pl: ["i", "lub"], ru: ["и", "или", " "], tr: ["ve", "veya", " "],
};

function joined(items, [and, or, unit], type) {
  const parts = [];
  const comma = type === "unit" ? (unit ?? ", ") : ", ";
  const last = type === "unit" && unit !== undefined ? unit : ` ${type === "disjunction" ? or : and} `;
  items.forEach((value, at) => {
    if (at > 0) parts.push({ type: "literal", value: at === items.length - 1 ? (type === "unit" && items.length === 2 && and === "und" ? ", " : last) : comma });
    parts.push({ type: "element", value });
  });
  return parts;
}

class ListFormat {
  #locale;
  #type;
  #style;
  constructor(locales, options) {
    this.#locale = localeOf(locales);
    if (options !== undefined && Object(options) !== options) throw new TypeError("invalid_argument");
    const o = Object(options ?? {});
    this.#type = choice(o, "type", ["conjunction", "disjunction", "unit"], "conjunction", "Intl.ListFormat");
    this.#style = choice(o, "style", ["long", "short", "narrow"], "long", "Intl.ListFormat");
  }
  resolvedOptions() {
    return { locale: this.#locale, type: this.#type, style: this.#style };
  }
  format(list) {
    return textOf(this.formatToParts(list));
  }
  formatToParts(list) {
    const items = list === undefined ? [] : Array.from(list, (item) => {
      if (typeof item !== "string") throw new TypeError(`Iterable yielded ${String(item)} which is not a string`);
      return item;
    });
    const isNarrow = this.#style === "narrow";
    const own = JOINED[this.#locale.split("-")[0]];
    if (own !== undefined) return joined(items, own, this.#type);
    const word = { conjunction: this.#style === "long" ? "and " : isNarrow ? "" : "& ", disjunction: "or ", unit: "" }[this.#type];
    const comma = this.#type === "unit" && isNarrow ? " " : ", ";
    const parts = [];
    items.forEach((value, at) => {
      if (at > 0) {
        const isLast = at === items.length - 1;
        const between = !isLast ? comma : items.length === 2 && word !== "" ? ` ${word}` : `${comma}${word}`;
        parts.push({ type: "literal", value: between });
      }
      parts.push({ type: "element", value });
    });
    return parts;
  }
}

const Collator = callable(
  class Collator {
    #locale;
    #options;
    #compare;
    constructor(locales, options) {
      this.#locale = localeOf(locales);
      const o = Object(notNull(options, "Intl.Collator") ?? {});
      this.#options = {
        usage: choice(o, "usage", ["sort", "search"], "sort", "Intl.Collator"),
        sensitivity: choice(o, "sensitivity", ["base", "accent", "case", "variant"], "variant", "Intl.Collator"),
        ignorePunctuation: o.ignorePunctuation === undefined ? false : !!o.ignorePunctuation,
        numeric: o.numeric === undefined ? false : !!o.numeric,
        caseFirst: choice(o, "caseFirst", ["upper", "lower", "false"], "false", "Intl.Collator"),
      };
    }
    resolvedOptions() {
      const { usage, sensitivity, ignorePunctuation, numeric, caseFirst } = this.#options;
      return { locale: this.#locale, usage, sensitivity, ignorePunctuation, collation: "default", numeric, caseFirst };
    }
    get compare() {
      return (this.#compare ??= (one, other) => compare(`${one}`, `${other}`, this.#options, this.#locale.split("-")[0]));
    }
  },
);

// ---- Constructors that need `new` ----

const incompatible = (name, method, value) =>
  new TypeError(`Method Intl.${name}.prototype.${method} called on incompatible receiver ${typeof value === "object" && value !== null ? "#<Object>" : String(value)}`);

function constructor(c) {
  const f = {
    [c.name]: function (locales, options) {
      if (new.target === undefined) throw new TypeError(`Constructor Intl.${c.name} requires 'new'`);
      return Reflect.construct(c, c.name === "Locale" && arguments.length < 2 ? [locales] : [locales, options], new.target);
    },
  }[c.name];
  defineProperty(f, "prototype", { value: c.prototype, writable: false });
  const { length } = c;
  finish(c, f);
  defineProperty(f, "length", { value: length, configurable: true });
  return f;
}
const own = { choice, localeOf, incompatible, number: (value) => numberParts("en-US", numberOptions(), value) };
const Segmenter = segmenters(own), DisplayNames = displayNames(own), DurationFormat = durationFormat(own);
for (const c of [Segmenter, DurationFormat, PluralRules, RelativeTimeFormat, ListFormat]) defineProperty(c, "length", { value: 0, configurable: true });
const LocaleConstructor = constructor(Locale);
delete LocaleConstructor.supportedLocalesOf;

const Intl = {};
const members = {
  getCanonicalLocales: (locales) => [...new Set(canonicalList(locales))],
  supportedValuesOf: (key) => supportedValuesOf(key, currencies),
  DateTimeFormat, NumberFormat, Collator,
  PluralRules: constructor(PluralRules), RelativeTimeFormat: constructor(RelativeTimeFormat), ListFormat: constructor(ListFormat),
  Locale: LocaleConstructor, DisplayNames: constructor(DisplayNames), Segmenter: constructor(Segmenter), DurationFormat: constructor(DurationFormat),
};
for (const name of Object.keys(members)) {
  defineProperty(Intl, name, { value: members[name], writable: true, enumerable: false, configurable: true });
}
defineProperty(Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
defineProperty(globalThis, "Intl", { value: Intl, writable: true, enumerable: false, configurable: true });

// ---- The methods of others ----

function methods(prototype, members) {
  for (const name of Object.keys(members)) {
    plain(members[name]);
    defineProperty(prototype, name, { value: members[name], writable: true, enumerable: false, configurable: true });
  }
}
methods(Date.prototype, {
  toLocaleString(locales, options) {
    return formatDate(this, locales, options, "any", "all", "toLocaleString");
  },
  toLocaleDateString(locales, options) {
    return formatDate(this, locales, options, "date", "date", "toLocaleDateString");
  },
  toLocaleTimeString(locales, options) {
    return formatDate(this, locales, options, "time", "time", "toLocaleTimeString");
  },
});
methods(Array.prototype, {
  toLocaleString(...options) {
    if (this === undefined || this === null) throw new TypeError("Cannot convert undefined or null to object");
    const list = Object(this);
    const { length } = list;
    let text = "";
    for (let i = 0; i < length; i++) {
      if (i > 0) text += ",";
      const value = list[i];
      if (value !== undefined && value !== null) text += value.toLocaleString(...options);
    }
    return text;
  },
});
const numberValue = Number.prototype.valueOf, bigValue = BigInt.prototype.valueOf;
// The value of a number, or the error of a method that was called on something else.
function valueOf(read, value, kind) {
  try {
    return read.call(value);
  } catch {
    throw new TypeError(`${kind}.prototype.toLocaleString requires that 'this' be a ${kind}`);
  }
}
// What a method of a prototype says of null for its options.
function notNull(options, method) {
  if (options === null) throw new TypeError(`${method} called on null or undefined`);
  return options;
}
methods(Number.prototype, {
  toLocaleString(locales, options) {
    const value = valueOf(numberValue, this, "Number"), method = "Number.prototype.toLocaleString";
    return numberText(localeOf(locales), numberOptions(notNull(options, method), method), value);
  },
});
methods(BigInt.prototype, {
  toLocaleString(locales, options) {
    const value = valueOf(bigValue, this, "BigInt"), method = "BigInt.prototype.toLocaleString";
    return numberText(localeOf(locales), numberOptions(notNull(options, method), method), value);
  },
});
// Languages whose i has its dot in capitals too.
const isDotted = (locales) => /^(tr|az)(-|$)/.test(canonicalList(locales)[0] ?? "");
const { toLowerCase, toUpperCase } = String.prototype;
function textOfThis(value, method) {
  if (value === undefined || value === null) throw new TypeError(`String.prototype.${method} called on null or undefined`);
  return `${value}`;
}
methods(String.prototype, {
  toLocaleLowerCase(locales) {
    const value = textOfThis(this, "toLocaleLowerCase");
    return toLowerCase.call(isDotted(locales) ? value.replace(/İ|I\u0307/g, "i").replace(/I/g, "ı") : value);
  },
  toLocaleUpperCase(locales) {
    const value = textOfThis(this, "toLocaleUpperCase");
    return toUpperCase.call(isDotted(locales) ? value.replace(/i/g, "İ") : value);
  },
  localeCompare(that, locales, options) {
    const value = textOfThis(this, "localeCompare"), other = `${that}`;
    notNull(options, "String.prototype.localeCompare");
    const language = locales === undefined ? undefined : localeOf(locales).split("-")[0];
    return compare(value, other, options, language);
  },
});
defineProperty(String.prototype.localeCompare, "length", { value: 1, configurable: true });
