// process.nextTick: after what runs now, before promises' reactions where that can be had; here both are microtasks.
const { queueMicrotask: queue } = globalThis;

export function later(callback, ...args) {
  queue(args.length === 0 ? callback : () => callback(...args));
}
