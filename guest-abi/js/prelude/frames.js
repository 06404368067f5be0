// The asynchronous context, a frame: one value that what is begun now sees again when it goes on later.
// Undefined until somebody uses it, and free of cost until then.
import native from "internal:native";

export default {
  // From now on promises carry it.
  use: native.frameUse,
  get: native.frameGet,
  // Calls `fn` with this context in force.
  run(value, fn, self, args) {
    const before = native.frameGet();
    native.frameSet(value);
    try {
      return Reflect.apply(fn, self, args);
    } finally {
      native.frameSet(before);
    }
  },
};
