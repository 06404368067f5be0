// What packages look for while they are evaluated, and Workers of older dates do not have.
const missing = ["WeakRef", "FinalizationRegistry"].filter((name) => globalThis[name] === undefined);
for (const name of missing) {
  Object.defineProperty(globalThis, name, { value: { [name]: class {} }[name], writable: true, configurable: true });
}

// Takes it away again.
export function forget() {
  for (const name of missing) delete globalThis[name];
}
