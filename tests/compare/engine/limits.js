// How far the engine goes, and what it says then: strings, arrays that hold themselves, lengths and buffers.
const told = (run) => {
  try {
    const value = run();
    return typeof value === "string" && value.length > 100 ? value.length : value;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const all = (cases) => Object.fromEntries(Object.entries(cases).map(([name, run]) => [name, told(run)]));

const doubled = (times) => {
  let text = "x";
  for (let i = 0; i < times; i++) text += text;
  return text;
};
const strings = {
  "repeat, one too many": () => "a".repeat(536_870_889),
  "repeat of two": () => "ab".repeat(2 ** 28),
  "repeat beyond 32 bits": () => "ab".repeat(2 ** 53),
  "repeat without end": () => "ab".repeat(Infinity),
  "repeat of less than none": () => "ab".repeat(-1),
  "repeat of nothing": () => "".repeat(2 ** 40),
  "repeat of nothing without end": () => "".repeat(Infinity),
  padEnd: () => "a".padEnd(2 ** 30),
  padStart: () => "a".padStart(2 ** 53),
  "doubled 28 times": () => doubled(28),
  "doubled 29 times": () => doubled(29),
  "doubled without end": () => doubled(Infinity),
};

const itself = [1];
itself.push(itself, [itself, 2]);
const through = [];
through.push(1, { toString: () => `<${through}>` });
const like = { length: 2, 0: "a" };
like[1] = { toString: () => `[${Array.prototype.join.call(like)}]` };
const failing = [{ toString() { throw new Error("no"); } }];
const separated = [{
  toString() {
    separated[0] = "k";
    return separated.join({ toString() { throw new Error("of the separator"); } });
  },
}];
const joins = {
  String: () => String(itself),
  join: () => itself.join("-"),
  template: () => `${[itself]}`,
  "through an object": () => String(through),
  "like an array": () => Array.prototype.join.call(like),
  "an element that fails": () => String(failing),
  "and again": () => String(failing),
  "a separator that fails within": () => String(separated),
};

const detached = () => {
  const bytes = new Uint8Array(4);
  bytes.buffer.transfer();
  return bytes;
};
const lengths = {
  "push one": () => Array.prototype.push.call({ length: 2 ** 53 - 1 }, 1),
  "push three": () => Array.prototype.push.call({ length: 2 ** 53 - 2 }, 1, 2, 3),
  "resize what has one size": () => new ArrayBuffer(8).resize(4),
  "with, behind the end": () => new Uint8Array(2).with(5, 1),
  "with, of what is gone": () => detached().with(0, 1),
  "with, of what goes": () => {
    const bytes = new Uint8Array(4);
    return bytes.with(0, { valueOf: () => (bytes.buffer.transfer(), 1) });
  },
};

export default {
  fetch: () => Response.json({ strings: all(strings), joins: all(joins), lengths: all(lengths) }),
};
