// flags: nodejs_compat
// date: 2026-06-01
// Marks and measures of `performance`, its members, and what they refuse.
const facts = {};
const fact = (name, f) => {
  try {
    facts[name] = f() ?? String(f());
  } catch (error) {
    facts[name] = `${error.name}: ${error.message}`;
  }
};
const shown = (entry) => [Object.prototype.toString.call(entry), entry.name, entry.entryType, entry.startTime, entry.duration, entry.detail];
const CLASSES = ["Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList", "PerformanceResourceTiming"];
const prototype = Object.getPrototypeOf(performance);

export default {
  async fetch() {
    const scope = Object.getPrototypeOf(globalThis);
    for (const name of CLASSES) {
      fact(name, () => [Object.hasOwn(globalThis, name), Object.hasOwn(scope, name), Object.getOwnPropertyNames(globalThis[name]), Object.getOwnPropertyNames(globalThis[name].prototype)]);
      fact(`${name}()`, () => globalThis[name]());
      fact(`new ${name}`, () => typeof new globalThis[name]());
    }
    facts.chain = [prototype instanceof EventTarget, Object.getOwnPropertyNames(prototype)];
    for (const name of ["now", "eventCounts", "nodeTiming", "mark", "toJSON"]) {
      const { get, set, value } = Object.getOwnPropertyDescriptor(prototype, name);
      facts[`shape of ${name}`] = [get?.name, get?.length, typeof set, value?.name, value?.length];
    }
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const { get, value } = Object.getOwnPropertyDescriptor(prototype, name);
      if (name !== "constructor") fact(`${name} of another`, () => typeof (get ?? value).call({}, "a"));
    }
    fact("events", () => {
      let heard = 0;
      performance.addEventListener("x", () => heard++);
      performance.dispatchEvent(new Event("x"));
      return heard;
    });
    const counts = performance.eventCounts;
    fact("eventCounts", () => [String(counts), counts.size, [...counts], counts.has("click"), typeof counts.get("click"), String(counts.keys()), counts === performance.eventCounts, Object.getOwnPropertyNames(Object.getPrototypeOf(counts))]);
    for (const name of ["get", "has", "forEach"]) fact(`eventCounts.${name}()`, () => counts[name]());
    const node = performance.nodeTiming;
    fact("nodeTiming", () => [String(node), Object.keys(node), Object.getOwnPropertyNames(Object.getPrototypeOf(node)), node.toJSON(), Object.getPrototypeOf(node.toJSON())]);
    fact("toJSON", () => [performance.toJSON(), Object.getPrototypeOf(performance.toJSON())]);
    const marks = [performance.mark("a", { startTime: 1, detail: { x: 1 } }), performance.mark("b", { startTime: 4 }), performance.mark("\ud800", { startTime: 5 })];
    const measures = [["m", "a", "b"], ["n", { start: 2, end: 9, detail: {} }], ["o", { start: "a", duration: 3 }], ["p", { end: 7, duration: 3 }], ["q", { start: 1, end: 2, duration: 9 }], ["r", { duration: 4 }], ["s", { start: 5, end: 2 }], ["t", { start: null, end: "3" }], ["u", "b", "a"], ["v", "none", "b"], ["w", 5, "b"]];
    facts.marks = marks.map(shown);
    facts.measures = measures.map((given) => shown(performance.measure(...given)));
    facts.entries = performance.getEntries().map((entry) => entry.name);
    facts.found = [performance.getEntriesByName("a").length, performance.getEntriesByName("a", "measure").length, performance.getEntriesByType("measure").length];
    performance.clearMarks("a");
    performance.clearMeasures("m");
    facts.left = performance.getEntries().map((entry) => entry.name);
    performance.clearMarks();
    facts.measured = performance.getEntries().map((entry) => entry.entryType);
    const calls = {
      mark: [[], [Symbol("s")], ["x", 5], ["x", "y"]],
      measure: [[], [Symbol("s")]],
      getEntriesByName: [[], [Symbol("s")]],
      getEntriesByType: [[], [Symbol("s")]],
      clearMarks: [[Symbol("s")], [undefined]],
      timerify: [[], [5]],
      setResourceTimingBufferSize: [[], ["x"], [-1], [5n], [2 ** 53], [5], [Symbol("s")]],
      markResourceTiming: [[]],
    };
    for (const [name, lists] of Object.entries(calls)) lists.forEach((list, at) => fact(`${name} ${at}`, () => typeof performance[name](...list)));
    fact("same function", () => {
      const f = () => {};
      return performance.timerify(f) === f;
    });
    return Response.json(facts);
  },
};
