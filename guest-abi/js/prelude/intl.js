// Intl and the toLocale… methods: English, and dates and numbers of other languages (spec: FEATURES F199).
import { plain, unclonable } from "internal:platform";
import { Locale, supportedValuesOf } from "internal:intl/locale";
import { currencies } from "internal:intl/names";
import { segmenters } from "internal:intl/segmenter";
import { displayNames } from "internal:intl/names_of";
import { durationFormat } from "internal:intl/durations";
import { pluralRules } from "internal:intl/plurals";
import { dateRangeParts } from "internal:intl/ranges";
import { numberOptions as readNumbers, numberParts, rangeParts, usualText } from "internal:intl/numbers";
import { compare } from "internal:intl/collation";
import { LANGUAGES, canonicalList, isSupported, localeOf, localOf, cycleOf, languageOf, choice } from "internal:intl/tags";
import { offsetAt, dateOptions, styled, dateParts, is12 } from "internal:intl/date_parts";

const { defineProperty, freeze } = Object;
const { getTime } = Date.prototype;

// ---- Dates ----

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
