// Intl.NumberFormat: numbers as languages write them (their signs and separators are in
// intl/number_data.js; words are English).
import { numberLanguage, SYMBOLS } from "internal:intl/number_data";
import { isUnit } from "internal:intl/locale";
import { currencyName } from "internal:intl/names";

// Currencies without a smaller coin, and with thousandths of one.
const WHOLE = new Set("AFN ALL BIF CLP COP DJF GNF HUF IDR IQD IRR ISK JPY KMF KPW KRW LAK LBP MGA MMK PKR PYG RSD RWF SLL SOS SYP UGX VND VUV XAF XOF XPF YER".split(" "));
const THOUSANDTHS = new Set(["BHD", "JOD", "KWD", "LYD", "OMR", "TND"]);
const UNITS = {
  kilometer: ["km", "kilometer"], meter: ["m", "meter"], centimeter: ["cm", "centimeter"], millimeter: ["mm", "millimeter"], mile: ["mi", "mile"],
  foot: ["ft", "foot", "feet"], inch: ["in", "inch", "inches"], yard: ["yd", "yard"], kilogram: ["kg", "kilogram"], gram: ["g", "gram"],
  pound: ["lb", "pound"], ounce: ["oz", "ounce"], liter: ["L", "liter"], milliliter: ["mL", "milliliter"], percent: ["%", "percent", "percent"],
  byte: ["byte", "byte", "bytes", "B"], kilobyte: ["kB", "kilobyte"], megabyte: ["MB", "megabyte"], gigabyte: ["GB", "gigabyte"], terabyte: ["TB", "terabyte"],
  celsius: ["°C", "degree Celsius", "degrees Celsius"], fahrenheit: ["°F", "degree Fahrenheit", "degrees Fahrenheit"], degree: ["deg", "degree"],
  second: ["sec", "second", "seconds", "s"], minute: ["min", "minute", "minutes", "m"], hour: ["hr", "hour", "hours", "h"], millisecond: ["ms", "millisecond"],
  day: ["day", "day", "days", "d", "days"], week: ["wk", "week", "weeks", "w", "wks"], month: ["mth", "month", "months", "m", "mths"], year: ["yr", "year", "years", "y", "yrs"],
  "kilometer-per-hour": ["km/h", "kilometer per hour", "kilometers per hour"], "mile-per-hour": ["mph", "mile per hour", "miles per hour"],
  "meter-per-second": ["m/s", "meter per second", "meters per second"],
};
// Units that follow their number at once.
const CLOSE = new Set(["celsius", "fahrenheit", "percent"]);
const STEPS = [["", ""], ["K", "thousand"], ["M", "million"], ["B", "billion"], ["T", "trillion"]];
const INCREMENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000];
const MODES = ["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"];

function digits(options, name, low, high, fallback) {
  const value = options[name];
  if (value === undefined) return fallback;
  const number = Math.floor(Number(value));
  if (!(number >= low && number <= high)) throw new RangeError(`${name} value is out of range.`);
  return number;
}

function groupingOf(options, choice, notation) {
  const value = options.useGrouping;
  const usual = notation === "compact" ? "min2" : "auto";
  if (value === undefined || value === "true" || value === "false") return usual;
  if (value === true) return "always";
  if (!value) return false;
  return choice(options, "useGrouping", ["min2", "auto", "always"], usual);
}

