// Names of headers that are not ASCII: how they are listed, found and told apart.
const NAMES = ["é", "É", "\u0080", "ab\u00e9", "Ã©", "☃", "é☃"];

export default {
  async fetch() {
    const facts = NAMES.map((name) => {
      const headers = new Headers([[name, "1"], ["z", "2"], ["a", "3"]]);
      headers.append(name, "4");
      const each = [];
      headers.forEach((value, key) => each.push(key, value));
      const copy = new Headers(headers);
      const told = [[...headers], [...headers.keys()], each, headers.get(name), headers.has("\ufffd"), copy.get(name), [...new Headers([...headers])]];
      headers.delete(name);
      return [...told, [...headers.keys()]];
    });
    return Response.json(facts);
  },
};
