// Queuing strategies.
import { dictionary, expose, illegal, wrongInit } from "internal:webclass";

const count = (() => () => 1)();
const byteLength = (() => (chunk = undefined) => chunk?.byteLength)();
for (const size of [count, byteLength]) Object.defineProperty(size, "name", { value: "" });

function markOf(init, name) {
  if (init === undefined) throw wrongInit(name, 1, "QueuingStrategyInit");
  return Number(dictionary(init, name, 1, "QueuingStrategyInit")?.highWaterMark);
}

export class ByteLengthQueuingStrategy {
  #mark;
  constructor(init = undefined) {
    this.#mark = markOf(init, "ByteLengthQueuingStrategy");
  }
  get highWaterMark() {
    if (!(#mark in this)) throw illegal();
    return this.#mark;
  }
  get size() {
    if (!(#mark in this)) throw illegal();
    return byteLength;
  }
}
expose(ByteLengthQueuingStrategy);

export class CountQueuingStrategy {
  #mark;
  constructor(init = undefined) {
    this.#mark = markOf(init, "CountQueuingStrategy");
  }
  get highWaterMark() {
    if (!(#mark in this)) throw illegal();
    return this.#mark;
  }
  get size() {
    if (!(#mark in this)) throw illegal();
    return count;
  }
}
expose(CountQueuingStrategy);

export const globals = { ByteLengthQueuingStrategy, CountQueuingStrategy };
