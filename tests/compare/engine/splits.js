// Splitting by expressions, those that were changed too, and classes of many ranges and of both cases.
const of = (...codes) => String.fromCodePoint(...codes);
let seed = 7;
const below = (limit) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % limit;
const pick = (list) => list[below(list.length)];
const PIECES = ["a", "b", "A", " ", ",", "", "ab", "\n", "1", of(0xe9), of(0x1f600), "\ud83d", "\u017f", "\u212a", "k", "s"];
const EXPRESSIONS = [
  /,/, /\s+/, /(?:)/, /(a)|b/, /a*/, /(?<=a)/, /(?=b)/, /^/m, /$/, /\b/, /[^\w]/g, /(x)?a/i, /[k-s]/i, /[k-s]/iu, /./su, /./v, /\s*(,)\s*/, /(?<n>1)/d, /a/y, /a|/, /(a)(b)?/, /\ud83d/, /[\s\S]/, /(?!)/, /[\u00e0-\u00ff\u0100-\u017f]/, /(a|ab)(?:)/,
];
export default {
  fetch() {
    const seen = [];
    let slow = 0;
    /(?:)/.exec("");
    for (let round = 0; round < 600; round++) {
      const text = Array.from({ length: below(9) }, () => pick(PIECES)).join("");
      const expression = EXPRESSIONS[round % EXPRESSIONS.length];
      const parts = text.split(expression);
      // 2 ** 32 - 1 is no limit at all.
      if (JSON.stringify(parts) !== JSON.stringify(text.split(expression, 2 ** 32 - 1))) slow++;
      if (round < 260) seen.push(JSON.stringify([text, String(expression), parts, text.split(expression, below(4)), expression.lastIndex, RegExp.lastMatch, RegExp.$1]));
    }
    const own = /,/;
    own.exec = () => null;
    class Shouting extends RegExp {
      exec(text) {
        heard.push(this.flags);
        return super.exec(text);
      }
    }
    const heard = [];
    const flagged = /A/;
    Object.defineProperty(flagged, "flags", { value: "i" });
    const other = /,/;
    other.constructor = { [Symbol.species]: function (pattern, flags) { return { exec: () => null, flags }; } };
    const ranges = new RegExp(`[${Array.from({ length: 300 }, (_, at) => `\\u${(0x100 + at * 3).toString(16).padStart(4, "0")}-\\u${(0x101 + at * 3).toString(16).padStart(4, "0")}`).join("")}]`);
    const back = /[z-~\u00e0a-c\d\u0400-\u0410b-fA-Z_0-5x-z]/;
    const cases = [/[a-fX]/i, /[^a-fX]/i, /[k]/i, /[k]/iu, /[s-s]/iu, /[^k]/iu, /[@-Z]/i, /[[-`]/i, /[\w--k]/iv, /[A-~]/iu, /[\x00-\x7f]/i, /[\x00-\x7f]/iu, /[\x7f-\x80]/i, /\W/iu];
    const matched = (expression, to) => Array.from({ length: to }, (_, code) => code).filter((code) => expression.test(of(code))).join();
    return Response.json({
      seen,
      slow,
      own: "a,b".split(own),
      shouting: ["a,b".split(new Shouting(",")), heard],
      flagged: "xAyaz".split(flagged),
      other: "a,b".split(other),
      limits: [undefined, 0, 1, -1, 1.5, "2", null, 2 ** 32, 2 ** 32 + 1].map((limit) => "a,b,c".split(/(,)/, limit)),
      empty: ["".split(/a/), "".split(/a*/), "".split(/(?:)/u)],
      ranges: matched(ranges, 1100).length,
      back: matched(back, 1060),
      cases: cases.map((expression) => matched(expression, 400) + matched(/x/, 1) + expression.test("\u212a") + expression.test("\u017f")),
    });
  },
};
