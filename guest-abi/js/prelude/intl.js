// Intl and the toLocale… methods: English, and the numeric dates of a few other languages
// (spec: FEATURES F199).
import native from "internal:native";
import { plain } from "internal:platform";
import { canonical, Locale, parse, supportedValuesOf } from "internal:intl/locale";
import { currencies, isKnown } from "internal:intl/names";
import { segmenters } from "internal:intl/segmenter";
import { displayNames } from "internal:intl/names_of";
import { durationFormat } from "internal:intl/durations";

const { defineProperty } = Object;

// How languages write numeric dates and numbers. `date` is the order of its parts and what
// stands between them.
const LANGUAGES = {
  "en-US": { date: ["month", "/", "day", "/", "year"], h12: true, group: ",", point: "." },
  "en-GB": { date: ["day", "/", "month", "/", "year"], h12: false, group: ",", point: ".", pad: true, dayFirst: true },
  "en-CA": { date: ["year", "-", "month", "-", "day"], h12: true, group: ",", point: ".", pad: true },
  "sv-SE": { date: ["year", "-", "month", "-", "day"], h12: false, group: "\u00a0", point: ",", pad: true, space: " " },
  "de-DE": { date: ["day", ".", "month", ".", "year"], h12: false, group: ".", point: ",", behind: true },
  "fr-FR": { date: ["day", "/", "month", "/", "year"], h12: false, group: "\u202f", point: ",", pad: true, behind: true, space: " " },
  "ja-JP": { date: ["year", "/", "month", "/", "day"], h12: false, group: ",", point: ".", space: " ", hour: "numeric" },
};
const SHORT = { en: "en-US", sv: "sv-SE", de: "de-DE", fr: "fr-FR", ja: "ja-JP" };

function canonicalList(locales) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  return typeof locales === "string" || locales instanceof Locale ? [canonical(locales)] : Array.from(locales, canonical);
}
const isSupported = (tag) => isKnown(parse(tag)?.language ?? "");
// The first of the languages asked for that is known.
const localeOf = (locales) => canonicalList(locales).find(isSupported)?.replace(/-[a-z0-9]-.*$/, "") ?? "en-US";

function languageOf(locales) {
  for (const tag of canonicalList(locales)) {
    const known = LANGUAGES[tag] !== undefined ? tag : SHORT[tag] ?? SHORT[tag.split("-")[0]];
    if (known !== undefined) return known;
  }
  return "en-US";
}

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

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const WIDTHS = ["numeric", "2-digit"];
const NAMES = ["long", "short", "narrow"];
const STYLES = ["full", "long", "medium", "short"];
const ZONE_NAMES = {
  UTC: "Coordinated Universal Time", GMT: "Greenwich Mean Time",
  EST: "Eastern Standard Time", EDT: "Eastern Daylight Time", CST: "Central Standard Time", CDT: "Central Daylight Time",
  MST: "Mountain Standard Time", MDT: "Mountain Daylight Time", PST: "Pacific Standard Time", PDT: "Pacific Daylight Time",
  AKST: "Alaska Standard Time", AKDT: "Alaska Daylight Time", HST: "Hawaii-Aleutian Standard Time",
};

const named = (names, value, width) =>
  width === "long" ? names[value] : width === "short" ? names[value].slice(0, 3) : names[value][0];
const two = (value) => `${value}`.padStart(2, "0");

function zoneOf(value) {
  if (value === undefined) return "UTC";
  const text = `${value}`;
  if (/^(utc|etc\/utc|gmt|etc\/gmt)$/i.test(text)) return "UTC";
  if (/^[+-]([01]\d|2[0-3])(:?[0-5]\d)?$/.test(text)) {
    return text.length === 3 ? `${text}:00` : text.includes(":") ? text : `${text.slice(0, 3)}:${text.slice(3)}`;
  }
  const name = native.zoneName(text);
  if (typeof name !== "string") throw new RangeError(`Invalid time zone specified: ${text}`);
  return name;
}

