// Tags of languages: how they are written, and Intl.Locale.
import native from "internal:native";
import { calendars, likely, regionName } from "internal:intl/names";

const { defineProperty } = Object;
const ALIASES = { iw: "he", in: "id", ji: "yi", jw: "jv", mo: "ro", tl: "fil" };
const INVALID = "Incorrect locale information provided";

// A tag in its parts; null if it is none.
export function parse(tag) {
  const parts = tag.toLowerCase().split("-");
  let at = 0;
  const is = (pattern) => at < parts.length && pattern.test(parts[at]);
  if (!is(/^([a-z]{2,3}|[a-z]{5,8})$/)) return null;
  const l = { language: parts[at++], script: undefined, region: undefined, variants: [], keywords: new Map(), attributes: [], others: [], own: "" };
  l.language = ALIASES[l.language] ?? l.language;
  if (is(/^[a-z]{4}$/)) l.script = parts[at][0].toUpperCase() + parts[at++].slice(1);
  if (is(/^([a-z]{2}|\d{3})$/)) l.region = parts[at++].toUpperCase();
  while (is(/^([a-z\d]{5,8}|\d[a-z\d]{3})$/)) {
    if (l.variants.includes(parts[at])) return null;
    l.variants.push(parts[at++]);
  }
  l.variants.sort();
  const seen = new Set();
  while (is(/^[a-wy-z\d]$/)) {
    const singleton = parts[at++];
    if (seen.has(singleton)) return null;
    seen.add(singleton);
    if (singleton === "u") {
      const from = at;
      while (is(/^[a-z\d]{3,8}$/)) l.attributes.push(parts[at++]);
      while (is(/^[a-z\d][a-z]$/)) {
        const key = parts[at++];
        const values = [];
        while (is(/^[a-z\d]{3,8}$/)) values.push(parts[at++]);
        const value = values.join("-");
        if (!l.keywords.has(key)) l.keywords.set(key, value === "true" || value === "yes" ? "" : value);
      }
      if (at === from) return null;
    } else {
      const from = at;
      while (is(/^[a-z\d]{2,8}$/)) at++;
      if (at === from) return null;
      l.others.push([singleton, ...parts.slice(from, at)].join("-"));
    }
  }
  if (is(/^x$/)) {
    if (at + 1 >= parts.length || !parts.slice(at + 1).every((part) => /^[a-z\d]{1,8}$/.test(part))) return null;
    l.own = parts.slice(at).join("-");
    at = parts.length;
  }
  return at === parts.length ? l : null;
}

const baseOf = (l) => [l.language, l.script, l.region, ...l.variants].filter((part) => part !== undefined).join("-");

// The tag that parts are written as.
export function written(l) {
  const extensions = [...l.others];
  if (l.keywords.size > 0 || l.attributes.length > 0) {
    const pieces = ["u", ...l.attributes.toSorted()];
    for (const key of [...l.keywords.keys()].sort()) {
      const value = l.keywords.get(key);
      pieces.push(value === "" ? key : `${key}-${value}`);
    }
    extensions.push(pieces.join("-"));
  }
  extensions.sort();
  if (l.own !== "") extensions.push(l.own);
  return [baseOf(l), ...extensions].join("-");
}

export function canonical(tag) {
  if (typeof tag !== "string" && (typeof tag !== "object" || tag === null)) throw new TypeError("Language ID should be string or object.");
  if (typeof tag === "object" && tagOf(tag) !== undefined) return tagOf(tag);
  tag = `${tag}`;
  const parts = parse(tag);
  if (parts === null) throw new RangeError(`Invalid language tag: ${tag}`);
  return written(parts);
}

function option(options, name, pattern, allowed) {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = `${value}`;
  if (allowed !== undefined && !allowed.includes(text)) {
    throw new RangeError(`Value ${text} out of range for locale options property ${name}`);
  }
  if (pattern !== undefined && !pattern.test(text)) throw new RangeError(INVALID);
  return text;
}

const maximal = (l) => {
  const [script, region] = likely(l.language === "und" ? "en" : l.language, l.region) ?? [];
  if (script === undefined) return l;
  return { ...l, language: l.language === "und" ? "en" : l.language, script: l.script ?? script, region: l.region ?? region };
};

