// Queuing strategies.
import { dictionary, wrongInit } from "internal:arguments";
import { illegal, shape } from "internal:shape";

// As in workerd: each time another function, which can be called with `new` too.
const one = () =>
  function () {
    return 1;
  };
const byteLength = () =>
  function (chunk = undefined) {
    const length = chunk?.byteLength;
    return typeof length === "number" ? length : undefined;
  };

function markOf(init, name, count) {
  if (init === undefined || init === null) {
    if (count === 0) throw wrongInit(name, 1, "QueuingStrategyInit");
    throw new TypeError("Cannot initialize N7workerd3api19QueuingStrategyInitE with required members from an undefined or null value.");
  }
  return +(dictionary(init, name, 1, "QueuingStrategyInit").highWaterMark);
}

export class ByteLengthQueuingStrategy {
  #mark;
  constructor(init = undefined) {
    this.#mark = markOf(init, "ByteLengthQueuingStrategy", arguments.length);
  }
  get highWaterMark() {
    if (!(#mark in this)) illegal();
    return this.#mark;
  }
  get size() {
    if (!(#mark in this)) illegal();
    return byteLength();
  }
}
shape(ByteLengthQueuingStrategy);

export class CountQueuingStrategy {
  #mark;
  constructor(init = undefined) {
    this.#mark = markOf(init, "CountQueuingStrategy", arguments.length);
  }
  get highWaterMark() {
    if (!(#mark in this)) illegal();
    return this.#mark;
  }
  get size() {
    if (!(#mark in this)) illegal();
    return one();
  }
}
shape(CountQueuingStrategy);

export const globals = { ByteLengthQueuingStrategy, CountQueuingStrategy };