function offsetAt(zone, time) {
  if (zone === "UTC") return [0, "UTC"];
  if (/^[+-]/.test(zone)) {
    const [hours, minutes] = zone.slice(1).split(":").map(Number);
    return [(zone[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60), ""];
  }
  return native.zoneAt(zone, time) ?? [0, "UTC"];
}

function zoneText(width, seconds, short, zone) {
  if (ZONE_NAMES[short] !== undefined && (short === "UTC" || /^(America|US|Pacific|Canada)\//.test(zone))) {
    return width === "long" ? ZONE_NAMES[short] : short;
  }
  const minutes = Math.abs(seconds) / 60;
  const sign = seconds < 0 ? "-" : "+";
  const hours = Math.floor(minutes / 60), rest = Math.floor(minutes % 60);
  if (minutes === 0) return "GMT";
  return width === "long" || width === "longOffset"
    ? `GMT${sign}${two(hours)}:${two(rest)}`
    : `GMT${sign}${hours}${rest > 0 ? `:${two(rest)}` : ""}`;
}

// The options with what is left out filled in; `need` and `fill` are "date", "time" or "all".
function dateOptions(options, need, fill) {
  options = options === undefined ? {} : Object(options);
  const o = {
    weekday: choice(options, "weekday", NAMES),
    era: choice(options, "era", NAMES),
    year: choice(options, "year", WIDTHS),
    month: choice(options, "month", [...WIDTHS, ...NAMES]),
    day: choice(options, "day", WIDTHS),
    hour: choice(options, "hour", WIDTHS),
    minute: choice(options, "minute", WIDTHS),
    second: choice(options, "second", WIDTHS),
    fraction: options.fractionalSecondDigits,
    zoneName: choice(options, "timeZoneName", ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"]),
    dateStyle: choice(options, "dateStyle", STYLES),
    timeStyle: choice(options, "timeStyle", STYLES),
    hour12: options.hour12,
    hourCycle: choice(options, "hourCycle", ["h11", "h12", "h23", "h24"]),
    zone: zoneOf(options.timeZone),
  };
  const hasDate = o.weekday ?? o.year ?? o.month ?? o.day;
  const hasTime = o.hour ?? o.minute ?? o.second ?? o.fraction;
  if (o.dateStyle !== undefined || o.timeStyle !== undefined) {
    if (hasDate !== undefined || hasTime !== undefined) {
      throw new TypeError(`Can't set option ${["weekday", "year", "month", "day", "hour", "minute", "second"].find((key) => o[key])} when ${o.dateStyle !== undefined ? "dateStyle" : "timeStyle"} is used`);
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

function dateParts(language, options, time) {
  const l = LANGUAGES[language];
  const o = options.dateStyle !== undefined || options.timeStyle !== undefined ? styled(options) : options;
  const [offset, short] = offsetAt(o.zone, time);
  const at = new Date(time + offset * 1000);
  const parts = [];
  const literal = (value) => parts.push({ type: "literal", value });
  const add = (type, value) => parts.push({ type, value });
  const fullYear = at.getUTCFullYear();
  const year = o.year === "2-digit" ? two(Math.abs(fullYear) % 100) : `${fullYear}`;
  const isNumeric = o.month === undefined || WIDTHS.includes(o.month);
  const pad = l.pad && o.year !== undefined && o.dateStyle === undefined;
  const day = o.day === "2-digit" || (isNumeric && pad) ? two(at.getUTCDate()) : `${at.getUTCDate()}`;
  const month = !isNumeric
    ? named(MONTHS, at.getUTCMonth(), o.month)
    : o.month === "2-digit" || pad ? two(at.getUTCMonth() + 1) : `${at.getUTCMonth() + 1}`;
  const values = { year, month, day };
  const hasDate = o.year !== undefined || o.month !== undefined || o.day !== undefined;
  if (o.weekday !== undefined) {
    add("weekday", named(DAYS, at.getUTCDay(), o.weekday));
    if (hasDate) literal(l.dayFirst && !isNumeric ? " " : ", ");
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
  const hasTime = o.hour !== undefined || o.minute !== undefined || o.second !== undefined || o.fraction !== undefined;
  if (hasTime) {
    if (parts.length > 0) {
      const isLong = o.dateStyle === "full" || o.dateStyle === "long" || (o.dateStyle === undefined && o.month === "long" && o.year !== undefined);
      literal(!hasDate ? " " : isLong ? " at " : (l.space ?? ", "));
    }
    timeParts(l, o, at, add, literal);
  }
  if (o.zoneName !== undefined) {
    if (parts.length > 0) literal(hasTime ? " " : ", ");
    add("timeZoneName", zoneText(o.zoneName, offset, short, o.zone));
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
    const value = twelve ? hours % 12 || 12 : o.hourCycle === "h24" && hours === 0 ? 24 : hours;
    add("hour", o.hour === "2-digit" || (!twelve && l.hour === undefined) ? two(value) : `${value}`);
    started = true;
  }
  if (o.minute !== undefined) {
    if (started) literal(":");
    add("minute", started || o.second !== undefined ? two(at.getUTCMinutes()) : `${at.getUTCMinutes()}`);
    started = true;
  }
  if (o.second !== undefined || o.fraction !== undefined) {
    if (o.second !== undefined) {
      if (started) literal(":");
      add("second", started ? two(at.getUTCSeconds()) : `${at.getUTCSeconds()}`);
    }
    if (o.fraction !== undefined) {
      if (o.second !== undefined) literal(l.point);
      add("fractionalSecond", `${at.getUTCMilliseconds()}`.padStart(3, "0").slice(0, o.fraction));
    }
  }
  if (twelve && o.hour !== undefined) {
    literal(" ");
    add("dayPeriod", hours < 12 ? "AM" : "PM");
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

function formatDate(date, locales, options, need, fill) {
  const time = Date.prototype.getTime.call(date);
  const language = languageOf(locales);
  const o = dateOptions(options, need, fill);
  return Number.isNaN(time) ? "Invalid Date" : textOf(dateParts(language, o, time));
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
    #options;
    #format;
    constructor(locales, options) {
      this.#language = languageOf(locales);
      this.#options = dateOptions(options, "any", "date");
    }
    get format() {
      return (this.#format ??= (date) => textOf(this.formatToParts(date)));
    }
    formatToParts(date) {
      return dateParts(this.#language, this.#options, timeOf(date));
    }
    formatRange(start, end) {
      const one = textOf(this.formatToParts(start)), other = textOf(this.formatToParts(end));
      return one === other ? one : `${one} \u2013 ${other}`;
    }
    resolvedOptions() {
      const o = this.#options;
      const told = { locale: this.#language, calendar: "gregory", numberingSystem: "latn", timeZone: o.zone };
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

const SYMBOLS = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$", AUD: "A$", MXN: "MX$", NZD: "NZ$", ILS: "₪", VND: "₫" };
const WHOLE = new Set(["JPY", "KRW", "VND", "CLP", "ISK"]);
const UNITS = {
  kilometer: " km", meter: " m", centimeter: " cm", mile: " mi", foot: " ft", inch: " in", kilogram: " kg", gram: " g", pound: " lb", liter: " L",
  celsius: "°C", fahrenheit: "°F", percent: "%", byte: " byte", kilobyte: " kB", megabyte: " MB", gigabyte: " GB", terabyte: " TB",
  second: " sec", minute: " min", hour: " hr", millisecond: " ms", "kilometer-per-hour": " km/h", "mile-per-hour": " mph",
};

function digits(options, name, low, high, fallback) {
  const value = options[name];
  if (value === undefined) return fallback;
  const number = Math.floor(Number(value));
  if (!(number >= low && number <= high)) throw new RangeError(`${name} value is out of range.`);
  return number;
}

function numberOptions(options) {
  options = options === undefined ? {} : Object(options);
  const style = choice(options, "style", ["decimal", "percent", "currency", "unit"], "decimal");
  const { currency, unit } = options;
  if (style === "currency") {
    if (currency === undefined) throw new TypeError("Currency code is required with currency style.");
    if (!/^[a-z]{3}$/i.test(`${currency}`)) throw new RangeError(`Invalid currency code : ${currency}`);
  }
  if (style === "unit" && unit === undefined) throw new TypeError("Required option 'unit' is missing.");
  const notation = choice(options, "notation", ["standard", "scientific", "engineering", "compact"], "standard");
  const code = currency === undefined ? undefined : `${currency}`.toUpperCase();
  const usual = style === "currency" ? (WHOLE.has(code) ? 0 : 2) : 0;
  const most = style === "currency" ? usual : style === "percent" ? 0 : 3;
  let minimum = digits(options, "minimumFractionDigits", 0, 100, undefined);
  let maximum = digits(options, "maximumFractionDigits", 0, 100, undefined);
  const isPlain = minimum === undefined && maximum === undefined;
  minimum ??= Math.min(usual, maximum ?? usual);
  maximum ??= Math.max(most, minimum);
  if (minimum > maximum) throw new RangeError("maximumFractionDigits value is out of range.");
  return {
    style, notation, minimum, maximum, unit, currency: code,
    display: choice(options, "currencyDisplay", ["code", "symbol", "narrowSymbol", "name"], "symbol"),
    compact: notation === "compact" && isPlain,
    integer: digits(options, "minimumIntegerDigits", 1, 21, 1),
    lowest: digits(options, "minimumSignificantDigits", 1, 21, undefined),
    highest: digits(options, "maximumSignificantDigits", 1, 21, options.minimumSignificantDigits === undefined ? undefined : 21),
    grouping: options.useGrouping === undefined ? true : options.useGrouping !== false && options.useGrouping !== "false",
    sign: choice(options, "signDisplay", ["auto", "never", "always", "exceptZero", "negative"], "auto"),
  };
}

// A number without its sign as decimal digits: whole and fraction.
function decimal(value, o) {
  if (o.highest !== undefined || o.compact) {
    const places = o.highest ?? (value >= 100 ? Math.max(2, `${Math.round(value)}`.length) : 2);
    if (value !== 0) value = Number(value.toPrecision(Math.min(places, 21)));
    let [whole, fraction = ""] = plainDigits(value).split(".");
    const least = o.lowest ?? 1;
    const have = (whole === "0" ? "" : whole).length + fraction.length;
    if (have < least) fraction = fraction.padEnd(fraction.length + least - have, "0");
    return [whole, fraction];
  }
  let [whole, fraction = ""] = plainDigits(roundTo(value, o.maximum)).split(".");
  fraction = fraction.slice(0, o.maximum).padEnd(o.minimum, "0");
  return [whole, fraction];
}

// Half away from zero, in the number's shortest decimal form.
function roundTo(value, places) {
  if (value >= 1e21) return value;
  const [whole, fraction = ""] = plainDigits(value).split(".");
  if (fraction.length <= places) return value;
  let scaled = BigInt(whole + fraction.slice(0, places));
  if (fraction[places] >= "5") scaled += 1n;
  const text = scaled.toString().padStart(places + 1, "0");
  return places === 0 ? Number(text) : Number(`${text.slice(0, -places)}.${text.slice(-places)}`);
}

function plainDigits(value) {
  const text = `${value}`;
  const found = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (found === null) return text;
  const [, first, rest = "", power] = found;
  const shift = Number(power);
  return shift < 0 ? `0.${"0".repeat(-shift - 1)}${first}${rest}` : (first + rest).padEnd(shift + 1, "0");
}

function numberParts(language, o, value) {
  const l = LANGUAGES[language];
  const parts = [];
  const add = (type, value) => parts.push({ type, value });
  const isBig = typeof value === "bigint";
  let isNegative = isBig ? value < 0n : value < 0 || Object.is(value, -0);
  let whole, fraction = "", suffix = "";
  let special = null;
  if (isBig) {
    whole = `${isNegative ? -value : value}`;
    fraction = "0".repeat(o.minimum);
  } else if (Number.isNaN(value)) {
    special = ["nan", "NaN"];
    isNegative = false;
  } else if (!Number.isFinite(value)) special = ["infinity", "∞"];
  else {
    let size = Math.abs(value);
    if (o.style === "percent") size = Number(plainDigits(Number((size * 100).toPrecision(15))));
    if (o.notation === "compact") {
      const step = size >= 999.5e9 ? 4 : size >= 999.5e6 ? 3 : size >= 999.5e3 ? 2 : size >= 1e3 ? 1 : 0;
      size /= 1000 ** step;
      suffix = ["", "K", "M", "B", "T"][step];
    }
    [whole, fraction] = decimal(size, o);
  }
  const isZero = special === null && /^0*$/.test(whole + fraction);
  const sign =
    o.sign === "never" ? "" :
    isNegative && !(isZero && (o.sign === "negative" || o.sign === "exceptZero")) ? "-" :
    o.sign === "always" || (o.sign === "exceptZero" && !isZero && special?.[0] !== "nan") ? "+" : "";
  if (sign !== "") add(sign === "-" ? "minusSign" : "plusSign", sign);
  const symbol = o.style !== "currency" ? "" : o.display === "code" ? o.currency : (SYMBOLS[o.currency] ?? o.currency);
  if (symbol !== "" && o.display !== "name" && !l.behind) {
    add("currency", symbol);
    if (/[a-z]$/i.test(symbol)) add("literal", "\u00a0");
  }
  if (special !== null) add(...special);
  else {
    whole = whole.padStart(o.integer, "0");
    if (o.grouping && whole.length > (o.notation === "compact" ? 4 : 3)) {
      const groups = [];
      for (let end = whole.length; end > 0; end -= 3) groups.unshift(whole.slice(Math.max(0, end - 3), end));
      groups.forEach((digits, at) => {
        if (at > 0) add("group", l.group);
        add("integer", digits);
      });
    } else add("integer", whole);
    if (fraction !== "") add("decimal", l.point), add("fraction", fraction);
  }
  if (suffix !== "") add("compact", suffix);
  if (o.style === "percent") {
    if (l.behind) add("literal", "\u00a0");
    add("percentSign", "%");
  }
  if (symbol !== "" && (l.behind || o.display === "name")) add("literal", "\u00a0"), add("currency", symbol);
  if (o.style === "unit") {
    const text = UNITS[o.unit] ?? ` ${o.unit}`;
    if (text[0] === " ") add("literal", " ");
    add("unit", text.trimStart());
  }
  return parts;
}

const numeric = (value) => (typeof value === "bigint" ? value : Number(value));

const NumberFormat = callable(
  class NumberFormat {
    #language;
    #options;
    #format;
    constructor(locales, options) {
      this.#language = languageOf(locales);
      this.#options = numberOptions(options);
    }
    get format() {
      return (this.#format ??= (value) => textOf(this.formatToParts(value)));
    }
    formatToParts(value) {
      return numberParts(this.#language, this.#options, numeric(value));
    }
    resolvedOptions() {
      const o = this.#options;
      const told = { locale: this.#language, numberingSystem: "latn", style: o.style };
      if (o.currency !== undefined) {
        told.currency = o.currency;
        told.currencyDisplay = o.display;
        told.currencySign = "standard";
      }
      if (o.unit !== undefined) told.unit = o.unit;
      told.minimumIntegerDigits = o.integer;
      told.minimumFractionDigits = o.minimum;
      told.maximumFractionDigits = o.maximum;
      if (o.highest !== undefined) {
        told.minimumSignificantDigits = o.lowest ?? 1;
        told.maximumSignificantDigits = o.highest;
      }
      told.useGrouping = o.grouping ? (o.notation === "compact" ? "min2" : "auto") : false;
      told.notation = o.notation;
      if (o.notation === "compact") told.compactDisplay = "short";
      told.signDisplay = o.sign;
      told.roundingIncrement = 1;
      told.roundingMode = "halfExpand";
      told.roundingPriority = o.compact ? "morePrecision" : "auto";
      told.trailingZeroDisplay = "auto";
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
    this.#type = choice(Object(options ?? {}), "type", ["cardinal", "ordinal"], "cardinal", "Intl.PluralRules");
    this.#options = numberOptions(options);
  }
  resolvedOptions() {
    const o = this.#options;
    const isOrdinal = this.#type === "ordinal";
    const told = { locale: this.#locale, type: this.#type, notation: o.notation, minimumIntegerDigits: o.integer, minimumFractionDigits: o.minimum, maximumFractionDigits: o.maximum };
    told.pluralCategories = isOrdinal ? ["one", "two", "few", "other"] : ["one", "other"];
    told.roundingIncrement = 1;
    told.roundingMode = "halfExpand";
    told.roundingPriority = "auto";
    told.trailingZeroDisplay = "auto";
    return told;
  }
  select(value) {
    return plural(Math.abs(Number(value)), this.#type === "ordinal");
  }
  selectRange(start, end) {
    for (const [name, value] of [["startRange", start], ["endRange", end]]) {
      if (value === undefined) throw new TypeError(`Invalid ${name} : undefined`);
      if (Number.isNaN(Number(value))) throw new RangeError(`Invalid ${name} : NaN`);
    }
    return plural(Math.abs(Number(end)), this.#type === "ordinal");
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
    const o = Object(options ?? {});
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

class ListFormat {
  #locale;
  #type;
  #style;
  constructor(locales, options) {
    this.#locale = localeOf(locales);
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

// Letters before their accents, accents before case.
function compare(one, other, options) {
  const base = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const flat = (text) => text.normalize("NFD").toLowerCase();
  const { sensitivity = "variant", numeric = false } = options ?? {};
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const split = (text) => text.split(/(\d+)/);
  let by = 0;
  if (numeric) {
    const left = split(base(one)), right = split(base(other));
    for (let at = 0; by === 0 && at < Math.max(left.length, right.length); at++) {
      const a = left[at] ?? "", b = right[at] ?? "";
      by = at % 2 === 1 && a !== "" && b !== "" ? order(Number(a), Number(b)) : order(a, b);
    }
  } else by = order(base(one), base(other));
  if (by !== 0 || sensitivity === "base") return by;
  if (sensitivity !== "case") {
    by = order(flat(one), flat(other));
    if (by !== 0 || sensitivity === "accent") return by;
  }
  // Small letters first.
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    if (one[at] !== other[at]) return one[at] === one[at].toLowerCase() ? -1 : 1;
  }
  return order(one.length, other.length);
}

const Collator = callable(
  class Collator {
    #locale;
    #options;
    #compare;
    constructor(locales, options) {
      this.#locale = localeOf(locales);
      const o = Object(options ?? {});
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
      return (this.#compare ??= (one, other) => compare(`${one}`, `${other}`, this.#options));
    }
  },
);

for (const c of [PluralRules, RelativeTimeFormat, ListFormat]) finish(c, c);

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
for (const c of [Segmenter, DurationFormat]) defineProperty(c, "length", { value: 0, configurable: true });
const LocaleConstructor = constructor(Locale);
delete LocaleConstructor.supportedLocalesOf;

const Intl = {};
const members = {
  getCanonicalLocales: (locales) => [...new Set(canonicalList(locales))],
  supportedValuesOf: (key) => supportedValuesOf(key, currencies),
  DateTimeFormat, NumberFormat, Collator, PluralRules, RelativeTimeFormat, ListFormat,
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
    return formatDate(this, locales, options, "any", "all");
  },
  toLocaleDateString(locales, options) {
    return formatDate(this, locales, options, "date", "date");
  },
  toLocaleTimeString(locales, options) {
    return formatDate(this, locales, options, "time", "time");
  },
});
const numberValue = Number.prototype.valueOf, bigValue = BigInt.prototype.valueOf;
methods(Number.prototype, {
  toLocaleString(locales, options) {
    return textOf(numberParts(languageOf(locales), numberOptions(options), numberValue.call(this)));
  },
});
methods(BigInt.prototype, {
  toLocaleString(locales, options) {
    return textOf(numberParts(languageOf(locales), numberOptions(options), bigValue.call(this)));
  },
});
methods(String.prototype, {
  localeCompare(that, locales, options) {
    if (locales !== undefined) languageOf(locales);
    return compare(`${this}`, `${that}`, options);
  },
});
defineProperty(String.prototype.localeCompare, "length", { value: 1, configurable: true });
