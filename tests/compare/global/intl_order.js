// How strings are ordered, and refusals of Intl.
// head: ../programs/heads/show.js

const S = ["_b", "-a", "'c", "a'b", "a b", "ab", "a-b", "A", "a", "1", "#", "$", "ß", "ss", "z", "Æ", "ae", "é", "e", "E", "f", "10", "2", "", " ", "a.txt", "a_b.txt", "a-b.txt", "B", "b", "ñ", "n", "o", "å", "ä", "ö", "ø", "z", "Zed", "(x)", "[y]", "{w}", "@v", "*u", "/t", "\\s", "&r", "%p", "`o", "^n", "+m", "<l", "=k", ">j", "|i", "~h", ",g", ";f", ":e", "!d", "?c", ".b", "\"a"];
export default { async fetch(request, env, ctx) {
  await fact("[...S].sort((a, b) => a.localeCompare(b))", () => ([...S].sort((a, b) => a.localeCompare(b))));
  await fact("[...S].sort(new Intl.Collator(\"en\").compare)", () => ([...S].sort(new Intl.Collator("en").compare)));
  await fact("[...S].sort(new Intl.Collator(\"de\").compare)", () => ([...S].sort(new Intl.Collator("de").compare)));
  await fact("[\"z\", \"\u00e4\", \"\u00e5\", \"\u00f6\", \"a\", \"o\"].sort(new Intl.Collator(\"sv\").compare)", () => (["z", "ä", "å", "ö", "a", "o"].sort(new Intl.Collator("sv").compare)));
  await fact("[\"z\", \"\u00e6\", \"\u00e5\", \"\u00f8\", \"a\", \"o\"].sort(new Intl.Collator(\"da\").compare)", () => (["z", "æ", "å", "ø", "a", "o"].sort(new Intl.Collator("da").compare)));
  await fact("[\"n\", \"\u00f1\", \"nz\", \"o\"].sort(new Intl.Collator(\"es\").compare)", () => (["n", "ñ", "nz", "o"].sort(new Intl.Collator("es").compare)));
  await fact("[\"n\", \"\u00f1\", \"nz\", \"o\"].sort((a, b) => a.localeCompare(b, \"es\"))", () => (["n", "ñ", "nz", "o"].sort((a, b) => a.localeCompare(b, "es"))));
  await fact("[\"\u00e4\", \"z\"].sort((a, b) => a.localeCompare(b, \"sv\"))", () => (["ä", "z"].sort((a, b) => a.localeCompare(b, "sv"))));
  await fact("[\"b\", \"A\", \"a\", \"B\"].sort(new Intl.Collator(\"en\", { caseFirst: \"upper\" }).compare)", () => (["b", "A", "a", "B"].sort(new Intl.Collator("en", { caseFirst: "upper" }).compare)));
  await fact("new Intl.Collator(\"en\", { ignorePunctuation: true }).compare(\"a-b\", \"ab\")", () => (new Intl.Collator("en", { ignorePunctuation: true }).compare("a-b", "ab")));
  await fact("[\"file10\", \"file2\", \"file1\", \"File2\"].sort(new Intl.Collator(\"en\", { numeric: true }).compare)", () => (["file10", "file2", "file1", "File2"].sort(new Intl.Collator("en", { numeric: true }).compare)));
  await fact("[\"item 10\", \"item 9\", \"item-1\"].sort((a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: \"base\" }))", () => (["item 10", "item 9", "item-1"].sort((a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" }))));
  await fact("[\"r\u00e9sum\u00e9\", \"resume\", \"Resume\", \"R\u00e9sum\u00e9\"].sort((a, b) => a.localeCompare(b))", () => (["résumé", "resume", "Resume", "Résumé"].sort((a, b) => a.localeCompare(b))));
  await fact("[\"coop\", \"co-op\", \"Coop\", \"co op\"].sort((a, b) => a.localeCompare(b))", () => (["coop", "co-op", "Coop", "co op"].sort((a, b) => a.localeCompare(b))));
  await fact("\"a\".localeCompare(\"b\", \"en\", { sensitivity: \"base\" })", () => ("a".localeCompare("b", "en", { sensitivity: "base" })));
  await fact("\"\u00df\".localeCompare(\"ss\")", () => ("ß".localeCompare("ss")));
  await fact("\"\u00e6\".localeCompare(\"ae\")", () => ("æ".localeCompare("ae")));
  await fact("\"ae\".localeCompare(\"af\")", () => ("ae".localeCompare("af")));
  await fact("\"a\".localeCompare(\"\")", () => ("a".localeCompare("")));
  await fact("\"\".localeCompare(\"\")", () => ("".localeCompare("")));
  await fact("\"\ud83d\ude00\".localeCompare(\"a\")", () => ("😀".localeCompare("a")));
  await fact("\"\u65e5\u672c\".localeCompare(\"\u4e2d\u56fd\")", () => ("日本".localeCompare("中国")));
  await fact("\"\u044f\".localeCompare(\"\u0430\")", () => ("я".localeCompare("а")));
  await fact("\"\u03b1\".localeCompare(\"a\")", () => ("α".localeCompare("a")));
  await fact("\"z\".localeCompare(\"\u03b1\")", () => ("z".localeCompare("α")));
  await fact("new Date(-62198755200000).toLocaleString()", () => (new Date(-62198755200000).toLocaleString()));
  await fact("new Intl.DateTimeFormat(\"en\", { hour: \"numeric\", hourCycle: \"h11\", timeZone: \"UTC\" }).format(new Date(0))", () => (new Intl.DateTimeFormat("en", { hour: "numeric", hourCycle: "h11", timeZone: "UTC" }).format(new Date(0))));
  await fact("new Intl.DateTimeFormat(\"en\", { fractionalSecondDigits: 4 })", () => (new Intl.DateTimeFormat("en", { fractionalSecondDigits: 4 })));
  await fact("new Intl.DateTimeFormat(\"en\", { fractionalSecondDigits: 0 })", () => (new Intl.DateTimeFormat("en", { fractionalSecondDigits: 0 })));
  await fact("new Intl.DateTimeFormat(\"en\").formatRange(new Date(0))", () => (new Intl.DateTimeFormat("en").formatRange(new Date(0))));
  await fact("new Intl.NumberFormat(\"en\", { style: \"unit\" })", () => (new Intl.NumberFormat("en", { style: "unit" })));
  return new Response(JSON.stringify(facts), { headers: { 'content-type': 'application/json' } });
} };
