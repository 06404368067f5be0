// Timers of the global scope are Node's by date: objects that can be held, let go and started anew.
// flags: nodejs_compat
// date: 2026-06-01
import timers from "node:timers";
import util from "node:util";
const NAMES = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"];
export default {
  async fetch() {
    const told = {};
    const tell = (name, work) => {
      try {
        const value = work();
        told[name] = value === undefined ? "undefined" : value;
      } catch (error) {
        told[name] = `${error.name} ${error.code} ${error.message}`;
      }
    };
    for (const name of NAMES) {
      const found = Object.getOwnPropertyDescriptor(globalThis, name);
      const inherited = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(globalThis), name);
      const shape = (it) => it && [typeof it.value, typeof it.get, it.writable, it.enumerable, it.configurable];
      told[name] = [shape(found) ?? null, shape(inherited) ?? null, globalThis[name].name, globalThis[name].length, globalThis[name] === timers[name]];
      tell(`${name} bad`, () => typeof globalThis[name]("x"));
      tell(`${name} none`, () => typeof globalThis[name]());
    }
    const timer = setTimeout(() => {}, 5);
    told.kind = [typeof timer, timer.constructor.name, typeof +timer, Object.keys(timer), Object.getOwnPropertyNames(Object.getPrototypeOf(timer)).sort()];
    tell("unref", () => timer.unref() === timer && timer.hasRef());
    tell("ref", () => timer.ref() === timer && timer.hasRef());
    tell("refresh", () => timer.refresh() === timer);
    tell("close", () => timer.close() === timer);
    tell("dispose", () => typeof timer[Symbol.dispose]);
    tell("shown", () => util.inspect(timer).replace(/\d+/g, "N").length > 0);
    const immediate = setImmediate(() => {});
    told.immediate = [typeof immediate, immediate.constructor.name, typeof immediate.hasRef, typeof immediate[Symbol.dispose]];
    clearImmediate(immediate);
    const seen = [];
    clearTimeout(+setTimeout(() => seen.push("by number"), 1));
    clearTimeout(setTimeout(() => seen.push("by object"), 1));
    clearTimeout(undefined);
    clearInterval(null);
    const repeated = setInterval((value) => seen.push(value) === 3 && clearInterval(repeated), 1, "again");
    await new Promise((done) => setTimeout(done, 20, "given"));
    told.given = await new Promise((done) => setTimeout(done, 1, "given"));
    told.seen = seen;
    return Response.json(told);
  },
};