const TYPE = /^[a-z\d]{3,8}(-[a-z\d]{3,8})*$/i;
const RIGHT_TO_LEFT = ["Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"];
// Regions whose week does not begin on Monday, or whose weekend is another.
const SUNDAY =
  "AG AS BD BR BS BT BU BW BZ CA CO DM DO ET GT GU HK HN ID IS JM JP KE KH KR LA MH MM MO MT MX MZ NI NP PA PE PH PK PR PT PY RH SG SV TH TT TW UM US VE VI WS ZA ZW IL SA YD YE IN";
const SATURDAY = "AF BH DZ EG IQ JO KW LY OM QA SD SY DJ IR";
const WEEKENDS = { AF: [4, 5], IN: [7], IR: [5], UG: [7] };
const FRIDAYS = "BH DZ EG IQ JO KW LY OM QA SD SY IL SA YD YE";
// Regions that count twelve hours.
const TWELVE =
  "AE AG AL AR AS AU BB BD BH BM BN BO BS BT CA CL CO CR CU CY DJ DM DO DZ EC EG EH ER ET FJ FM GD GH GM GR GT GU GY HK HN IN IQ JM JO KH KI KN KP KR KW KY LB LC LR LS LY MH MO MP MR MW MX MY NA NH NI NZ OM PA PE PG PH PK PR PS PW PY QA SA SB SD SG SL SO SS SV SY SZ TC TD TN TO TT TW UM US UY VC VE VG VI VU WS YD YE ZM ZZ";

let tagOf = () => undefined;

