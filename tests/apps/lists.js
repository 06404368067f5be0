// lodash-es, ramda, remeda, immer, mitt, eventemitter3: data and events.
// requests: GET /
import * as _ from "lodash-es";
import * as R from "ramda";
import * as remeda from "remeda";
import { enableMapSet, enablePatches, freeze, produce, produceWithPatches } from "immer";
import mitt from "mitt";
import EventEmitter from "eventemitter3";
enableMapSet();
enablePatches();
export default {
  async fetch() {
    const people = [{ n: "ann", a: 3, t: ["x"] }, { n: "bob", a: 1, t: ["y", "x"] }, { n: "cid", a: 3, t: [] }];
    const heard = [];
    const bus = mitt();
    bus.on("*", (type, value) => heard.push([type, value]));
    bus.emit("a", 1);
    const emitter = new EventEmitter();
    emitter.once("b", (...values) => heard.push(values));
    emitter.emit("b", 1, 2);
    emitter.emit("b", 3);
    const base = { list: [{ done: false }], map: new Map([["k", 1]]) };
    const [next, patches] = produceWithPatches(base, (draft) => {
      draft.list[0].done = true;
      draft.list.push({ done: false });
      draft.map.set("z", 2);
    });
    let frozen;
    try {
      next.list.push(1);
    } catch (error) {
      frozen = error.name;
    }
    const later = [];
    const debounced = _.debounce((value) => later.push(value), 5);
    debounced(1);
    debounced(2);
    const throttled = _.throttle((value) => later.push(value), 5, { trailing: false });
    throttled(3);
    throttled(4);
    await scheduler.wait(20);
    return Response.json({
      lodash: [
        _.groupBy(people, "a"), _.sortBy(people, ["a", "n"]).map((it) => it.n), _.get(people, "[1].t[0]"), _.set({}, "a.b[1].c", 5), _.merge({ a: [1, { b: 2 }] }, { a: [3, { c: 4 }] }), _.camelCase("Foo bar_baz-QUX"), _.kebabCase("fooBarBaz"),
        _.template === undefined, _.isEqual(new Map([[1, new Set([2])]]), new Map([[1, new Set([2])]])), _.cloneDeep({ d: new Date(0), r: /x/g, m: new Map([[1, { a: 1 }]]), t: new Uint8Array([1, 2]) }), _.chunk(_.range(7), 3), _.uniqBy(people, "a").length, _.truncate("a long enough text to be cut", { length: 12 }),
        _.deburr("déjà vu"), _.words("one, two & three"), _.escape("<a & 'b'>"), _.padStart("7", 3, "0"), _.flow([(a) => a + 1, (a) => a * 2])(3), _.curry((a, b, c) => [a, b, c])(1)(2, 3), _.debounce.length, _.sumBy(people, "a"), _.orderBy(people, ["a"], ["desc"]).map((it) => it.n), _.defaultsDeep({ a: { b: 1 } }, { a: { c: 2 } }), _.memoize((n) => n * 2)(4), _.zipObjectDeep(["a.b", "a.c"], [1, 2]), _.isPlainObject(Object.create(null)), _.toPath("a[0].b['c']"), _.invert({ a: 1 }), _.startCase("fooBar--baz"),
      ],
      later,
      ramda: [R.pipe(R.filter(R.propEq(3, "a")), R.map(R.prop("n")))(people), R.path(["a", 0], { a: [9] }), R.over(R.lensPath(["x", "y"]), R.inc, { x: { y: 1 } }), R.transpose([[1, 2], [3, 4]]), R.equals(NaN, NaN), R.toString({ a: [1, "x", new Date(0)] }), R.groupBy((it) => String(it.a), people), R.transduce(R.map(R.inc), R.flip(R.append), [], [1, 2])],
      remeda: [remeda.pipe(people, remeda.sortBy([(it) => it.a, "desc"]), remeda.map((it) => it.n), remeda.take(2)), remeda.mapValues({ a: 1 }, (v) => v + 1), remeda.chunk([1, 2, 3], 2)],
      immer: [next.list, [...next.map], patches, base.list.length, frozen, Object.isFrozen(freeze({ a: {} }, true)), produce([3, 1, 2], (draft) => void draft.sort())],
      heard,
    });
  },
};
