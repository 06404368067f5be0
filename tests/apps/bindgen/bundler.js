// A Worker in Rust: the glue that wasm-bindgen makes for bundlers, started as Workers in Rust are.
// requests: GET /; GET /exports; POST /echo hello; POST /bytes 12345; GET /later?name=ann; GET /fail; GET /
import module from "./bundler_bg.wasm";
import * as glue from "bindgen-glue/bundler_bg.js";
const instance = new WebAssembly.Instance(module, { "./bundler_bg.js": glue });
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();
export default {
  async fetch(request, env, context) {
    try {
      if (new URL(request.url).pathname === "/exports") return Response.json(exported(glue));
      return await glue.fetch(request, env, context);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}`, { status: 400, headers: { "x-caught": "1" } });
    }
  },
};
function exported({ Counter, Kind, adder, double_all, each, grow, kind, maybe, parse_number, panics, reverse, upper, wide }) {
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {
      return [error.name, error instanceof WebAssembly.RuntimeError || error.message];
    }
  };
  const counter = new Counter("c");
  counter.name = "changed";
  const counted = [counter.add(2), counter.add(3), counter.name];
  counter.free();
  const numbers = new Float64Array([1, 2.5]);
  double_all(numbers);
  return {
    counted,
    freed: typeof attempt(() => counter.add(1))[0],
    kind: [kind(5n), kind(50n), Kind.Large, Kind[7]],
    bytes: [...reverse(new Uint8Array([1, 2, 3]))],
    numbers: [...numbers],
    maybe: [maybe("ünï"), maybe(undefined) ?? null, maybe(null) ?? null],
    wide: String(wide(2n ** 63n, -1n)),
    upper: upper(["a", "ß", "é"]),
    each: each(4, (at, last) => at + (last ?? 10)),
    thrown: attempt(() => each(2, () => { throw new RangeError("from JavaScript"); })),
    adder: [adder(2)(3), adder(0.5).name !== undefined],
    number: [parse_number("-12"), attempt(() => parse_number("x"))],
    trap: attempt(() => panics(9)),
    after: panics(1),
    grown: [grow(1), grow(3), [...reverse(new Uint8Array([4, 5]))]],
  };
}
