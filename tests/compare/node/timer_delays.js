// flags: nodejs_compat
// date: 2026-06-01
// Node's timers: what counts as which delay, what clears them, and in which order they and immediates go off.
import timers from "node:timers";
import promises from "node:timers/promises";

const DELAYS = [undefined, null, "", "0", "x", "1", -1, 0, 0.5, 0.99, 1, 1.5, NaN, -Infinity, [], [0], [2], {}, true, false];
const CLEARED = [Symbol("x"), 1n, {}, Object.create(null), null, undefined, "1", NaN];
const told = {};
const wait = () => new Promise((resolve) => setTimeout(resolve, 12));

export default {
  async fetch() {
    for (const [at, set] of [setTimeout, timers.setTimeout].entries()) {
      for (const [number, delay] of DELAYS.entries()) {
        const order = (told[`${at} ${number} ${typeof delay}`] = []);
        set(() => order.push("before"), 1);
        set(() => order.push("it"), delay);
        set(() => order.push("after"), 1);
        set(() => order.push("later"), 4);
      }
      await wait();
    }
    const mixed = (told.mixed = []);
    setTimeout(() => mixed.push("one"), 0);
    setImmediate(() => mixed.push("immediate"));
    setTimeout(() => mixed.push("two"), 0);
    setTimeout(() => mixed.push("never"), 2 ** 31);
    await wait();
    told.cleared = [clearTimeout, clearInterval, timers.clearTimeout].map((clear) => CLEARED.map((value) => `${clear(value)}`));
    const left = (told.left = []);
    const ways = [(timer) => +timer, String, (timer) => [+timer], (timer) => ({ [Symbol.toPrimitive]: () => +timer }), (timer) => timer];
    for (const [at, way] of ways.entries()) clearTimeout(way(setTimeout(() => left.push(at), 1)));
    await wait();
    const later = (told.promises = []);
    await Promise.all([
      promises.setTimeout(1, "one").then((value) => later.push(value)),
      promises.setTimeout(0, "none").then((value) => later.push(value)),
      promises.setImmediate("immediate").then((value) => later.push(value)),
      promises.setTimeout(undefined, "undefined").then((value) => later.push(value)),
    ]);
    const immediate = setImmediate(() => {});
    const { constructor } = immediate;
    told.immediate = [String(immediate), immediate.hasRef(), `${immediate.unref()}`, Object.getOwnPropertyNames(constructor.prototype), Object.keys(promises)];
    try {
      told.made = String(new constructor());
    } catch (error) {
      told.made = `${error}`;
    }
    clearImmediate(immediate);
    return Response.json(told);
  },
};