export class Locale {
  #parts;
  static {
    tagOf = (value) => (#parts in value ? written(value.#parts) : undefined);
  }
  constructor(tag, options) {
    if (!/^(string|object|function)$/.test(typeof tag) || tag === null) {
      throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
    }
    const text = tagOf(Object(tag)) ?? `${tag}`;
    if (text === "") throw new RangeError("First argument to Intl.Locale constructor can't be empty or missing");
    const l = parse(text);
    if (l === null) throw new RangeError(INVALID);
    if (options !== undefined) {
      if (options === null) throw new TypeError("Cannot convert undefined or null to object");
      const o = Object(options);
      l.language = option(o, "language", /^([a-z]{2,3}|[a-z]{5,8})$/i)?.toLowerCase() ?? l.language;
      const script = option(o, "script", /^[a-z]{4}$/i)?.toLowerCase();
      if (script !== undefined) l.script = script[0].toUpperCase() + script.slice(1);
      l.region = option(o, "region", /^([a-z]{2}|\d{3})$/i)?.toUpperCase() ?? l.region;
      const set = (key, value) => {
        if (value !== undefined) l.keywords.set(key, value === "true" ? "" : value.toLowerCase());
      };
      set("ca", option(o, "calendar", TYPE));
      set("co", option(o, "collation", TYPE));
      set("fw", option(o, "firstDayOfWeek", TYPE));
      set("hc", option(o, "hourCycle", undefined, ["h11", "h12", "h23", "h24"]));
      set("kf", option(o, "caseFirst", undefined, ["upper", "lower", "false"]));
      if (o.numeric !== undefined) l.keywords.set("kn", o.numeric ? "" : "false");
      set("nu", option(o, "numberingSystem", TYPE));
    }
    this.#parts = l;
  }
  toString() {
    return written(this.#parts);
  }
  maximize() {
    return new Locale(written(maximal(this.#parts)));
  }
  minimize() {
    const l = maximal(this.#parts);
    const same = (one) => {
      const other = maximal({ ...l, ...one });
      return other.script === l.script && other.region === l.region;
    };
    for (const one of [
      { script: undefined, region: undefined },
      { script: undefined },
      { region: undefined },
    ]) {
      if (same(one)) return new Locale(written({ ...l, ...one }));
    }
    return new Locale(written(l));
  }
  get language() {
    return this.#parts.language;
  }
  get script() {
    return this.#parts.script;
  }
  get region() {
    return this.#parts.region;
  }
  get variants() {
    const { variants, keywords } = this.#parts;
    return variants.length > 0 ? variants.join("-") : keywords.get("va");
  }
  get baseName() {
    const l = this.#parts;
    return l.keywords.has("va") ? `${baseOf(l)}-u-va-${l.keywords.get("va")}` : baseOf(l);
  }
  get calendar() {
    return this.#parts.keywords.get("ca");
  }
  get caseFirst() {
    return this.#parts.keywords.get("kf");
  }
  get collation() {
    return this.#parts.keywords.get("co");
  }
  get firstDayOfWeek() {
    return this.#parts.keywords.get("fw");
  }
  get hourCycle() {
    return this.#parts.keywords.get("hc");
  }
  get numeric() {
    const value = this.#parts.keywords.get("kn");
    return value !== undefined && value !== "false";
  }
  get numberingSystem() {
    return this.#parts.keywords.get("nu");
  }
  getCalendars() {
    return [this.calendar ?? "gregory"];
  }
  getCollations() {
    return this.collation !== undefined ? [this.collation] : this.language === "de" ? ["emoji", "eor", "phonebk"] : ["emoji", "eor"];
  }
  getHourCycles() {
    const region = maximal(this.#parts).region ?? "001";
    return [this.hourCycle ?? (TWELVE.includes(region) ? "h12" : "h23")];
  }
  getNumberingSystems() {
    return [this.numberingSystem ?? (this.language === "ar" && maximal(this.#parts).region === "EG" ? "arab" : "latn")];
  }
  getTimeZones() {
    if (this.region === undefined) return undefined;
    // Which zone is where is not known here.
    return [];
  }
  getTextInfo() {
    return { direction: RIGHT_TO_LEFT.includes(maximal(this.#parts).script) ? "rtl" : "ltr" };
  }
  getWeekInfo() {
    const region = maximal(this.#parts).region ?? "001";
    const known = (list) => regionName(region) !== undefined && list.includes(region);
    return {
      firstDay: known(SUNDAY) ? 7 : known(SATURDAY) ? 6 : region === "MV" ? 5 : 1,
      weekend: WEEKENDS[region] ?? (known(FRIDAYS) ? [5, 6] : [6, 7]),
    };
  }
}
defineProperty(Locale, "length", { value: 1, configurable: true });

const NUMBERINGS =
  "adlm ahom arab arabext bali beng bhks brah cakm cham deva diak fullwide gara gong gonm gujr gukh guru hanidec hmng hmnp java kali kawi khmr knda krai lana lanatham laoo latn lepc limb mathbold mathdbl mathmono mathsanb mathsans mlym modi mong mroo mtei mymr mymrepka mymrpao mymrshan mymrtlng nagm newa nkoo olck onao orya osma outlined rohg saur segment shrd sind sinh sora sund sunu takr talu tamldec telu thai tibt tirh tnsa tols vaii wara wcho";
const COLLATIONS = "compat emoji eor phonebk pinyin searchjl stroke trad unihan zhuyin";
const UNITS =
  "acre bit byte celsius centimeter day degree fahrenheit fluid-ounce foot gallon gigabit gigabyte gram hectare hour inch kilobit kilobyte kilogram kilometer liter megabit megabyte meter microsecond mile mile-scandinavian milliliter millimeter millisecond minute month nanosecond ounce percent petabyte pound second stone terabit terabyte week yard year";

// Whether a unit is known, or one of two per another.
export function isUnit(name) {
  const known = UNITS.split(" ");
  const [one, per, ...rest] = name.split("-per-");
  return rest.length === 0 && known.includes(one) && (per === undefined || known.includes(per));
}

// Intl.supportedValuesOf: what is known of by name.
export function supportedValuesOf(key, currencies) {
  switch (`${key}`) {
    case "calendar":
      return calendars();
    case "collation":
      return COLLATIONS.split(" ");
    case "currency":
      return currencies();
    case "numberingSystem":
      return NUMBERINGS.split(" ");
    case "timeZone":
      return native.zoneNames();
    case "unit":
      return UNITS.split(" ");
    default:
      throw new RangeError(`Invalid key : ${key}`);
  }
}
