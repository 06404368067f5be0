// What a Worker with `nodejs_compat` finds besides: modules of Node, and globals made of them when
// they are first looked at.
import native from "internal:native";

function lazy(name, make) {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = make();
      put(name, value);
      return value;
    },
    set(value) {
      put(name, value);
    },
    enumerable: true,
    configurable: true,
  });
}

function put(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
}

export function useNode() {
  lazy("Buffer", () => native.builtin("node:buffer").Buffer);
  lazy("process", () => native.builtin("node:process").default);
  put("global", globalThis);
}
