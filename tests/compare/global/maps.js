// Keys of Map and Set: which are the same, and many of every kind.
// (V8 takes long for many large BigInts of the same lowest bits.)
const facts = {};
const kinds = {
  whole: (i) => i,
  negative: (i) => -i,
  multiple: (i) => i * 65536,
  huge: (i) => i * 2 ** 40,
  half: (i) => i + 0.5,
  seventh: (i) => i / 7,
  time: (i) => 1700000000000 + i * 1000,
  bigint: (i) => BigInt(i),
  text: (i) => `k${i}`,
  wide: (i) => String.fromCharCode(i & 0xff00, (i & 255) << 8),
  object: (i) => ({ i }),
  symbol: () => Symbol(),
  function: (i) => () => i,
};

export default {
  fetch() {
    for (const [name, key] of Object.entries(kinds)) {
      const keys = Array.from({ length: 20000 }, (_, i) => key(i));
      const map = new Map(keys.map((key, i) => [key, i]));
      const set = new Set(keys);
      let found = 0;
      keys.forEach((key, i) => (found += map.get(key) === i && set.delete(key)));
      facts[name] = [found, map.size, set.size];
    }
    const weak = new WeakMap();
    const objects = Array.from({ length: 20000 }, () => ({}));
    objects.forEach((object, i) => weak.set(object, i));
    facts.weak = objects.filter((object, i) => weak.get(object) === i).length;

    const others = Array.from({ length: 300 }, (_, i) => [`other ${i}`, i]);
    for (const length of [3, 600, 5000, 100000]) {
      const one = "x".repeat(length);
      const two = "y".repeat(length);
      const map = new Map(others);
      map.set(one + two, "joined");
      const wide = `\u4e00${one}`;
      map.set(wide.slice(1), "cut");
      const flat = [one, two].join("");
      facts[`pieces ${length}`] = [map.get(flat), map.get(one + two), map.get(JSON.parse(JSON.stringify(flat))), map.get("x".repeat(length)), map.get(wide)];
    }
    const same = [[1, 1.0], [0, -0], [NaN, 0 / 0], [1, "1"], [1, 1n], [1n, BigInt("1")], [2n ** 70n, 2n ** 70n], [2 ** 53, 2 ** 53 + 1], [true, 1], [null, undefined], [-1, 4294967295], [2147483648, -2147483648], [0.5 + 0.5, 1], [1e300 * 10, Infinity], [4294967296 / 2 - 1, 2147483647]];
    facts.same = same.map(([one, two]) => new Map([...others, ...Array.from({ length: 300 }, (_, i) => [i + 10, i]), [one, "here"]]).get(two));
    return Response.json(facts);
  },
};
