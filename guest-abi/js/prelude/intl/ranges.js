// What two dates have in common is told once, as English does; other languages tell both.
const YEAR = 0, MONTH = 1, DAY = 2, HALF = 3, HOUR = 4, MINUTE = 5, SECOND = 6;
const FIELDS = ["year", "month", "day", null, "hour", "minute", "second"];
const DATE = ["era", "year", "month", "day", "weekday"];
const TIME = ["hour", "minute", "second", "fraction", "zoneName"];
const DASH = { type: "literal", value: " \u2013 ", source: "shared" };

const isNumeric = (month) => month === undefined || month === "numeric" || month === "2-digit";
const without = (options, names) => {
  const left = { ...options, dateStyle: undefined, timeStyle: undefined };
  for (const name of names) left[name] = undefined;
  return left;
};
const from = (source, parts) => parts.map(({ type, value }) => ({ type, value, source }));
const indexOf = (parts, type) => parts.findIndex((part) => part.type === type);

// The first of the fields, from the year on, in which two times differ.
function differing(one, other) {
  const a = new Date(one), b = new Date(other);
  const fields = (at) => [
    at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours() < 12, at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(),
  ];
  const [mine, theirs] = [fields(a), fields(b)];
  return mine.findIndex((value, at) => value !== theirs[at]);
}

// Both with what stands before `head` and from `tail` on told once.
function folded(one, other, head, tail) {
  const end = one.length - tail;
  return [
    ...from("shared", one.slice(0, head)),
    ...from("startRange", one.slice(head, tail)),
    DASH,
    ...from("endRange", other.slice(head, other.length - end)),
    ...from("shared", one.slice(tail)),
  ];
}
const both = (one, other) => folded(one, other, 0, one.length);

// The parts of a range. `given` are the options as they were asked for, `o` with styles as their fields; `local(time)` is a
// time as the clocks there have it; `partsOf(options, time)` are the parts of one.
export function dateRangeParts(isEnglish, given, o, local, partsOf, start, end) {
  const level = differing(local(start), local(end));
  const smallest = o.second !== undefined || o.fraction !== undefined
    ? SECOND
    : Math.max(o.weekday === undefined ? -1 : DAY, FIELDS.findLastIndex((name) => name !== null && o[name] !== undefined));
  if (level === -1 || level > smallest) return from("shared", partsOf(given, start));
  const tell = (options) => [partsOf(options, start), partsOf(options, end)];
  if (!isEnglish) return both(...tell(given));
  const hasDate = DATE.some((name) => o[name] !== undefined);
  const hasTime = TIME.slice(0, 3).some((name) => o[name] !== undefined);
  const short = (name) => (o[name] === "2-digit" ? "numeric" : o[name]);
  if (level > DAY) {
    const date = hasDate ? partsOf(given.dateStyle === undefined ? without(o, TIME) : { ...given, timeStyle: undefined }, start) : [];
    const [one, other] = tell({ ...without(o, DATE), hour: short("hour") });
    const half = level >= HOUR ? indexOf(one, "dayPeriod") : -1;
    const zone = indexOf(one, "timeZoneName");
    const tail = smallest === SECOND ? -1 : half !== -1 ? half : zone;
    const range = folded(one, other, 0, tail === -1 ? one.length : tail - 1);
    return hasDate ? [...from("shared", date), { type: "literal", value: ", ", source: "shared" }, ...range] : range;
  }
  let options = given;
  if (hasTime && !hasDate) {
    options = { ...without(o, []), year: "numeric", month: "numeric", day: "numeric", hour: short("hour") };
  } else if (given.dateStyle === undefined) {
    options = { ...o };
    if (isNumeric(o.month)) options = { ...options, month: short("month"), day: short("day"), hour: short("hour") };
    if (o.day !== undefined && level === YEAR) options.year ??= "numeric";
    if (o.day !== undefined && level <= MONTH) options.month ??= "numeric";
  }
  const [one, other] = tell(options);
  if (hasTime || level === YEAR || isNumeric(o.month)) return both(one, other);
  const year = indexOf(one, "year");
  const head = level === DAY && o.weekday === undefined ? Math.max(indexOf(one, "day"), 0) : 0;
  return folded(one, other, head, year > 0 ? year - 1 : one.length);
}
