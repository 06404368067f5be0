// The asynchronous context, a frame: one value that what is begun now sees again when it goes on
// later. Promises and microtasks carry it by themselves; timers ask for it here.
import native from "internal:native";

const { apply } = Reflect;

const frames = {
  // Whether anybody has asked for frames; until then there are none to carry.
  used: false,
  use() {
    frames.used = true;
  },
  get: native.frameGet,
  // Calls `fn` with this frame in force.
  run(frame, fn, self, args) {
    const before = native.frameGet();
    native.frameSet(frame);
    try {
      return apply(fn, self, args);
    } finally {
      native.frameSet(before);
    }
  },
};
export default frames;
