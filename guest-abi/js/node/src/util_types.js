// node:util/types: what a value is, whatever it says of itself.
import native from "internal:native";

const brand = (get) => (value) => {
  try {
    get(value);
    return true;
  } catch {
    return false;
  }
};
const getter = (proto, name) => {
  const get = Object.getOwnPropertyDescriptor(proto, name).get;
  return brand((value) => get.call(value));
};
const method = (fn, ...args) => brand((value) => fn.call(value, ...args));
const object = (value) => typeof value === "object" && value !== null;
const toString = Object.prototype.toString;
const kind = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const ofKind = (name) => (value) => object(value) && kind.call(value) === name;
// A tag on the way to a prototype of the engine's, and the class that it names.
const tagged = (tag) => (value) => object(value) && toString.call(value) === `[object ${tag}]`;
const asyncProtos = [async function () {}, async function* () {}].map(Object.getPrototypeOf);
const generatorProtos = [function* () {}, async function* () {}].map(Object.getPrototypeOf);
const inherits = (value, protos) => typeof value === "function" && protos.some((proto) => proto === Object.getPrototypeOf(value));

const size = getter(Map.prototype, "size"), setSize = getter(Set.prototype, "size"), length = getter(ArrayBuffer.prototype, "byteLength");
const shared = typeof SharedArrayBuffer === "function" ? getter(SharedArrayBuffer.prototype, "byteLength") : () => false;
const noProxy = (test) => (value) => object(value) && !native.isProxy(value) && test(value);

const checks = {
  isExternal: () => false,
  isDate: noProxy(method(Date.prototype.getTime)),
  isArgumentsObject: (value) => object(value) && !(Symbol.toStringTag in value) && toString.call(value) === "[object Arguments]",
  isBigIntObject: noProxy(method(BigInt.prototype.valueOf)),
  isBooleanObject: noProxy(method(Boolean.prototype.valueOf)),
  isNumberObject: noProxy(method(Number.prototype.valueOf)),
  isStringObject: noProxy(method(String.prototype.valueOf)),
  isSymbolObject: noProxy(method(Symbol.prototype.valueOf)),
  isBoxedPrimitive: (value) => ["isBigIntObject", "isBooleanObject", "isNumberObject", "isStringObject", "isSymbolObject"].some((name) => checks[name](value)),
  isNativeError: (value) => object(value) && (typeof Error.isError === "function" ? Error.isError(value) : value instanceof Error && toString.call(value) === "[object Error]"),
  isRegExp: noProxy((value) => value !== RegExp.prototype && getter(RegExp.prototype, "source")(value)),
  isAsyncFunction: (value) => inherits(value, asyncProtos),
  isGeneratorFunction: (value) => inherits(value, generatorProtos),
  isGeneratorObject: (value) => tagged("Generator")(value) || tagged("AsyncGenerator")(value),
  isPromise: noProxy((value) => value instanceof Promise || toString.call(value) === "[object Promise]"),
  isMap: noProxy(size),
  isSet: noProxy(setSize),
  isMapIterator: tagged("Map Iterator"),
  isSetIterator: tagged("Set Iterator"),
  isWeakMap: noProxy(method(WeakMap.prototype.has, {})),
  isWeakSet: noProxy(method(WeakSet.prototype.has, {})),
  isArrayBuffer: noProxy(length),
  isDataView: noProxy(getter(DataView.prototype, "byteLength")),
  isSharedArrayBuffer: noProxy(shared),
  isProxy: (value) => native.isProxy(value),
  isModuleNamespaceObject: (value) => object(value) && Object.getPrototypeOf(value) === null && value[Symbol.toStringTag] === "Module" && !Object.isExtensible(value),
  isAnyArrayBuffer: (value) => checks.isArrayBuffer(value) || checks.isSharedArrayBuffer(value),
  isArrayBufferView: (value) => ArrayBuffer.isView(value),
  isTypedArray: (value) => object(value) && kind.call(value) !== undefined,
};
for (const name of ["Uint8Array", "Uint8ClampedArray", "Uint16Array", "Uint32Array", "Int8Array", "Int16Array", "Int32Array", "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"]) checks[`is${name}`] = ofKind(name);

const types = {};
for (const name of Object.keys(checks)) {
  const check = checks[name];
  types[name] = { [name]() { return check(arguments[0]); } }[name].bind(undefined);
}
types.isCryptoKey = function isCryptoKey(value) {
  return typeof CryptoKey === "function" && value instanceof CryptoKey;
};
types.isKeyObject = function isKeyObject(value) {
  return object(value) && value[Symbol.for("postern.KeyObject")] === true;
};

export const { isExternal, isDate, isArgumentsObject, isBigIntObject, isBooleanObject, isNumberObject, isStringObject, isSymbolObject, isBoxedPrimitive, isNativeError, isRegExp, isAsyncFunction, isGeneratorFunction, isGeneratorObject, isPromise, isMap, isSet, isMapIterator, isSetIterator, isWeakMap, isWeakSet, isArrayBuffer, isDataView, isSharedArrayBuffer, isProxy, isModuleNamespaceObject, isAnyArrayBuffer, isArrayBufferView, isTypedArray, isUint8Array, isUint8ClampedArray, isUint16Array, isUint32Array, isInt8Array, isInt16Array, isInt32Array, isFloat16Array, isFloat32Array, isFloat64Array, isBigInt64Array, isBigUint64Array, isCryptoKey, isKeyObject } = types;
export default types;
