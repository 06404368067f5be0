// Tags of languages: what is asked for, and what of it is known.
import { canonical, Locale, parse } from "internal:intl/locale";
import { isKnown } from "internal:intl/names";
import { localesOf } from "internal:intl/local_dates";
import { remembered } from "internal:intl/remembered";

// How languages write numeric dates and numbers. `date` is the order of its parts and what
// stands between them.
export const LANGUAGES = {
  "en-US": { date: ["month", "/", "day", "/", "year"], h12: true, group: ",", point: "." },
  "en-GB": { date: ["day", "/", "month", "/", "year"], h12: false, group: ",", point: ".", pad: true, dayFirst: true, halves: ["am", "pm"] },
  "en-CA": { date: ["year", "-", "month", "-", "day"], h12: true, group: ",", point: ".", pad: true, halves: ["a.m.", "p.m."] },
  "sv-SE": { date: ["year", "-", "month", "-", "day"], h12: false, group: "\u00a0", point: ",", pad: true, space: " " },
  "de-DE": { date: ["day", ".", "month", ".", "year"], h12: false, group: ".", point: ",", behind: true },
  "fr-FR": { date: ["day", "/", "month", "/", "year"], h12: false, group: "\u202f", point: ",", pad: true, behind: true, space: " " },
  "ja-JP": { date: ["year", "/", "month", "/", "day"], h12: false, group: ",", point: ".", space: " ", hour: "numeric" },
};
const SHORT = { en: "en-US", sv: "sv-SE", de: "de-DE", fr: "fr-FR", ja: "ja-JP" };

export function canonicalList(locales) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  if (typeof locales === "string" || locales instanceof Locale) return [canonical(locales)];
  const list = Object(locales);
  const length = Math.trunc(Number(list.length)) || 0;
  const tags = [];
  for (let i = 0; i < length; i++) if (i in list) tags.push(canonical(list[i]));
  return tags;
}
export const isSupported = (tag) => isKnown(parse(tag)?.language ?? "");
const EXTENSIONS = /-[a-z0-9]-.*$/;
// The first of the languages asked for that is known.
export const localeOf = remembered((locales) => canonicalList(locales).find(isSupported)?.replace(EXTENSIONS, "") ?? "en-US");
// That of the patterns for dates.
export const localOf = remembered((locales) => localesOf(canonicalList(locales)));

export const CYCLES = ["h11", "h12", "h23", "h24"];

// The cycle of hours that the first known language is asked for with (`-u-hc-`).
export const cycleOf = remembered((locales) => {
  const cycle = parse(canonicalList(locales).find(isSupported) ?? "en")?.keywords.get("hc");
  return CYCLES.includes(cycle) ? cycle : undefined;
});

export const languageOf = remembered((locales) => {
  for (const asked of canonicalList(locales)) {
    const tag = asked.replace(EXTENSIONS, "");
    const known = LANGUAGES[tag] !== undefined ? tag : SHORT[tag] ?? SHORT[tag.split("-")[0]];
    if (known !== undefined) return known;
  }
  return "en-US";
});

export function choice(options, name, allowed, fallback, holder = "Intl") {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = `${value}`;
  if (!allowed.includes(text)) {
    throw new RangeError(`Value ${text} out of range for ${holder} options property ${name}`);
  }
  return text;
}
