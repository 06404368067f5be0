// env: what a Worker is bound to, read when it is first asked for.
import native from "internal:native";
import frames from "internal:frames";
import { KvNamespace } from "internal:kv";

const { defineProperty } = Object;
const makers = new Map([
  ["text", (_, value) => value],
  ["json", (_, value) => value],
  ["kv_namespace", (name) => new KvNamespace(name)],
]);

// Tells how a binding of another kind becomes a value of env.
export function binding(kind, make) {
  makers.set(kind, make);
}

let values = null;
let wasRead = false;
// What stands in for the bindings in what `withEnv` began: held in its frame, by this key.
const INSTEAD = {};

// The bindings by name. A snapshot does not keep them: secrets may change without a new push.
export function env() {
  if (values === null) {
    values = {};
    for (const name of native.envNames()) {
      const [kind, value] = native.envGet(name);
      const make = makers.get(kind);
      if (make !== undefined) values[name] = make(name, value);
    }
  }
  return values;
}

// Runs `fn`, and what it begins, with something held in the asynchronous context.
export function runHolding(held, fn) {
  frames.use();
  return frames.run(new Map([...(frames.get() ?? []), ...held]), fn, undefined, []);
}

// What stands in for the bindings, as it is held.
export const standingIn = (values) => [INSTEAD, typeof values === "object" && values !== null ? values : {}];

const now = () => frames.get()?.get(INSTEAD) ?? env();

// env for modules that import it: reading it in global scope ties the snapshot to its values.
export const imported = new Proxy(
  {},
  {
    get: (_, key) => ((wasRead = true), now()[key]),
    has: (_, key) => ((wasRead = true), key in now()),
    ownKeys: () => ((wasRead = true), Reflect.ownKeys(now())),
    getOwnPropertyDescriptor: (_, key) => {
      wasRead = true;
      const property = Reflect.getOwnPropertyDescriptor(now(), key);
      if (property) property.configurable = true;
      return property;
    },
    set: (_, key, value) => ((now()[key] = value), true),
    deleteProperty: (_, key) => Reflect.deleteProperty(now(), key),
    defineProperty: (_, key, property) => Reflect.defineProperty(now(), key, property),
  },
);

// Makes the bindings globals, as classic scripts have them. They are read when they are used, so that a
// snapshot keeps their names alone: with other names it has to be made anew.
export function asGlobals() {
  wasRead = true;
  for (const name of native.envNames()) {
    defineProperty(globalThis, name, {
      get: () => env()[name],
      set: (value) => void defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true }),
      enumerable: true,
      configurable: true,
    });
  }
}

export function forget() {
  values = null;
  return wasRead;
}

// Parts of the upload, whatever they were taken for.
const TEXT = 0, BUFFER = 2;
binding("wasm_module", (_, part) => native.uploadedPart(part));
binding("text_blob", (_, part) => native.bodyForm(native.uploadedPart(part), TEXT));
binding("data_blob", (_, part) => native.bodyForm(native.uploadedPart(part), BUFFER));
