// Code from strings: eval and the constructors of functions, refused but at startup
// (spec: SEMANTICS §9, flag `allow_eval_during_startup`).
import native from "internal:native";
import { scope } from "internal:errors";

const { defineProperty, getPrototypeOf } = Object;
const evaluate = globalThis.eval;
const { construct } = Reflect;

function allowed() {
  if (!(scope.global && scope.flags?.has("allow_eval_during_startup"))) {
    throw new EvalError("Code generation from strings disallowed for this context");
  }
}

defineProperty(globalThis, "eval", {
  value: {
    eval(code) {
      allowed();
      return evaluate(code);
    },
  }.eval,
  writable: true,
  configurable: true,
});

// Takes the place of a constructor of functions: the same prototype, the same looks.
function guard(original) {
  const guarded = function () {
    allowed();
    return construct(original, arguments, new.target ?? original);
  };
  const { prototype } = original;
  defineProperty(guarded, "name", { value: original.name, configurable: true });
  defineProperty(guarded, "length", { value: 1, configurable: true });
  defineProperty(guarded, "prototype", { value: prototype, writable: false });
  const property = Object.getOwnPropertyDescriptor(prototype, "constructor");
  defineProperty(prototype, "constructor", { ...property, value: guarded });
  return guarded;
}

const GuardedFunction = guard(Function);
native.showsInStacks(GuardedFunction);
defineProperty(globalThis, "Function", { value: GuardedFunction, writable: true, configurable: true });
for (const sample of [async () => {}, function* () {}, async function* () {}]) {
  const guarded = guard(getPrototypeOf(sample).constructor);
  Object.setPrototypeOf(guarded, GuardedFunction);
}
