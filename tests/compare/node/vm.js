// node:vm: what its functions check, and what they say that they do not do.
// flags: nodejs_compat
// requests: GET /
import vm, * as all from "node:vm";

const NONE = [undefined, null, 5, "text", true, [], () => 1, Symbol("s")];
const told = (act) => {
  try {
    const value = act();
    return value === undefined ? "undefined" : [typeof value, value?.constructor?.name ?? null];
  } catch (error) {
    return [error.name, error.code ?? null, error.message];
  }
};
const each = (act, values = NONE) => values.map((value) => told(() => act(value)));
const context = () => vm.createContext({});
const script = () => new vm.Script("1");

export default {
  fetch() {
    const facts = {
      names: Object.keys(all),
      own: Object.keys(vm),
      lengths: Object.keys(vm).map((name) => [name, vm[name].length ?? null, vm[name].name ?? null]),
      methods: Object.getOwnPropertyNames(vm.Script.prototype).map((name) => [name, vm.Script.prototype[name].length]),
      own_of_script: Object.getOwnPropertyNames(script()),
      text: String(script()),
      constants: [Object.getPrototypeOf(vm.constants), Object.isFrozen(vm.constants), Object.keys(vm.constants), Object.values(vm.constants).map(String)],
      called: told(() => vm.Script("1")),
      script_code: each((code) => new vm.Script(code)),
      script_options: each((options) => new vm.Script("1", options)),
      filename: each((filename) => new vm.Script("1", { filename })),
      line_offset: each((lineOffset) => new vm.Script("1", { lineOffset }), [...NONE, 1.5, 2 ** 40, -1]),
      column_offset: each((columnOffset) => new vm.Script("1", { columnOffset }), [...NONE, 1.5]),
      cached_data: each((cachedData) => new vm.Script("1", { cachedData }), [...NONE, new Uint8Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1))]),
      produce: each((produceCachedData) => new vm.Script("1", { produceCachedData })),
      dynamically: each((importModuleDynamically) => new vm.Script("1", { importModuleDynamically })),
      with_text: told(() => new vm.Script("1", "file")),
      cached: told(() => script().createCachedData()),
      cached_bytes: script().createCachedData().length,
      this_context: each((options) => script().runInThisContext(options)),
      this_timeout: each((timeout) => script().runInThisContext({ timeout }), [undefined, null, 5, "text", true, [], 0, -1, 1.5, 2 ** 32]),
      this_errors: each((displayErrors) => script().runInThisContext({ displayErrors })),
      this_sigint: each((breakOnSigint) => script().runInThisContext({ breakOnSigint })),
      in_context: each((object) => script().runInContext(object), [...NONE, {}]),
      in_made: told(() => script().runInContext(context())),
      in_made_options: each((options) => script().runInContext(context(), options)),
      in_new: each((object) => script().runInNewContext(object), [...NONE, {}]),
      in_new_options: each((options) => script().runInNewContext({}, options)),
      in_new_name: each((contextName) => script().runInNewContext({}, { contextName })),
      create: each((object) => vm.createContext(object), [...NONE, {}]),
      created: (() => {
        const object = { a: 1 };
        const made = vm.createContext(object);
        const again = vm.createContext(made);
        return [made === object, again === made, Object.getPrototypeOf(made), Reflect.ownKeys(made).map(String), vm.isContext(object), vm.isContext(made)];
      })(),
      create_options: each((options) => vm.createContext({}, options)),
      create_name: each((name) => vm.createContext({}, { name })),
      create_origin: each((origin) => vm.createContext({}, { origin })),
      create_generation: each((codeGeneration) => vm.createContext({}, { codeGeneration })),
      create_strings: each((strings) => vm.createContext({}, { codeGeneration: { strings } })),
      create_wasm: each((wasm) => vm.createContext({}, { codeGeneration: { wasm } })),
      create_mode: each((microtaskMode) => vm.createContext({}, { microtaskMode }), [...NONE, "afterEvaluate"]),
      create_import: each((importModuleDynamically) => vm.createContext({}, { importModuleDynamically })),
      dont: told(() => vm.createContext(vm.constants.DONT_CONTEXTIFY)),
      is: each((object) => vm.isContext(object), [...NONE, {}]),
      is_not: vm.isContext({}),
      create_script: each((code) => vm.createScript(code)),
      run_this: each((code) => vm.runInThisContext(code)),
      run_this_options: each((options) => vm.runInThisContext("1", options)),
      run_in: each((object) => vm.runInContext("1", object), [...NONE, {}]),
      run_in_made: told(() => vm.runInContext("1", context())),
      run_in_code: each((code) => vm.runInContext(code, context())),
      run_in_options: each((options) => vm.runInContext("1", context(), options)),
      run_new: each((object) => vm.runInNewContext("1", object), [...NONE, {}]),
      run_new_code: each((code) => vm.runInNewContext(code)),
      run_new_options: each((options) => vm.runInNewContext("1", {}, options)),
      run_new_name: each((contextName) => vm.runInNewContext("1", {}, { contextName })),
      run_new_filename: each((filename) => vm.runInNewContext("1", {}, { filename })),
      run_new_timeout: each((timeout) => vm.runInNewContext("1", {}, { timeout }), [undefined, null, 5, 0]),
      values: (() => {
        const { cachedData, cachedDataProduced, cachedDataRejected, sourceMapURL } = script();
        return [typeof cachedData, cachedDataProduced, cachedDataRejected, typeof sourceMapURL];
      })(),
      compile: each((code) => vm.compileFunction(code)),
      compile_params: each((params) => vm.compileFunction("1", params), [...NONE, [1], ["a"]]),
      compile_options: each((options) => vm.compileFunction("1", [], options)),
      compile_context: each((parsingContext) => vm.compileFunction("1", [], { parsingContext }), [...NONE, {}, context]),
      compile_extensions: each((contextExtensions) => vm.compileFunction("1", [], { contextExtensions }), [...NONE, [1], [{}]]),
      compile_filename: each((filename) => vm.compileFunction("1", [], { filename })),
      compile_cached: each((cachedData) => vm.compileFunction("1", [], { cachedData })),
      compile_produce: each((produceCachedData) => vm.compileFunction("1", [], { produceCachedData })),
      measure: each((options) => vm.measureMemory(options), [...NONE, {}]),
      measure_mode: each((mode) => vm.measureMemory({ mode }), [...NONE, "summary", "detailed"]),
      measure_execution: each((execution) => vm.measureMemory({ execution }), [...NONE, "default", "eager"]),
    };
    return Response.json(facts);
  },
};
