// node:events for packages, which extend it.
import { EventEmitter } from "node:events";
export { EventEmitter, EventEmitter as EE };
export const { once, on } = EventEmitter;