// What the options of a number format ask for.
export function numberOptions(choice, options) {
  options = options === undefined ? {} : Object(options);
  const style = choice(options, "style", ["decimal", "percent", "currency", "unit"], "decimal");
  const { currency, unit } = options;
  if (style === "currency") {
    if (currency === undefined) throw new TypeError("Currency code is required with currency style.");
    if (!/^[a-z]{3}$/i.test(`${currency}`)) throw new RangeError(`Invalid currency code : ${currency}`);
  }
  if (style === "unit" && unit === undefined) throw new TypeError("Invalid unit argument for Intl.NumberFormat() ''");
  if (unit !== undefined && !isUnit(`${unit}`)) throw new RangeError(`Invalid unit argument for Intl.NumberFormat() '${unit}'`);
  const notation = choice(options, "notation", ["standard", "scientific", "engineering", "compact"], "standard");
  const code = currency === undefined ? undefined : `${currency}`.toUpperCase();
  const isMoney = style === "currency" && notation === "standard";
  const usual = isMoney ? (WHOLE.has(code) ? 0 : THOUSANDTHS.has(code) ? 3 : 2) : 0;
  const most = isMoney ? usual : style === "percent" ? 0 : 3;
  let minimum = digits(options, "minimumFractionDigits", 0, 100, undefined);
  let maximum = digits(options, "maximumFractionDigits", 0, 100, undefined);
  const isPlain = minimum === undefined && maximum === undefined;
  const lowest = digits(options, "minimumSignificantDigits", 1, 21, undefined);
  const highest = digits(options, "maximumSignificantDigits", 1, 21, lowest === undefined ? undefined : 21);
  const increment = digits(options, "roundingIncrement", 1, 5000, 1);
  if (!INCREMENTS.includes(increment)) throw new RangeError("roundingIncrement value is out of range.");
  minimum ??= Math.min(usual, maximum ?? usual);
  maximum ??= Math.max(most, minimum);
  if (minimum > maximum || (increment !== 1 && minimum !== maximum)) throw new RangeError("maximumFractionDigits value is out of range.");
  const isCompact = notation === "compact" && isPlain && highest === undefined;
  return {
    style, notation, unit, currency: code, increment,
    minimum: isCompact ? 0 : minimum,
    maximum: isCompact ? 0 : maximum,
    lowest: isCompact ? 1 : highest === undefined ? undefined : lowest ?? 1,
    highest: isCompact ? 2 : highest,
    display: choice(options, "currencyDisplay", ["code", "symbol", "narrowSymbol", "name"], "symbol"),
    accounting: choice(options, "currencySign", ["standard", "accounting"], "standard") === "accounting",
    unitDisplay: choice(options, "unitDisplay", ["short", "narrow", "long"], "short"),
    long: choice(options, "compactDisplay", ["short", "long"], "short") === "long",
    integer: digits(options, "minimumIntegerDigits", 1, 21, 1),
    grouping: groupingOf(options, choice, notation),
    sign: choice(options, "signDisplay", ["auto", "never", "always", "exceptZero", "negative"], "auto"),
    mode: choice(options, "roundingMode", MODES, "halfExpand"),
    priority: isCompact ? "morePrecision" : choice(options, "roundingPriority", ["auto", "morePrecision", "lessPrecision"], "auto"),
    strips: choice(options, "trailingZeroDisplay", ["auto", "stripIfInteger"], "auto") === "stripIfInteger",
  };
}

