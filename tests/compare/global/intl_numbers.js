// Numbers, plurals and lists as languages write them.

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

const f = (l, o, v = 1234567.891) => new Intl.NumberFormat(l, o).format(v);
export default {
  async fetch(request, env, ctx) {
    await fact("[\"de-CH\", \"de-AT\", \"es\", \"es-MX\", \"it\", \"pt\", \"pt-BR\", \"pt-PT\", \"nl\", \"da\", \"nb\", \"fi\", \"pl\", \"cs\", \"hu\", \"tr\", \"ru\", \"uk\", \"el\", \"zh\", \"zh-CN\", \"ko\", \"id\", \"vi\", \"th\", \"hi\", \"en-IN\", \"en-ZA\", \"fr-CA\", \"fr-CH\", \"ro\", \"bg\", \"he\", \"ar-AE\"].map((l) => [l, f(l)])", async () => (["de-CH", "de-AT", "es", "es-MX", "it", "pt", "pt-BR", "pt-PT", "nl", "da", "nb", "fi", "pl", "cs", "hu", "tr", "ru", "uk", "el", "zh", "zh-CN", "ko", "id", "vi", "th", "hi", "en-IN", "en-ZA", "fr-CA", "fr-CH", "ro", "bg", "he", "ar-AE"].map((l) => [l, f(l)])));
    await fact("[\"de-CH\", \"es\", \"pt\", \"pl\"].map((l) => [l, f(l, {}, 1234.5)])", async () => (["de-CH", "es", "pt", "pl"].map((l) => [l, f(l, {}, 1234.5)])));
    await fact("[\"de-CH\", \"de-AT\", \"es\", \"es-MX\", \"it\", \"pt-BR\", \"pt-PT\", \"nl\", \"da\", \"nb\", \"fi\", \"pl\", \"cs\", \"hu\", \"tr\", \"ru\", \"uk\", \"el\", \"zh-CN\", \"ko\", \"ja\", \"id\", \"vi\", \"th\", \"hi\", \"en-IN\", \"en-GB\", \"en-CA\", \"sv\", \"fr\", \"de\"].map((l) => [l, f(l, { style: \"currency\", currency: \"EUR\" }), f(l, { style: \"currency\", currency: \"USD\" }, -5), f(l, { style: \"percent\" }, 0.5)])", async () => (["de-CH", "de-AT", "es", "es-MX", "it", "pt-BR", "pt-PT", "nl", "da", "nb", "fi", "pl", "cs", "hu", "tr", "ru", "uk", "el", "zh-CN", "ko", "ja", "id", "vi", "th", "hi", "en-IN", "en-GB", "en-CA", "sv", "fr", "de"].map((l) => [l, f(l, { style: "currency", currency: "EUR" }), f(l, { style: "currency", currency: "USD" }, -5), f(l, { style: "percent" }, 0.5)])));
    await fact("[[\"ja\", \"JPY\"], [\"zh\", \"CNY\"], [\"ko\", \"KRW\"], [\"en-IN\", \"INR\"], [\"en-GB\", \"GBP\"], [\"en-CA\", \"CAD\"], [\"pt-BR\", \"BRL\"], [\"pl\", \"PLN\"], [\"cs\", \"CZK\"], [\"da\", \"DKK\"], [\"nb\", \"NOK\"], [\"sv\", \"SEK\"], [\"ru\", \"RUB\"], [\"tr\", \"TRY\"], [\"de-CH\", \"CHF\"], [\"hu\", \"HUF\"], [\"en\", \"JPY\"], [\"en\", \"CNY\"], [\"en\", \"CHF\"]].map(([l, c]) => [l, f(l, { style: \"currency\", currency: c }, 1234.5)])", async () => ([["ja", "JPY"], ["zh", "CNY"], ["ko", "KRW"], ["en-IN", "INR"], ["en-GB", "GBP"], ["en-CA", "CAD"], ["pt-BR", "BRL"], ["pl", "PLN"], ["cs", "CZK"], ["da", "DKK"], ["nb", "NOK"], ["sv", "SEK"], ["ru", "RUB"], ["tr", "TRY"], ["de-CH", "CHF"], ["hu", "HUF"], ["en", "JPY"], ["en", "CNY"], ["en", "CHF"]].map(([l, c]) => [l, f(l, { style: "currency", currency: c }, 1234.5)])));
    await fact("[\"USD\", \"EUR\", \"GBP\", \"JPY\", \"INR\", \"CAD\", \"CHF\"].map((c) => f(\"en\", { style: \"currency\", currency: c, currencyDisplay: \"name\" }, 2))", async () => (["USD", "EUR", "GBP", "JPY", "INR", "CAD", "CHF"].map((c) => f("en", { style: "currency", currency: c, currencyDisplay: "name" }, 2))));
    await fact("[\"USD\", \"EUR\", \"JPY\"].map((c) => f(\"en\", { style: \"currency\", currency: c, currencyDisplay: \"name\" }, 1))", async () => (["USD", "EUR", "JPY"].map((c) => f("en", { style: "currency", currency: c, currencyDisplay: "name" }, 1))));
    await fact("[\"floor\", \"ceil\", \"trunc\", \"expand\", \"halfFloor\", \"halfCeil\", \"halfTrunc\", \"halfEven\", \"halfExpand\"].map((m) => [m, ...[2.5, -2.5, 2.4, 3.5].map((v) => f(\"en\", { maximumFractionDigits: 0, roundingMode: m }, v))])", async () => (["floor", "ceil", "trunc", "expand", "halfFloor", "halfCeil", "halfTrunc", "halfEven", "halfExpand"].map((m) => [m, ...[2.5, -2.5, 2.4, 3.5].map((v) => f("en", { maximumFractionDigits: 0, roundingMode: m }, v))])));
    await fact("f(\"en\", { notation: \"scientific\", maximumFractionDigits: 2 }, 0.00012345)", async () => (f("en", { notation: "scientific", maximumFractionDigits: 2 }, 0.00012345)));
    await fact("f(\"en\", { notation: \"engineering\" }, 12345)", async () => (f("en", { notation: "engineering" }, 12345)));
    await fact("f(\"en\", { notation: \"scientific\" }, 0)", async () => (f("en", { notation: "scientific" }, 0)));
    await fact("[999, 1000, 1500, 15000, 999999, 1e6, 1.5e9, 1e12, 1e15].map((v) => [f(\"en\", { notation: \"compact\" }, v), f(\"en\", { notation: \"compact\", compactDisplay: \"long\" }, v)])", async () => ([999, 1000, 1500, 15000, 999999, 1e6, 1.5e9, 1e12, 1e15].map((v) => [f("en", { notation: "compact" }, v), f("en", { notation: "compact", compactDisplay: "long" }, v)])));
    await fact("[\"always\", \"auto\", \"min2\", true, false, \"true\"].map((g) => [g, f(\"en\", { useGrouping: g }, 1234), f(\"en\", { useGrouping: g }, 12345)])", async () => (["always", "auto", "min2", true, false, "true"].map((g) => [g, f("en", { useGrouping: g }, 1234), f("en", { useGrouping: g }, 12345)])));
    await fact("f(\"en\", { style: \"currency\", currency: \"USD\", currencySign: \"accounting\", signDisplay: \"always\" }, -5)", async () => (f("en", { style: "currency", currency: "USD", currencySign: "accounting", signDisplay: "always" }, -5)));
    await fact("f(\"en\", { style: \"currency\", currency: \"USD\", currencySign: \"accounting\", signDisplay: \"always\" }, 5)", async () => (f("en", { style: "currency", currency: "USD", currencySign: "accounting", signDisplay: "always" }, 5)));
    await fact("[\"long\", \"short\", \"narrow\"].map((u) => [\"kilometer\", \"liter\", \"celsius\", \"byte\", \"megabyte\", \"hour\", \"second\", \"kilogram\", \"mile-per-hour\", \"percent\", \"day\", \"month\"].map((n) => f(\"en\", { style: \"unit\", unit: n, unitDisplay: u }, 5)))", async () => (["long", "short", "narrow"].map((u) => ["kilometer", "liter", "celsius", "byte", "megabyte", "hour", "second", "kilogram", "mile-per-hour", "percent", "day", "month"].map((n) => f("en", { style: "unit", unit: n, unitDisplay: u }, 5)))));
    await fact("[\"long\", \"short\"].map((u) => [\"kilometer\", \"liter\", \"hour\", \"day\"].map((n) => f(\"en\", { style: \"unit\", unit: n, unitDisplay: u }, 1)))", async () => (["long", "short"].map((u) => ["kilometer", "liter", "hour", "day"].map((n) => f("en", { style: "unit", unit: n, unitDisplay: u }, 1)))));
    await fact("new Intl.NumberFormat(\"en\").formatRange(1, 5)", async () => (new Intl.NumberFormat("en").formatRange(1, 5)));
    await fact("new Intl.NumberFormat(\"en\").formatRangeToParts(1, 5)", async () => (new Intl.NumberFormat("en").formatRangeToParts(1, 5)));
    await fact("new Intl.NumberFormat(\"en\", { style: \"currency\", currency: \"USD\" }).formatRange(3, 5)", async () => (new Intl.NumberFormat("en", { style: "currency", currency: "USD" }).formatRange(3, 5)));
    await fact("new Intl.NumberFormat(\"en\", { style: \"percent\" }).formatRange(0.1, 0.2)", async () => (new Intl.NumberFormat("en", { style: "percent" }).formatRange(0.1, 0.2)));
    await fact("new Intl.NumberFormat(\"en\", { maximumFractionDigits: 0 }).formatRange(2.9, 3.1)", async () => (new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).formatRange(2.9, 3.1)));
    await fact("new Intl.NumberFormat(\"en\").formatRange(5, 5)", async () => (new Intl.NumberFormat("en").formatRange(5, 5)));
    await fact("new Intl.NumberFormat(\"en\").formatRange(-3, -1)", async () => (new Intl.NumberFormat("en").formatRange(-3, -1)));
    await fact("new Intl.NumberFormat(\"en\", { style: \"unit\", unit: \"meter\" }).formatRange(3, 5)", async () => (new Intl.NumberFormat("en", { style: "unit", unit: "meter" }).formatRange(3, 5)));
    await fact("new Intl.NumberFormat(\"en\").formatRange(undefined, 1)", async () => (new Intl.NumberFormat("en").formatRange(undefined, 1)));
    await fact("new Intl.NumberFormat(\"en\").formatRange(1)", async () => (new Intl.NumberFormat("en").formatRange(1)));
    await fact("new Intl.NumberFormat(\"en\").formatRange(NaN, 1)", async () => (new Intl.NumberFormat("en").formatRange(NaN, 1)));
    await fact("f(\"en\", { roundingIncrement: 5, maximumFractionDigits: 2, minimumFractionDigits: 2 }, 1.23)", async () => (f("en", { roundingIncrement: 5, maximumFractionDigits: 2, minimumFractionDigits: 2 }, 1.23)));
    await fact("f(\"en\", { roundingIncrement: 5 }, 1.23)", async () => (f("en", { roundingIncrement: 5 }, 1.23)));
    await fact("f(\"en\", { roundingIncrement: 3 }, 1.23)", async () => (f("en", { roundingIncrement: 3 }, 1.23)));
    await fact("f(\"en\", { trailingZeroDisplay: \"stripIfInteger\", minimumFractionDigits: 2 }, 5)", async () => (f("en", { trailingZeroDisplay: "stripIfInteger", minimumFractionDigits: 2 }, 5)));
    await fact("f(\"en\", { trailingZeroDisplay: \"stripIfInteger\", minimumFractionDigits: 2 }, 5.5)", async () => (f("en", { trailingZeroDisplay: "stripIfInteger", minimumFractionDigits: 2 }, 5.5)));
    await fact("f(\"en\", { roundingPriority: \"lessPrecision\", maximumSignificantDigits: 2, maximumFractionDigits: 3 }, 1.23456)", async () => (f("en", { roundingPriority: "lessPrecision", maximumSignificantDigits: 2, maximumFractionDigits: 3 }, 1.23456)));
    await fact("f(\"en\", { roundingPriority: \"morePrecision\", maximumSignificantDigits: 2, maximumFractionDigits: 3 }, 1.23456)", async () => (f("en", { roundingPriority: "morePrecision", maximumSignificantDigits: 2, maximumFractionDigits: 3 }, 1.23456)));
    await fact("[\"en\", \"en-US\", \"de\", \"de-DE\", \"fr\", \"es\", \"ja\", \"zh\"].map((l) => new Intl.DateTimeFormat(l).resolvedOptions().locale)", async () => (["en", "en-US", "de", "de-DE", "fr", "es", "ja", "zh"].map((l) => new Intl.DateTimeFormat(l).resolvedOptions().locale)));
    await fact("new Intl.NumberFormat(\"en\", { style: \"currency\", currency: \"usd\", currencySign: \"accounting\", roundingMode: \"floor\" }).resolvedOptions()", async () => (new Intl.NumberFormat("en", { style: "currency", currency: "usd", currencySign: "accounting", roundingMode: "floor" }).resolvedOptions()));
    await fact("new Intl.NumberFormat(\"en\", { notation: \"compact\", compactDisplay: \"long\" }).resolvedOptions()", async () => (new Intl.NumberFormat("en", { notation: "compact", compactDisplay: "long" }).resolvedOptions()));
    await fact("new Intl.NumberFormat(\"en\", { style: \"unit\", unit: \"liter\", unitDisplay: \"long\" }).resolvedOptions()", async () => (new Intl.NumberFormat("en", { style: "unit", unit: "liter", unitDisplay: "long" }).resolvedOptions()));
    await fact("[\"ru\", \"uk\", \"pl\", \"cs\", \"ar\", \"fr\", \"ja\", \"zh\", \"es\", \"de\", \"he\", \"lt\", \"ro\", \"pt\", \"it\"].map((l) => [l, ...[0, 1, 2, 3, 5, 11, 21, 22, 100, 1.5, 1e6].map((n) => new Intl.PluralRules(l).select(n)), new Intl.PluralRules(l).resolvedOptions().pluralCategories.join()])", async () => (["ru", "uk", "pl", "cs", "ar", "fr", "ja", "zh", "es", "de", "he", "lt", "ro", "pt", "it"].map((l) => [l, ...[0, 1, 2, 3, 5, 11, 21, 22, 100, 1.5, 1e6].map((n) => new Intl.PluralRules(l).select(n)), new Intl.PluralRules(l).resolvedOptions().pluralCategories.join()])));
    await fact("\"\u0130I\".toLocaleLowerCase(\"tr\") + \"i\u0131\".toLocaleUpperCase(\"tr\") + \"i\".toLocaleUpperCase(\"az\") + \"i\".toLocaleUpperCase(\"lt\")", async () => ("İI".toLocaleLowerCase("tr") + "iı".toLocaleUpperCase("tr") + "i".toLocaleUpperCase("az") + "i".toLocaleUpperCase("lt")));
    await fact("\"a\".toLocaleUpperCase(\"x\")", async () => ("a".toLocaleUpperCase("x")));
    await fact("[1234.5, new Date(0)].toLocaleString(\"de\")", async () => ([1234.5, new Date(0)].toLocaleString("de")));
    await fact("Intl.supportedValuesOf(\"currency\").map((c) => [c, new Intl.NumberFormat(\"en\", { style: \"currency\", currency: c }).resolvedOptions().maximumFractionDigits]).filter((x) => x[1] !== 2).map(String).join(\" \")", async () => (Intl.supportedValuesOf("currency").map((c) => [c, new Intl.NumberFormat("en", { style: "currency", currency: c }).resolvedOptions().maximumFractionDigits]).filter((x) => x[1] !== 2).map(String).join(" ")));
    await fact("[\"de\", \"fr\", \"es\", \"it\", \"pt\", \"nl\", \"sv\", \"da\", \"nb\", \"fi\", \"pl\", \"ru\", \"tr\"].map((l) => [l, ...[\"conjunction\", \"disjunction\", \"unit\"].map((type) => new Intl.ListFormat(l, { type }).format([\"A\", \"B\", \"C\"]) + \"|\" + new Intl.ListFormat(l, { type }).format([\"A\", \"B\"]))])", async () => (["de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "ru", "tr"].map((l) => [l, ...["conjunction", "disjunction", "unit"].map((type) => new Intl.ListFormat(l, { type }).format(["A", "B", "C"]) + "|" + new Intl.ListFormat(l, { type }).format(["A", "B"]))])));
    await fact("new Date(0).toLocaleDateString(\"en\", { hour: \"bad\" })", async () => (new Date(0).toLocaleDateString("en", { hour: "bad" })));
    await fact("new Date(0).toLocaleString(\"en\", { month: \"bad\" })", async () => (new Date(0).toLocaleString("en", { month: "bad" })));
    await fact("(5).toLocaleString(\"en\", { style: \"bad\" })", async () => ((5).toLocaleString("en", { style: "bad" })));
    await fact("5n.toLocaleString(\"en\", { notation: \"bad\" })", async () => (5n.toLocaleString("en", { notation: "bad" })));
    return Response.json(facts);
  },
};
