// JSON of random values, there and back, and damaged: a hash for each few of them. And decimals, and what changes while it is written.
const groups = {};
let group = "";
function out(text) {
  let hash = groups[group] ?? 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  groups[group] = hash;
}
let seed = 20261127;
function rnd(n) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed >>> 8) % n;
}
const edges = [0, -0, 1e21, 1e-7, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2147483647, 2147483648, -2147483648, 9007199254740993, 123456789012345.6, 0.001, 0.0009, 8399.05, 999999999999999.9, 1e15];
function number() {
  switch (rnd(9)) {
    case 0: return rnd(1000);
    case 1: return -rnd(100000);
    case 2: return rnd(1000000) / 100;
    case 3: return -rnd(1000000) / 1000;
    case 4: return rnd(16777216) * 4294967296 + rnd(1000);
    case 5: return rnd(1000) / 7;
    case 6: return (rnd(16777216) / 16777216) * Number(`1e${rnd(40) - 20}`);
    case 7: return (rnd(16777216) * 16777216 + rnd(16777216)) / Number(`1e${rnd(18)}`);
    default: return edges[rnd(edges.length)];
  }
}
const odd = ["a", "Z", " ", '"', "\\", "\n", "\u0001", "é", "ÿ", "€", "\ud83d\ude00", "\ud800", "\x7f", "/", "\t", "0", "9"];
function string() {
  let made = "";
  for (let n = rnd(20); n > 0; n--) made += rnd(3) ? "abcdefgh"[rnd(8)] : odd[rnd(odd.length)];
  return made;
}
const keys = ["id", "name", "__proto__", "1", "01", "4294967295", "-1", "a", "b", "toString", ""];
function value(depth) {
  switch (rnd(depth > 4 ? 6 : 9)) {
    case 0:
    case 4: return number();
    case 1:
    case 5: return string();
    case 2: return rnd(2) === 0;
    case 3: return null;
    case 6: return Array.from({ length: rnd(6) }, () => value(depth + 1));
    default: {
      const made = {};
      for (let n = rnd(6); n > 0; n--) {
        const key = rnd(6) ? keys[rnd(keys.length)] : string();
        Object.defineProperty(made, key, { value: value(depth + 1), enumerable: true, configurable: true, writable: true });
      }
      return made;
    }
  }
}
function shown(it) {
  if (it === null) return "null";
  if (Array.isArray(it)) return `[${it.map(shown)}]`;
  if (typeof it === "object") return `{${Object.getOwnPropertyNames(it).map((key) => `${key.length}:${escape(key)}=${shown(it[key])}`)}}`;
  return typeof it === "string" ? `s${escape(it)}` : typeof it + (Object.is(it, -0) ? "-0" : String(it));
}
function parsed(text, reviver) {
  try {
    out(shown(JSON.parse(text, reviver)));
  } catch (error) {
    out(error.name);
  }
}
const damage = ["", "x", ",", '"', "}", "]", "1", "\\", "\0", "é", "e5", ".5", "-", "nul", "true"];
function there_and_back(number) {
  const made = value(0);
  const text = JSON.stringify(made);
  out(text);
  const dropped = (_, it) => (typeof it === "number" ? undefined : it);
  out(String(number % 3 ? JSON.stringify(made, null, number % 11) : JSON.stringify(made, number % 2 ? ["id", "a", 1] : dropped, "--")));
  parsed(text);
  parsed(text.replace(/[,:\[\]{}]/g, (mark) => (rnd(4) ? mark : `${[" ", "\n", "\t", "\r\n "][rnd(4)]}${mark} `)));
  const at = rnd(text.length + 1);
  const damaged = text.slice(0, at) + damage[rnd(damage.length)] + text.slice(at + rnd(3));
  parsed(damaged);
  parsed(damaged, (_, it) => it);
}
const changing = {
  shrinks() {
    const list = [{ toJSON() { list.length = 1; return 1; } }, 2, 3];
    return list;
  },
  grows() {
    const made = { a: { toJSON() { made.z = 1; delete made.b; return "x"; } }, b: 2, c: 3 };
    return made;
  },
  holes: () => [1, , 3],
  nothing: () => ({ a: Symbol(), b: [Symbol(), undefined, () => {}], c: undefined, d() {}, e: new Date(0), f: new Number(5), g: new String("x"), h: Object(true), i: NaN, j: [NaN, -Infinity] }),
  shapes() {
    const list = [{ a: 1, b: 2 }, { a: 1, b: 2 }];
    list[0].c = 3;
    delete list[1].a;
    return list.concat(list[0], JSON.parse('[{"id":1},{"id":2}]'));
  },
  twice: () => JSON.parse('{"a":1,"a":{"b":2},"a":[3]}'),
  circle() {
    const made = { a: [1] };
    made.a.push({ made });
    return made;
  },
};
export default {
  fetch() {
    for (let at = 0; at < 400; at++) {
      group = `values ${at - (at % 20)}`;
      there_and_back(at);
    }
    for (let at = 0; at < 4000; at++) {
      group = `numbers ${at - (at % 200)}`;
      const it = number();
      out(`${it} ${JSON.stringify(it)} ${JSON.parse(`[${it}]`)[0] === it}`);
    }
    const told = {};
    for (const [name, make] of Object.entries(changing)) {
      try {
        told[name] = JSON.stringify(make());
      } catch (error) {
        told[name] = `${error.name}: ${error.message}`;
      }
    }
    return Response.json({ groups, told });
  },
};