// A number without its sign, in full.
function plainDigits(text) {
  const found = /^(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (found === null) return text;
  const [, first, rest = "", power] = found;
  return shifted(`${first}.${rest}`, Number(power));
}

// Such digits with the point moved to the right.
function shifted(text, places) {
  const [whole, fraction = ""] = text.split(".");
  if (places === 0) return text;
  const all = whole + fraction;
  const at = whole.length + places;
  const moved = at <= 0 ? `0.${"0".repeat(-at)}${all}` : at >= all.length ? all.padEnd(at, "0") : `${all.slice(0, at)}.${all.slice(at)}`;
  return moved.replace(/^0+(?=\d)/, "");
}

// The power of ten of the first digit that counts.
function magnitude(text) {
  const [whole, fraction = ""] = text.split(".");
  if (whole !== "0") return whole.length - 1;
  const at = fraction.search(/[1-9]/);
  return at === -1 ? 0 : -at - 1;
}

function goesUp(mode, isNegative, twice, unit, isOdd) {
  if (twice === 0n) return false;
  switch (mode) {
    case "ceil": return !isNegative;
    case "floor": return isNegative;
    case "expand": return true;
    case "trunc": return false;
  }
  if (twice !== unit) return twice > unit;
  switch (mode) {
    case "halfCeil": return !isNegative;
    case "halfFloor": return isNegative;
    case "halfTrunc": return false;
    case "halfEven": return isOdd;
  }
  return true;
}

// Rounded to so many places behind the point; fewer than none are before it.
function rounded(text, places, o, isNegative) {
  const [whole, fraction = ""] = text.split(".");
  if (fraction.length <= places && o.increment === 1) return text;
  const scale = Math.max(fraction.length, places);
  const value = BigInt(whole + fraction.padEnd(scale, "0"));
  const unit = 10n ** BigInt(scale - places) * BigInt(o.increment);
  let count = value / unit;
  if (goesUp(o.mode, isNegative, (value % unit) * 2n, unit, count % 2n === 1n)) count += 1n;
  const result = (count * unit).toString().padStart(scale + 1, "0");
  const [left, right] = scale === 0 ? [result, ""] : [result.slice(0, -scale), result.slice(-scale)];
  const kept = right.slice(0, Math.max(places, 0));
  return kept === "" ? left : `${left}.${kept}`;
}

// Whole and fraction as the options have them.
function decimal(text, o, isNegative) {
  const byPlaces = () => {
    const [whole, fraction = ""] = rounded(text, o.maximum, o, isNegative).split(".");
    return [whole, fraction.replace(/0+$/, "").padEnd(o.minimum, "0")];
  };
  const bySignificance = () => {
    let out = rounded(text, o.highest - 1 - magnitude(text), o, isNegative);
    if (magnitude(out) > magnitude(text)) out = rounded(text, o.highest - 1 - magnitude(out), o, isNegative);
    const [whole, fraction = ""] = out.split(".");
    const least = Math.max(0, o.lowest - 1 - (/[1-9]/.test(out) ? magnitude(out) : 0));
    return [whole, fraction.replace(/0+$/, "").padEnd(least, "0")];
  };
  let found;
  if (o.highest === undefined) found = byPlaces();
  else if (o.priority === "auto") found = bySignificance();
  else {
    const isFiner = o.highest - 1 - magnitude(text) > o.maximum;
    found = isFiner === (o.priority === "morePrecision") ? bySignificance() : byPlaces();
  }
  if (o.strips && /^0*$/.test(found[1])) found[1] = "";
  return found;
}

// The same with a power of ten taken out: [whole, fraction, power].
function powered(text, o, isNegative, powerOf) {
  const isZero = !/[1-9]/.test(text);
  let power = isZero ? 0 : powerOf(magnitude(text));
  let [whole, fraction] = decimal(shifted(text, -power), o, isNegative);
  const grown = powerOf(magnitude(shifted(`${whole}.${fraction}`.replace(/\.$/, ""), power)));
  if (!isZero && grown > power) {
    power = grown;
    [whole, fraction] = decimal(shifted(text, -power), o, isNegative);
  }
  return [whole, fraction, power];
}

const POWERS = {
  scientific: (size) => size,
  engineering: (size) => Math.floor(size / 3) * 3,
  compact: (size) => Math.min(Math.max(Math.floor(size / 3), 0), STEPS.length - 1) * 3,
};

function grouped(whole, o, l, group, add) {
  const least = o.grouping === "min2" || (o.grouping === "auto" && l.m) ? 5 : 4;
  if (o.grouping === false || whole.length < least) return add("integer", whole);
  const groups = [whole.slice(-3)];
  const width = l.i ? 2 : 3;
  for (let end = whole.length - 3; end > 0; end -= width) groups.unshift(whole.slice(Math.max(0, end - width), end));
  groups.forEach((digits, at) => {
    if (at > 0) add("group", group);
    add("integer", digits);
  });
}

function signOf(o, isNegative, isZero, isNan) {
  if (o.sign === "never") return "";
  if (isNegative && !(isZero && (o.sign === "negative" || o.sign === "exceptZero"))) return "-";
  return o.sign === "always" || (o.sign === "exceptZero" && !isZero && !isNan) ? "+" : "";
}

function symbolOf(l, o) {
  if (o.display === "code" || o.display === "name") return o.currency;
  if (o.display === "narrowSymbol") return (l.y?.[o.currency] ?? SYMBOLS[o.currency] ?? o.currency).replace(/^[A-Z]+(?=[^A-Za-z])|(?<=[^A-Za-z])[A-Z]+$/g, "");
  if (l.k?.split(" ").includes(o.currency)) return o.currency;
  return l.y?.[o.currency] ?? SYMBOLS[o.currency] ?? o.currency;
}

// The text of a number that is asked for as most are: as it is, without a currency, a unit or a power of ten; otherwise
// undefined.
export function usualText(tag, o, value) {
  const isUsual = o.style === "decimal" && o.notation === "standard" && o.highest === undefined && o.sign === "auto" && o.integer === 1 && !o.strips;
  if (!isUsual || typeof value !== "number") return undefined;
  const isNegative = value < 0 || Object.is(value, -0);
  const text = `${isNegative ? -value : value}`;
  if (!(value - value === 0) || text.includes("e")) return undefined;
  const l = numberLanguage(tag);
  const dot = text.indexOf(".");
  let whole = dot === -1 ? text : text.slice(0, dot);
  let fraction = dot === -1 ? "" : text.slice(dot + 1);
  if (fraction.length > o.maximum || o.increment !== 1) {
    const exact = decimal(text, o, isNegative);
    whole = exact[0];
    fraction = exact[1];
  } else if (fraction.length < o.minimum) fraction = fraction.padEnd(o.minimum, "0");
  const least = o.grouping === "min2" || (o.grouping === "auto" && l.m) ? 5 : 4;
  if (o.grouping !== false && whole.length >= least) {
    const width = l.i ? 2 : 3;
    let end = whole.length - 3;
    let groups = whole.slice(end);
    for (; end > 0; end -= width) groups = whole.slice(Math.max(0, end - width), end) + l.g + groups;
    whole = groups;
  }
  const sign = isNegative ? (l.s ?? "-") : "";
  return fraction === "" ? sign + whole : sign + whole + l.p + fraction;
}

// The parts of a number in the language of a tag.
export function numberParts(tag, o, value) {
  const l = numberLanguage(tag);
  const body = [];
  const add = (type, value) => body.push({ type, value });
  const isBig = typeof value === "bigint";
  let isNegative = isBig ? value < 0n : value < 0 || Object.is(value, -0);
  const isMoney = o.style === "currency";
  let isOne = false, isZero = false, isNan = false, step = 0;
  if (!isBig && !Number.isFinite(value)) {
    isNan = Number.isNaN(value);
    if (isNan) isNegative = false;
    add(isNan ? "nan" : "infinity", isNan ? "NaN" : "∞");
  } else {
    let text = isBig ? `${isNegative ? -value : value}` : plainDigits(`${Math.abs(value)}`);
    if (o.style === "percent") text = shifted(text, 2);
    let whole, fraction, power = 0;
    if (o.notation === "standard") [whole, fraction] = decimal(text, o, isNegative);
    else [whole, fraction, power] = powered(text, o, isNegative, POWERS[o.notation]);
    isZero = /^0*$/.test(whole + fraction);
    isOne = whole === "1" && fraction === "";
    grouped(whole.padStart(o.integer, "0"), o, l, (isMoney && l.cg) || l.g, add);
    if (fraction !== "") add("decimal", (isMoney && l.cp) || l.p), add("fraction", fraction);
    if (o.notation === "compact") step = power / 3;
    else if (o.notation !== "standard") {
      add("exponentSeparator", "E");
      if (power < 0) add("exponentMinusSign", l.s ?? "-");
      add("exponentInteger", `${Math.abs(power)}`);
    }
    if (step > 0) {
      if (o.long) add("literal", " ");
      add("compact", STEPS[step][o.long ? 1 : 0]);
    }
  }
  const sign = signOf(o, isNegative, isZero, isNan);
  return placed(l, o, body, sign, isOne);
}

// Puts sign, currency, percent sign and unit around the digits.
function placed(l, o, body, sign, isOne) {
  const parts = [];
  const add = (type, value) => value !== "" && parts.push({ type, value });
  const addSign = () => {
    if (sign !== "") add(sign === "-" ? "minusSign" : "plusSign", sign === "-" ? (l.s ?? "-") : "+");
  };
  const isNamed = o.style === "currency" && o.display === "name";
  let pattern = "0";
  if (o.style === "currency" && !isNamed) pattern = l.c ?? "¤0";
  if (o.style === "percent") pattern = l.q ?? "0%";
  const symbol = o.style === "currency" ? symbolOf(l, o) : "";
  const inParentheses = o.accounting && sign === "-" && o.style === "currency" && !isNamed;
  if (sign === "-" && o.style === "currency" && !isNamed && l.n !== undefined) pattern = l.n;
  else if (inParentheses) pattern = `(${pattern})`;
  else pattern = `-${pattern}`;
  for (const [at, piece] of [...pattern].entries()) {
    if (piece === "-") addSign();
    else if (piece === "¤") {
      const before = pattern[at - 1], after = pattern[at + 1];
      if (before === "0" && /^[A-Za-z]/.test(symbol)) add("literal", "\u00a0");
      add("currency", symbol);
      if (after !== undefined && /[0-]/.test(after) && /[A-Za-z]$/.test(symbol)) add("literal", "\u00a0");
    } else if (piece === "0") parts.push(...body);
    else if (piece === "%") add("percentSign", "%");
    else {
      const last = parts.at(-1);
      if (last?.type === "literal") last.value += piece;
      else add("literal", piece);
    }
  }
  if (isNamed) {
    add("literal", " ");
    add("currency", moneyName(o, body));
  }
  if (o.style === "unit") {
    const [short, long = o.unit, many = `${long}s`, narrow = short, several = short] = UNITS[o.unit] ?? [o.unit];
    const text = o.unitDisplay === "long" ? (isOne ? long : many) : o.unitDisplay === "narrow" ? narrow : isOne ? short : several;
    if (o.unitDisplay === "long" || (o.unitDisplay === "short" && !CLOSE.has(o.unit))) add("literal", " ");
    add(o.unit === "percent" && o.unitDisplay !== "long" ? "percentSign" : "unit", text);
  }
  return parts;
}

const NAMES = { USD: "US dollars", EUR: "euros", GBP: "British pounds", JPY: "Japanese yen", CNY: "Chinese yuan", INR: "Indian rupees", CAD: "Canadian dollars", AUD: "Australian dollars", CHF: "Swiss francs", KRW: "South Korean won", BRL: "Brazilian reals", MXN: "Mexican pesos", SEK: "Swedish kronor", NOK: "Norwegian kroner", DKK: "Danish kroner", PLN: "Polish zlotys", NZD: "New Zealand dollars" };
const ONES = { USD: "US dollar", EUR: "euro", GBP: "British pound", JPY: "Japanese yen", CNY: "Chinese yuan", INR: "Indian rupee", CAD: "Canadian dollar", AUD: "Australian dollar", CHF: "Swiss franc" };
function moneyName(o, body) {
  const isOne = body.length === 1 && body[0].value === "1";
  return (isOne ? ONES[o.currency] : NAMES[o.currency]) ?? currencyName(o.currency) ?? o.currency;
}

// A range: both ends, with what they share written once.
export function rangeParts(tag, o, start, end) {
  const [from, to] = [start, end].map((value) => numberParts(tag, o, value));
  const text = (parts) => parts.map((part) => part.value).join("");
  const say = (parts, source) => parts.map((part) => ({ ...part, source }));
  if (text(from) === text(to)) return [{ type: "approximatelySign", value: "~", source: "shared" }, ...say(from, "shared")];
  const isUnit = o.style === "unit" && o.unitDisplay !== undefined;
  let tail = [];
  if (isUnit) {
    const cut = (parts) => parts.findIndex((part) => part.type === "unit" || part.type === "percentSign");
    const at = cut(to), first = to[at - 1]?.type === "literal" ? at - 1 : at;
    tail = to.splice(first);
    const fromAt = cut(from);
    from.splice(from[fromAt - 1]?.type === "literal" ? fromAt - 1 : fromAt);
  }
  const isPlain = (parts) => /^\d/.test(parts[0].value) && /\d$/.test(parts.at(-1).value);
  const between = isPlain(from) && isPlain(to) ? "–" : " – ";
  return [...say(from, "startRange"), { type: "literal", value: between, source: "shared" }, ...say(to, "endRange"), ...say(tail, "shared")];
}
