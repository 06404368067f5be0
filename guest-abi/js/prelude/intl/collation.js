// How texts are ordered: letters before their accents, accents before case. ASCII is ordered in src/collation.rs.
import native from "internal:native";

const { compareAscii } = native;

// Signs come before digits, in this order.
const SIGNS = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
const RANKS = new Map([...SIGNS].map((sign, at) => [sign, String.fromCharCode(at + 1)]));
// Characters that count for nothing.
const UNCOUNTED = /[\0-\x08\x0e-\x1f\x7f]/g;
const SENSITIVITIES = ["base", "accent", "case", "variant"];
const TOGETHER = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ł: "l" };
// Letters that languages have behind others: by the text that they are ordered as.
const NORDIC = { å: "{c", æ: "{a", ä: "{a", ø: "{b", ö: "{b" };
const BEHIND = {
  sv: { å: "{a", ä: "{b", æ: "{b", ö: "{c", ø: "{c" }, fi: { å: "{a", ä: "{b", æ: "{b", ö: "{c", ø: "{c" },
  da: NORDIC, nb: NORDIC, no: NORDIC, nn: NORDIC, es: { ñ: "n{" },
};

function baseOf(text, behind) {
  let lower = text.toLowerCase().replace(/[\0-\x1f !-/:-@[-`{-\x7f]/g, (sign) => RANKS.get(sign) ?? "");
  if (!/[\u0080-\uffff]/.test(lower)) return lower;
  if (behind !== undefined) lower = lower.normalize("NFC").replace(/[åæäøöñ]/g, (letter) => behind[letter] ?? letter);
  // Other signs stand between these and digits.
  // Katakana are ordered as hiragana.
  return lower.normalize("NFD").replace(/\p{M}/gu, "").replace(/[\u30a1-\u30f6]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x60)).replace(/[ßæœøđł]/g, (letter) => TOGETHER[letter]).replace(/[^\0-\x7f]/gu, (sign) =>
    /[\p{S}\p{P}]/u.test(sign) ? `/${sign}` : sign);
}

const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const DIGITS = /\d+/y;

// Digits that stand together are a number.
function numericOrder(one, other) {
  let at = 0, behind = 0;
  const number = (text, from) => {
    DIGITS.lastIndex = from;
    return DIGITS.exec(text)?.[0];
  };
  while (at < one.length && behind < other.length) {
    const left = number(one, at), right = number(other, behind);
    const isNumber = left !== undefined && right !== undefined;
    const by = isNumber ? order(Number(left), Number(right)) : order(one[at], other[behind]);
    if (by !== 0) return by;
    at += isNumber ? left.length : 1;
    behind += isNumber ? right.length : 1;
  }
  return order(one.length - at, other.length - behind);
}

// Which comes first, in a language if one was asked for: negative, zero or positive.
export function compare(one, other, options, language) {
  if (options === undefined) {
    const by = compareAscii(one, other);
    if (by !== undefined) return by;
  }
  const { sensitivity = "variant", numeric = false, caseFirst, ignorePunctuation } = options ?? {};
  if (options !== undefined && !ignorePunctuation) {
    const by = compareAscii(one, other, SENSITIVITIES.indexOf(sensitivity), caseFirst === "upper", !!numeric);
    if (by !== undefined) return by;
  }
  one = one.replace(UNCOUNTED, "");
  other = other.replace(UNCOUNTED, "");
  if (ignorePunctuation) {
    one = one.replace(/[\p{P}\s]/gu, "");
    other = other.replace(/[\p{P}\s]/gu, "");
  }
  const behind = BEHIND[language];
  const base = (text) => baseOf(text, behind);
  // A ring comes before a diaeresis.
  const flat = (text) => text.normalize("NFD").replaceAll("\u030a", "\u0307\u0307").toLowerCase();
  const by = numeric ? numericOrder(base(one), base(other)) : order(base(one), base(other));
  if (by !== 0 || sensitivity === "base") return by;
  if (sensitivity !== "case") {
    const accents = order(flat(one), flat(other));
    if (accents !== 0 || sensitivity === "accent") return accents;
  } else [one, other] = [one, other].map((text) => text.normalize("NFD").replace(/\p{M}/gu, ""));
  // What is put together in two ways is the same.
  if (/[\u0300-\uffff]/.test(one + other)) [one, other] = [one.normalize("NFC"), other.normalize("NFC")];
  // Small letters first, unless asked otherwise.
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    if (one[at] !== other[at]) return (one[at] === one[at].toLowerCase()) === (caseFirst !== "upper") ? -1 : 1;
  }
  return order(one.length, other.length);
}
