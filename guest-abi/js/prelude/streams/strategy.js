// Queuing strategies.
import { dictionary, wrongInit } from "internal:arguments";
import { illegal, shape } from "internal:shape";

const count = (() => () => 1)();
const byteLength = (() => (chunk = undefined) => chunk?.byteLength)();
for (const size of [count, byteLength]) Object.defineProperty(size, "name", { value: "" });

function markOf(init, name) {
  if (init === undefined) throw wrongInit(name, 1, "QueuingStrategyInit");
  return +(dictionary(init, name, 1, "QueuingStrategyInit")?.highWaterMark);
}

export class ByteLengthQueuingStrategy {
  #mark;
  constructor(init = undefined) {
    this.#mark = markOf(init, "ByteLengthQueuingStrategy");
  }
  get highWaterMark() {
    if (!(#mark in this)) illegal();
    return this.#mark;
  }
  get size() {
    if (!(#mark in this)) illegal();
    return byteLength;
  }
}
shape(ByteLengthQueuingStrategy);

export class CountQueuingStrategy {
  #mark;
  constructor(init = undefined) {
    this.#mark = markOf(init, "CountQueuingStrategy");
  }
  get highWaterMark() {
    if (!(#mark in this)) illegal();
    return this.#mark;
  }
  get size() {
    if (!(#mark in this)) illegal();
    return count;
  }
}
shape(CountQueuingStrategy);

export const globals = { ByteLengthQueuingStrategy, CountQueuingStrategy };
