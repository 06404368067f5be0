// Hours as a language's tag asks for them.
export default {
  fetch() {
    const at = Date.UTC(2024, 2, 31, 13, 5, 9);
    const parts = (tag, options) =>
      new Intl.DateTimeFormat(tag, { hour: "numeric", minute: "numeric", timeZone: "Europe/Berlin", ...options }).format(at);
    const told = (tag, options) => {
      const { locale, hourCycle, hour12 } = new Intl.DateTimeFormat(tag, { hour: "numeric", ...options }).resolvedOptions();
      return [locale, hourCycle, hour12];
    };
    const rows = {};
    for (const tag of ["en", "en-u-hc-h23", "en-US-u-hc-h23", "en-u-hc-h12", "en-GB-u-hc-h12", "de-u-hc-h12", "en-CA", "en-u-hc-h24", "en-u-hc-h11", "en-u-hc-odd", "en-u-ca-gregory-hc-h23"]) {
      rows[tag] = [parts(tag), parts(tag, { hour12: true }), parts(tag, { hourCycle: "h23" })];
    }
    return Response.json({
      rows,
      told: [
        told("en-u-hc-h23"),
        told("en-u-hc-h23", { hour12: true }),
        told("en-u-hc-h23", { hourCycle: "h12" }),
        told("en-u-hc-h23", { hourCycle: "h23" }),
        told("en-u-hc-odd"),
        told("de-DE-u-hc-h12"),
      ],
      midnight: [0, 12].map((hour) => new Date(Date.UTC(2024, 0, 1, hour)).toLocaleTimeString("en-u-hc-h23", { timeZone: "UTC" })),
      locale: new Date(at).toLocaleString("en-US-u-hc-h23", { timeZone: "UTC" }),
    });
  },
};
