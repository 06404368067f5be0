// Templates and words of npm: ejs, liquidjs, js-yaml, moment, lodash.
// flags: nodejs_compat
import ejs from "ejs";
import { Liquid } from "liquidjs";
import * as yaml from "js-yaml";
import moment from "moment";
import _ from "lodash";

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

export default {
  async fetch(request, env, ctx) {
    await fact("ejs.render(\"<% for (const x of l) { %>[<%= x %>]<% } %>\", { l: [1, \"<b>\"] })", async () => (ejs.render("<% for (const x of l) { %>[<%= x %>]<% } %>", { l: [1, "<b>"] })));
    await fact("ejs.compile(\"<%= a\")", async () => (ejs.compile("<%= a")));
    await fact("await new Liquid().parseAndRender(\"{% for x in l %}{{ x | upcase }},{% endfor %}{{ 'now' | date: '%Y' | size }}\", { l: [\"a\", \"b\"] })", async () => (await new Liquid().parseAndRender("{% for x in l %}{{ x | upcase }},{% endfor %}{{ 'now' | date: '%Y' | size }}", { l: ["a", "b"] })));
    await fact("await new Liquid().parseAndRender(\"{{ 0 | date: '%Y-%m-%d %H:%M' }}{{ 1234.5 | round }}\")", async () => (await new Liquid().parseAndRender("{{ 0 | date: '%Y-%m-%d %H:%M' }}{{ 1234.5 | round }}")));
    await fact("yaml.load(\"a: 1\\nb: [x, y]\\nc: 2024-01-01\\nd: !!binary aGk=\\n\")", async () => (yaml.load("a: 1\nb: [x, y]\nc: 2024-01-01\nd: !!binary aGk=\n")));
    await fact("yaml.dump({ a: [1, { b: \"x: y\" }], d: new Date(0), s: \"multi\\nline\" })", async () => (yaml.dump({ a: [1, { b: "x: y" }], d: new Date(0), s: "multi\nline" })));
    await fact("yaml.load(\"a: [\")", async () => (yaml.load("a: [")));
    await fact("moment.utc(0).format(\"dddd, MMMM Do YYYY, h:mm:ss a\")", async () => (moment.utc(0).format("dddd, MMMM Do YYYY, h:mm:ss a")));
    await fact("moment.utc(\"2024-02-30\").isValid()", async () => (moment.utc("2024-02-30").isValid()));
    await fact("moment.utc(\"2024-03-10\").add(1, \"month\").fromNow(true).length > 0", async () => (moment.utc("2024-03-10").add(1, "month").fromNow(true).length > 0));
    await fact("moment.duration(90, \"minutes\").humanize()", async () => (moment.duration(90, "minutes").humanize()));
    await fact("_.groupBy([1, 2, 3], (x) => x % 2)", async () => (_.groupBy([1, 2, 3], (x) => x % 2)));
    await fact("_.template(\"hi <%= n %>\")({ n: \"x\" })", async () => (_.template("hi <%= n %>")({ n: "x" })));
    await fact("_.cloneDeep({ a: new Date(0), b: /x/g, c: new Map([[1, 2]]), d: new Uint8Array(2) })", async () => (_.cloneDeep({ a: new Date(0), b: /x/g, c: new Map([[1, 2]]), d: new Uint8Array(2) })));
    await fact("_.isEqual({ a: [1, new Set([1])] }, { a: [1, new Set([1])] })", async () => (_.isEqual({ a: [1, new Set([1])] }, { a: [1, new Set([1])] })));
    await fact("[_.camelCase(\"foo bar-baz\"), _.kebabCase(\"fooBar\"), _.deburr(\"d\u00e9j\u00e0\"), _.words(\"fred, barney, & pebbles\")]", async () => ([_.camelCase("foo bar-baz"), _.kebabCase("fooBar"), _.deburr("déjà"), _.words("fred, barney, & pebbles")]));
    await fact("_.debounce(() => 1, 10).name", async () => (_.debounce(() => 1, 10).name));
    await fact("_.chunk(_.range(7), 3)", async () => (_.chunk(_.range(7), 3)));
    return Response.json(facts);
  },
};
