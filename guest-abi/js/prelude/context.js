// The asynchronous context: one value that what is begun now sees again when it goes on later.
// Undefined until somebody uses it, and free of cost until then.
import native from "internal:native";

export default {
  // From now on promises carry it.
  use: native.contextUse,
  get: native.contextGet,
  // Calls `fn` with this context in force.
  run(value, fn, self, args) {
    const before = native.contextGet();
    native.contextSet(value);
    try {
      return Reflect.apply(fn, self, args);
    } finally {
      native.contextSet(before);
    }
  },
};
