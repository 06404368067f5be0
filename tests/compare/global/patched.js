// A Worker that replaces what is on the language's prototypes: the platform goes on with the language's own.
// head: heads/uses.js
checks.byob = async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([1, 2])); c.close(); } }); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(4)); return x.value.length; };
checks.textstreams = async () => { const r = new ReadableStream({ start(c) { c.enqueue("tx"); c.close(); } }).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream()).getReader(); return (await r.read()).value; };
const names = [];
for (const name in checks) names.push(name);
const plain = (it) => (typeof it !== "object" ? `${it}` : it[0] + "," + it[1]);
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

const METHODS = {
  Array: "push pop shift unshift slice splice concat map filter forEach find findIndex some every reduce includes indexOf join sort reverse at fill flat keys entries",
  String: "slice substring indexOf includes startsWith endsWith toLowerCase toUpperCase trim split replace replaceAll charCodeAt codePointAt concat padStart padEnd match",
  Promise: "catch finally",
  Map: "get has delete entries forEach keys values size",
  Set: "has delete forEach values size",
  WeakMap: "get set has delete",
  WeakSet: "add has delete",
  WeakRef: "deref",
  Function: "call apply bind toString",
  RegExp: "test toString flags global sticky unicode",
  Object: "hasOwnProperty isPrototypeOf propertyIsEnumerable toString valueOf toLocaleString",
  ArrayBuffer: "slice transfer resize detached",
  DataView: "getUint8 setUint8 buffer byteLength",
  Date: "getTime valueOf toISOString toUTCString",
  Number: "toString toFixed valueOf",
  Error: "toString",
};
const holders = [];
for (const name in METHODS) holders.push([name, globalThis[name].prototype, METHODS[name].split(" ")]);
holders.push(["TypedArray", getPrototypeOf(Uint8Array.prototype), "set subarray slice fill buffer byteOffset values".split(" ")]);
holders.push(["MapIterator", getPrototypeOf(new Map().keys()), ["next"]]);
holders.push(["SetIterator", getPrototypeOf(new Set().keys()), ["next"]]);
holders.push(["Iterator", getPrototypeOf(getPrototypeOf([].keys())), [Symbol.iterator]]);
holders.push(["RegExp", RegExp.prototype, [Symbol.replace, Symbol.split, Symbol.match]]);
holders.push(["Map", Map.prototype, [Symbol.iterator]], ["Set", Set.prototype, [Symbol.iterator]]);

const never = (what) =>
  function () {
    throw new Error(`called ${what}`);
  };

export default {
  async fetch() {
    const facts = { untouched: {} };
    for (let i = 0; i < names.length; i++) facts.untouched[names[i]] = plain(await checks[names[i]]());
    for (let h = 0; h < holders.length; h++) {
      const [name, holder, keys] = holders[h];
      for (let k = 0; k < keys.length; k++) {
        const own = getOwnPropertyDescriptor(holder, keys[k]);
        const what = name + "." + (typeof keys[k] === "string" ? keys[k] : keys[k].description);
        const changed = { __proto__: null, configurable: true };
        if (own.get) changed.get = never(what);
        else changed.value = never(what);
        const seen = {};
        for (let i = 0; i < names.length; i++) {
          let got;
          defineProperty(holder, keys[k], changed);
          try {
            got = plain(await checks[names[i]]());
          } catch (error) {
            got = error.message;
          } finally {
            defineProperty(holder, keys[k], own);
          }
          if (got !== facts.untouched[names[i]]) seen[names[i]] = got;
        }
        facts[what] = seen;
      }
    }
    return new Response(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
