// Which of its forms a language takes for a number (the rules of CLDR, for languages that are spoken often).

const between = (value, low, high) => value >= low && value <= high;
const millions = (value) => value !== 0 && value % 1_000_000 === 0;
const slavic = (whole, isOne) => (isOne ? "one" : between(whole % 10, 2, 4) && !between(whole % 100, 12, 14) ? "few" : "many");
const endsInOne = (whole) => whole % 10 === 1 && whole % 100 !== 11;
const romance = (value) => (value === 1 ? "one" : millions(value) ? "many" : "other");

const OTHER = [["other"], () => "other"];
const EASTERN = [["one", "few", "many", "other"], (value) => (Number.isInteger(value) ? slavic(value, endsInOne(value)) : "other")];
const CZECH = [["one", "few", "many", "other"], (value) => (!Number.isInteger(value) ? "many" : value === 1 ? "one" : between(value, 2, 4) ? "few" : "other")];
const FRENCH = [["one", "many", "other"], (value) => (value < 2 ? "one" : millions(value) ? "many" : "other")];
const ROMANCE = [["one", "many", "other"], romance];

// By language: the forms there are, and which one a number without its sign takes.
const RULES = {
  ja: OTHER, zh: OTHER, ko: OTHER, vi: OTHER, th: OTHER, id: OTHER, ms: OTHER,
  ru: EASTERN, uk: EASTERN,
  pl: [["one", "few", "many", "other"], (value) => (Number.isInteger(value) ? slavic(value, value === 1) : "other")],
  cs: CZECH, sk: CZECH,
  fr: FRENCH, pt: FRENCH, es: ROMANCE, it: ROMANCE, ca: ROMANCE,
  ar: [
    ["zero", "one", "two", "few", "many", "other"],
    (value) => ["zero", "one", "two"][value] ?? (between(value % 100, 3, 10) && Number.isInteger(value) ? "few" : between(value % 100, 11, 99) && Number.isInteger(value) ? "many" : "other"),
  ],
  he: [["one", "two", "other"], (value) => (value === 1 || between(value, 0.0000001, 0.9999999) ? "one" : value === 2 ? "two" : "other")],
  lt: [
    ["one", "few", "many", "other"],
    (value) => (!Number.isInteger(value) ? "many" : between(value % 100, 11, 19) || value % 10 === 0 ? "other" : value % 10 === 1 ? "one" : "few"),
  ],
  ro: [["one", "few", "other"], (value) => (value === 1 ? "one" : !Number.isInteger(value) || value === 0 || between(value % 100, 1, 19) ? "few" : "other")],
};

// What a tag's language says of a number that is counted; undefined where it does as English does.
export const pluralRules = (tag) => RULES[tag.split("-")[0]];
