// What `Date.parse` makes of strings that are put together at random: V8 takes much, and takes it its own way.
const PARTS = [
  ..."Jan january Feb Sept Dec mon Tuesday foo T Z z AM pm GMT UTC EST PST CET".split(" "),
  ..."+1 +01 -0500 +05:30 - / , . (x) (a(b)c 12:00 24:00 1:2:3 12:30:45.678 25:00 12:60".split(" "),
  ..."0 1 2 12 13 31 32 49 50 99 100 2024 02024 20240101 99999 2024-01-01 2024-02-30".split(" "),
  ..."2024/3/4 1-Jan-2024 2024-13-01 2024-1-1 +002024-05-06 -000001-01-01 -000000-01-01".split(" "),
  ..."T10:20 T10:20:30.5Z T10:20:30,5Z T24:00Z T10:20+0130 T10".split(" "),
];
const GIVEN = [
  "Jan 32 2024",
  "32 Jan 2024",
  "1/32/2024",
  "Jan 1 2024 GMT+1",
  "Jan 1 2024 GMT+0130",
  "Jan 1 2024 GMT+13:30",
  "Jan 1 2024 -0500",
  "Jan 1 2024 (x",
  "Tue Mar 01 2022 00:00:00 GMT+0100 (CET)",
];

export default {
  fetch() {
    const facts = {};
    for (const text of GIVEN) facts[text] = `${Date.parse(text)}`;
    let seed = 7;
    const below = (n) => {
      seed = (seed * 48271) % 2147483647;
      return seed % n;
    };
    for (let at = 0; at < 600; at++) {
      const words = [];
      for (let left = 1 + below(5); left > 0; left--) words.push(PARTS[below(PARTS.length)]);
      const text = words.join([" ", " ", "", " , "][below(4)]);
      facts[text] = `${Date.parse(text)}`;
    }
    return Response.json(facts);
  },
};
