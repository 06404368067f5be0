// WebAssembly of bytes: global scope may compile it, handlers may not.
// host: daemon
const EMPTY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
// (func (export "a") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
const ADD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 97, 0, 0, 10, 9, 1, 7, 0, 32, 0,
  32, 1, 106, 11,
]);
const told = (error) => `${error.constructor.name}: ${error.message}`;
const shown = (value) => `${Object.prototype.toString.call(value)} ${Object.keys(value)}`;
const made = {};
function make(name, run) {
  try {
    made[name] = shown(run());
  } catch (error) {
    made[name] = told(error);
  }
}
make("nothing", () => new WebAssembly.Module());
make("object", () => new WebAssembly.Module({}));
make("no bytes", () => new WebAssembly.Module(new Uint8Array(0)));
make("buffer", () => new WebAssembly.Module(EMPTY.buffer));
make("view", () => new WebAssembly.Module(new DataView(EMPTY.buffer)));
make("without new", () => WebAssembly.Module(EMPTY));
make("part", () => new WebAssembly.Module(new Uint8Array([9, ...EMPTY]).subarray(1)));

const module = new WebAssembly.Module(ADD);
const instance = new WebAssembly.Instance(module);
const settled = {};
for (const [name, run] of Object.entries({
  "compile nothing": () => WebAssembly.compile(),
  "compile no bytes": () => WebAssembly.compile(new Uint8Array(0)),
  "compile": () => WebAssembly.compile(EMPTY),
  "instantiate": () => WebAssembly.instantiate(EMPTY),
  "instantiate for a number": () => WebAssembly.instantiate(EMPTY, 5),
  "instantiate a module": () => WebAssembly.instantiate(module),
})) {
  run().then(
    (value) => (settled[name] = shown(value)),
    (error) => (settled[name] = told(error)),
  );
}
let later;
const instantiated = WebAssembly.instantiate(ADD);
instantiated.then(({ instance }) => {
  later = instance;
});

export default {
  async fetch() {
    while (later === undefined || Object.keys(settled).length < 6) await new Promise((resolve) => setTimeout(resolve, 10));
    const refused = {};
    for (const [name, value] of Object.entries({ EMPTY, none: new Uint8Array(0), nothing: undefined, view: new DataView(EMPTY.buffer), object: {} })) {
      const attempts = [
        () => WebAssembly.compile(value),
        () => WebAssembly.instantiate(value),
        () => WebAssembly.instantiate(value, null),
        () => WebAssembly.validate(value),
        () => new WebAssembly.Module(value),
        () => new WebAssembly.Instance(module, value),
        () => WebAssembly.instantiate(module, name),
      ];
      refused[name] = [];
      for (const attempt of attempts) {
        try {
          refused[name].push(String(await attempt()));
        } catch (error) {
          refused[name].push(told(error));
        }
      }
    }
    return Response.json({
      made,
      settled,
      sums: [instance.exports.a(2, 3), later.exports.a(4, 5), (await WebAssembly.instantiate(module)).exports.a(6, 7)],
      exports: WebAssembly.Module.exports(module),
      refused,
    });
  },
};
