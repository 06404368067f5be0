// The order of texts: words as people sort them, with every choice, and formats that are asked for again and again.
// head: heads/say.js
const words = ["", "a", "A", "b", "B", "ab", "aB", "Ab", "AB", "abc", "a b", "a-b", "a_b", "a.b", "a1", "a10", "a2", "1", "10", "2", "-1", "z", "Z", "zebra", "Zebra", "apple", "Apple", "äpfel", "Äpfel", "apfel", "résumé", "resume", "Resume", "naïve", "naive", "@x", "#x", "$1", "file 1.txt", "file 01.txt", "01", "a02", "file 10.txt", "File 2.txt", "O'Neil", "ONeil", "oneil", "co-op", "coop", "CoOp", "x\ty", "x y", "x\u0001y", "xy"];
export default run(async () => {
  await t("sorted", () => [...words].sort((a, b) => a.localeCompare(b)));
  await t("sorted backwards", () => [...words].reverse().sort((a, b) => a.localeCompare(b)));
  for (const sensitivity of ["base", "accent", "case", "variant"]) await t(sensitivity, () => words.map((a) => words.map((b) => a.localeCompare(b, "en", { sensitivity }) + 1).join("")));
  for (const caseFirst of ["upper", "lower", "false"]) await t("first " + caseFirst, () => [...words].sort(new Intl.Collator("en", { caseFirst }).compare));
  await t("numeric", () => [...words].sort(new Intl.Collator(undefined, { numeric: true }).compare));
  await t("punctuation", () => words.map((a) => a.localeCompare("a-b", undefined, { ignorePunctuation: true })));
  await t("languages", () => ["en", "de", "sv", "es", "fr"].map((language) => [...words].sort((a, b) => a.localeCompare(b, language)).join()));
  await t("kinds", () => ["1".localeCompare(1), "null".localeCompare(null), "undefined".localeCompare(), "a".localeCompare({ toString: () => "b" })]);
  await t("again", () => { const d = new Date(1700000000000); const o = []; for (const tag of [undefined, "en-US", "de-DE", "en-US", "fr", undefined, "ja-JP", "xx-bad", "en-US"]) o.push(d.toLocaleDateString(tag), d.toLocaleTimeString(tag), d.toLocaleString(tag, { timeZone: "Europe/Berlin" }), (1234567.891).toLocaleString(tag)); return o; });
  await t("numbers", () => [0, -0, 1, -1, 999, 1000, 9999, 10000, 1234567, 0.1, 0.0005, 0.00049, 1.0005, 999.9995, 1e6, 1e15, 1e20, 1e21, 1e-6, 1e-7, -1234.5, NaN, Infinity, -Infinity].map((n) => [n.toLocaleString(), new Intl.NumberFormat("de").format(n), new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(n), new Intl.NumberFormat("es").format(n), new Intl.NumberFormat("en", { useGrouping: false, maximumFractionDigits: 0 }).format(n)].join(" ")));
  for (const tag of ["", "e", "en_US", "x".repeat(50), null, 5, ["de", "en"], ["xx"], {}]) await t("tag " + JSON.stringify(tag), () => [(1234.5).toLocaleString(tag), new Date(0).toLocaleDateString(tag), "a".localeCompare("b", tag)]);
  for (const timeZone of ["UTC", "utc", "Europe/Berlin", "europe/berlin", "+01:00", "-0330", "Nowhere/Here", "", null, 5]) await t("zone " + String(timeZone), () => [new Date(1700000000000).toLocaleString("en-US", { timeZone }), new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone]);
});
