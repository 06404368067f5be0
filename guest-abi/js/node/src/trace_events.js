// node:trace_events: nothing is traced.
import { validateArray, validateObject } from "internal:node/errors";

class Tracing {
  #categories;
  #enabled = false;
  constructor(categories) {
    this.#categories = categories;
  }
  enable() {
    this.#enabled = true;
  }
  disable() {
    this.#enabled = false;
  }
  get enabled() {
    return this.#enabled;
  }
  get categories() {
    return this.#categories.join(",");
  }
}
export function createTracing(options) {
  validateObject(options, "options");
  validateArray(options.categories, "options.categories");
  return new Tracing(options.categories);
}
export function getEnabledCategories() {
  return undefined;
}
export default { createTracing, getEnabledCategories };
