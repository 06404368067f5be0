// Intl.DurationFormat, in English.
const UNITS = ["years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"];
const STYLES = ["long", "short", "narrow"];
const SHORT = ["yr/yrs", "mth/mths", "wk/wks", "day/days", "hr", "min", "sec", "ms", "μs", "ns"];
const NARROW = ["y", "m", "w", "d", "h", "m", "s", "ms", "μs", "ns"];
// hours, minutes and seconds; and what is written as a fraction of the unit before.
const CLOCK = 4, FRACTION = 7;

function read(duration) {
  if (typeof duration === "string") {
    const found = /^([+-])?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,9}))?S)?)?$/i.exec(duration);
    if (found === null || /[PT]$/i.test(duration)) throw new RangeError("Temporal error: Duration was not valid.");
    const sign = found[1] === "-" ? -1 : 1;
    const rest = (found[9] ?? "").padEnd(9, "0");
    const values = found.slice(2, 9).map((value) => sign * Number(value ?? 0));
    for (let at = 0; at < 9; at += 3) values.push(sign * Number(rest.slice(at, at + 3)));
    return values;
  }
  if (typeof duration !== "object" || duration === null) {
    throw new TypeError("Temporal error: Duration argument must be Duration or string.");
  }
  let any = false, sign = 0;
  const values = UNITS.map((unit) => {
    const value = duration[unit];
    if (value === undefined) return 0;
    any = true;
    const number = Number(value);
    if (!Number.isInteger(number)) throw new RangeError("Temporal error: Expected finite integer.");
    return number;
  });
  if (!any) throw new TypeError("Temporal error: Did not provide any valid Duration fields.");
  for (const value of values) {
    if (value === 0) continue;
    if (sign !== 0 && Math.sign(value) !== sign) throw new RangeError("Temporal error: Duration was not valid.");
    sign = Math.sign(value);
  }
  return values;
}

export const durationFormat = ({ choice, localeOf, incompatible, number }) =>
  class DurationFormat {
    #locale;
    #options;
    constructor(locales, options) {
      this.#locale = localeOf(locales);
      if (options !== undefined && Object(options) !== options) throw new TypeError("invalid_argument");
      options ??= {};
      const pick = (name, allowed, fallback) => choice(options, name, allowed, fallback, "Intl.DurationFormat");
      const style = pick("style", [...STYLES, "digital"], "short");
      const units = [];
      let before;
      UNITS.forEach((unit, at) => {
        const allowed = at < CLOCK ? STYLES : at < FRACTION ? [...STYLES, "numeric", "2-digit"] : [...STYLES, "numeric"];
        let chosen = pick(unit, allowed, undefined);
        let display = "always";
        if (chosen === undefined) {
          if (style === "digital") {
            if (at < CLOCK || at >= FRACTION) display = "auto";
            chosen = at < CLOCK ? "short" : "numeric";
          } else if (before === "numeric" || before === "2-digit" || before === "fractional") {
            if (at !== 5 && at !== 6) display = "auto";
            chosen = "numeric";
          } else {
            display = "auto";
            chosen = style;
          }
        }
        display = pick(`${unit}Display`, ["auto", "always"], display);
        const isNumeric = chosen === "numeric" || chosen === "2-digit";
        if (before === "numeric" || before === "2-digit") {
          if (!isNumeric) throw new RangeError("Invalid object : #<Object>");
          if (at === 5 || at === 6) chosen = "2-digit";
        }
        before = chosen;
        units.push({ style: chosen, display });
      });
      const digits = options.fractionalDigits;
      if (digits !== undefined && !(digits >= 0 && digits <= 9)) throw new RangeError("fractionalDigits value is out of range.");
      this.#options = { style, units, digits: digits === undefined ? undefined : Math.floor(digits) };
    }
    resolvedOptions() {
      if (!(#options in this)) throw incompatible("DurationFormat", "resolvedOptions", this);
      const told = { locale: this.#locale, numberingSystem: "latn", style: this.#options.style };
      UNITS.forEach((unit, at) => {
        told[unit] = this.#options.units[at].style;
        told[`${unit}Display`] = this.#options.units[at].display;
      });
      if (this.#options.digits !== undefined) told.fractionalDigits = this.#options.digits;
      return told;
    }
    format(duration) {
      if (!(#options in this)) throw incompatible("DurationFormat", "format", this);
      return this.formatToParts(duration).map((part) => part.value).join("");
    }
    formatToParts(duration) {
      if (!(#options in this)) throw incompatible("DurationFormat", "formatToParts", this);
      const values = read(duration);
      const { style, units, digits } = this.#options;
      const isNegative = values.some((value) => value < 0);
      let signed = false;
      const groups = [];
      let clock = null;
      for (let at = 0; at < UNITS.length; at++) {
        const { style: form, display } = units[at];
        const unit = UNITS[at].slice(0, -1);
        const isNumeric = form === "numeric" || form === "2-digit";
        if (at >= FRACTION && isNumeric && units[at - 1].style !== "long" && units[at - 1].style !== "short" && units[at - 1].style !== "narrow") continue;
        const value = Math.abs(values[at]);
        let fraction = "";
        if (isNumeric && at >= FRACTION - 1) {
          const rest = values.slice(at + 1).map((part, place) => `${Math.abs(part)}`.padStart(3, "0")).join("");
          fraction = digits === undefined ? rest.replace(/0+$/, "") : rest.slice(0, digits).padEnd(digits, "0");
        }
        const between = clock !== null && at === 5 && units[6].style === "2-digit" && (values[6] !== 0 || units[6].display === "always" || values.slice(7).some((part) => part !== 0));
        if (value === 0 && fraction.replace(/0+$/, "") === "" && display === "auto" && !between) {
          if (!(isNumeric && clock !== null && at === 5)) continue;
          continue;
        }
        const parts = [];
        if (isNegative && !signed) {
          parts.push({ type: "minusSign", value: "-", unit });
          signed = true;
        }
        if (isNumeric) {
          const text = form === "2-digit" ? `${value}`.padStart(2, "0") : `${value}`;
          parts.push({ type: "integer", value: text, unit });
          if (fraction !== "") parts.push({ type: "decimal", value: ".", unit }, { type: "fraction", value: fraction, unit });
          if (clock === null) groups.push((clock = parts));
          else clock.push({ type: "literal", value: ":" }, ...parts);
          continue;
        }
        for (const part of number(value)) parts.push({ ...part, unit });
        const [one, many = one] = form === "narrow" ? [NARROW[at]] : form === "short" ? SHORT[at].split("/") : [unit, UNITS[at]];
        if (form !== "narrow") parts.push({ type: "literal", value: " ", unit });
        parts.push({ type: "unit", value: value === 1 ? one : many, unit });
        groups.push(parts);
      }
      const parts = [];
      groups.forEach((group, at) => {
        if (at > 0) parts.push({ type: "literal", value: style === "narrow" ? " " : ", " });
        parts.push(...group);
      });
      return parts;
    }
  };
