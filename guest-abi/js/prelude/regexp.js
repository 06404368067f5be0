// The properties of RegExp that tell of the last match: $1 and its like.
import native from "internal:native";

const { lastMatch } = native;
const { defineProperty } = Object;
// Those that both names of a property read.
let input;
let inputOf;

const text = () => {
  const now = lastMatch(13);
  // What was put there stays until something else matches.
  return input !== undefined && inputOf === now ? input : now;
};

function define(name, get, set) {
  defineProperty(get, "name", { value: `get ${name}`, configurable: true });
  defineProperty(set, "name", { value: `set ${name}`, configurable: true });
  defineProperty(RegExp, name, { get, set, configurable: true });
}

for (const name of ["input", "$_"]) {
  const { get, set } = Object.getOwnPropertyDescriptor(
    {
      get a() {
        return text();
      },
      set a(value) {
        input = `${value}`;
        inputOf = lastMatch(13);
      },
    },
    "a",
  );
  define(name, get, set);
}
const places = [["lastMatch", 0], ["$&", 0], ["lastParen", 10], ["$+", 10], ["leftContext", 11], ["$`", 11], ["rightContext", 12], ["$'", 12]];
for (let group = 1; group < 10; group++) places.push([`$${group}`, group]);
for (const [name, which] of places) {
  const { get, set } = Object.getOwnPropertyDescriptor(
    {
      get a() {
        return lastMatch(which);
      },
      set a(_) {},
    },
    "a",
  );
  define(name, get, set);
}
// In V8's order.
const { escape } = RegExp;
delete RegExp.escape;
defineProperty(RegExp, "escape", { value: escape, writable: true, configurable: true });
