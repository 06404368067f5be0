// Dates with the name of a weekday, and parts of a second.
const at = new Date(Date.UTC(2024, 1, 29, 15, 4, 5, 67));
export default {
  fetch() {
    const facts = {};
    for (const locale of ["en-US", "en-GB"]) {
      for (const weekday of ["long", "short"]) {
        for (const month of ["long", "short"]) {
          const options = { weekday, month, day: "numeric", timeZone: "UTC" };
          facts[`${locale} ${weekday} ${month}`] = [at.toLocaleDateString(locale, options), at.toLocaleDateString(locale, { ...options, year: "numeric" })];
        }
      }
      for (const style of ["full", "long", "medium", "short"]) facts[`${locale} ${style}`] = new Intl.DateTimeFormat(locale, { dateStyle: style, timeZone: "UTC" }).format(at);
    }
    for (const locale of ["en-CA", "de-DE", "fr-FR", "sv-SE", "ja-JP"]) facts[`${locale} short`] = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeZone: "UTC" }).format(at);
    for (const options of [
      { minute: "2-digit", fractionalSecondDigits: 2 }, { fractionalSecondDigits: 3 }, { second: "numeric", fractionalSecondDigits: 3 },
      { hour: "numeric", minute: "numeric", fractionalSecondDigits: 3 }, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 },
    ]) {
      const format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC", hour12: false });
      facts[JSON.stringify(options)] = [format.format(at), format.formatToParts(at)];
    }
    return Response.json(facts);
  },
};
