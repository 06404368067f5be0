// node:console: the global, and its class.
const { console } = globalThis;
export const { assert, clear, count, countReset, debug, dir, dirxml, error, group, groupCollapsed, groupEnd, info, log, profile, profileEnd, table, time, timeEnd, timeLog, timeStamp, trace, warn } = console;
export function Console(options) {
  return new.target ? Object.assign(this, console) : new Console(options);
}
export const context = () => console;
export function createTask() {
  throw new Error("console.createTask is not implemented");
}
console.Console ??= Console;
export default console;
