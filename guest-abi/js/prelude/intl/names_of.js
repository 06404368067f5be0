// Intl.DisplayNames: in English, whatever language is asked for.
import { calendarName, currencyName, dialectName, languageName, regionName, scriptName } from "internal:intl/names";
import { parse, written } from "internal:intl/locale";

const TYPES = ["language", "region", "script", "currency", "calendar", "dateTimeField"];
const FIELDS = {
  era: "era", year: "year/yr./yr", quarter: "quarter/qtr./qtr", month: "month/mo./mo", weekOfYear: "week/wk./wk",
  weekday: "day of the week/day of wk./day of wk.", day: "day", dayPeriod: "AM/PM|AM/PM|AM/PM", hour: "hour/hr./hr",
  minute: "minute/min./min", second: "second/sec./sec", timeZoneName: "time zone/zone/zone",
};
const SHORT = { "en-US": "US English", "en-GB": "UK English" };

function field(code, style) {
  const names = FIELDS[code]?.split(FIELDS[code].includes("|") ? "|" : "/");
  return names && (names[["long", "short", "narrow"].indexOf(style)] ?? names[0]);
}

function language(l, style, isDialect) {
  let rest = [l.script, l.region, ...l.variants].filter((part) => part !== undefined);
  let name;
  if (isDialect) {
    for (const part of [l.region, l.script]) {
      if (part === undefined) continue;
      const tag = `${l.language}-${part}`;
      name = (style !== "long" ? SHORT[tag] : undefined) ?? dialectName(tag);
      // Which script it is goes before where it is, unless both are said.
      if (name === undefined || (part === l.script && l.region !== undefined)) {
        name = undefined;
        continue;
      }
      rest = rest.filter((other) => other !== part);
      break;
    }
  }
  name ??= languageName(l.language);
  if (name === undefined) return undefined;
  const more = rest.map((part) => (part === l.script ? scriptName(part, true) : part === l.region ? regionName(part) : undefined) ?? part);
  return more.length > 0 ? `${name} (${more.join(", ")})` : name;
}

const invalid = () => new RangeError("invalid_argument");

export const displayNames = ({ choice, localeOf, incompatible }) =>
  class DisplayNames {
    #locale;
    #options;
    constructor(locales, options) {
      this.#locale = localeOf(locales);
      if (typeof options !== "object" || options === null) throw new TypeError("invalid_argument");
      const pick = (name, allowed, fallback) => choice(options, name, allowed, fallback, "Intl.DisplayNames");
      const o = { style: pick("style", ["narrow", "short", "long"], "long") };
      o.type = pick("type", TYPES, undefined);
      if (o.type === undefined) throw new TypeError("invalid_argument");
      o.fallback = pick("fallback", ["code", "none"], "code");
      const display = pick("languageDisplay", ["dialect", "standard"], "dialect");
      if (o.type === "language") o.languageDisplay = display;
      this.#options = o;
    }
    resolvedOptions() {
      if (!(#options in this)) throw incompatible("DisplayNames", "resolvedOptions", this);
      return { locale: this.#locale, ...this.#options };
    }
    of(code) {
      if (!(#options in this)) throw incompatible("DisplayNames", "of", this);
      const { type, style, fallback, languageDisplay } = this.#options;
      let text = `${code}`;
      let name;
      switch (type) {
        case "language": {
          const l = parse(text);
          if (l === null || l.keywords.size > 0 || l.own !== "") throw invalid();
          text = written(l);
          name = language(l, style, languageDisplay === "dialect");
          break;
        }
        case "region":
          if (!/^([a-z]{2}|\d{3})$/i.test(text)) throw invalid();
          name = regionName(text);
          break;
        case "script":
          if (!/^[a-z]{4}$/i.test(text)) throw invalid();
          text = text[0].toUpperCase() + text.slice(1).toLowerCase();
          name = scriptName(text, style !== "long") ?? undefined;
          break;
        case "currency":
          if (!/^[a-z]{3}$/i.test(text)) throw invalid();
          text = text.toUpperCase();
          name = currencyName(text);
          break;
        case "calendar":
          if (!/^[a-z\d]{3,8}(-[a-z\d]{3,8})*$/i.test(text)) throw invalid();
          text = text.toLowerCase();
          name = calendarName(text);
          break;
        default:
          name = field(text, style);
          if (name === undefined) throw invalid();
      }
      return name ?? (fallback === "code" ? text : undefined);
    }
  };
