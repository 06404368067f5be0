// The order of properties: V8's for what the language brings, members before their constructor for what
// the platform does. The engine has the language's in an order of its own.
import native from "internal:native";
import { prototypes } from "internal:platform";

const { getPrototypeOf } = Object;
const { ownKeys } = Reflect;

const TypedArray = getPrototypeOf(Uint8Array);
const generator = getPrototypeOf(function* () {});
const asyncGenerator = getPrototypeOf(async function* () {});
const OTHERS = {
  TypedArray,
  GeneratorFunction: { prototype: generator },
  Generator: generator,
  AsyncGeneratorFunction: { prototype: asyncGenerator },
  AsyncGenerator: asyncGenerator,
};

const GLOBAL = `
  Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise
  RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError
  globalThis JSON Math Intl ArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array
  BigUint64Array BigInt64Array Uint8ClampedArray Float32Array Float64Array Float16Array DataView Map BigInt Set
  Iterator WeakMap WeakSet Proxy Reflect FinalizationRegistry WeakRef DisposableStack AsyncDisposableStack
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN console navigator
  origin Cloudflare performance scheduler caches crypto self SharedArrayBuffer WebAssembly
  ServiceWorkerGlobalScope`;

// What the global object inherits, with what is there by flag.
const SCOPE = `
  DOMException WorkerGlobalScope btoa atob setTimeout clearTimeout setInterval clearInterval queueMicrotask
  structuredClone reportError fetch Event ExtendableEvent CustomEvent PromiseRejectionEvent FetchEvent TailEvent
  TraceEvent ScheduledEvent MessageEvent CloseEvent ReadableStreamDefaultReader ReadableStreamBYOBReader
  ReadableStream WritableStream WritableStreamDefaultWriter TransformStream ByteLengthQueuingStrategy
  CountQueuingStrategy ErrorEvent MessageChannel MessagePort EventSource ReadableStreamBYOBRequest
  ReadableStreamDefaultController ReadableByteStreamController WritableStreamDefaultController
  TransformStreamDefaultController setImmediate clearImmediate CompressionStream DecompressionStream
  TextEncoderStream TextDecoderStream Headers Body Request Response WebSocket WebSocketPair
  WebSocketRequestResponsePair AbortController AbortSignal TextDecoder TextEncoder Navigator URL URLSearchParams
  URLPattern Blob File FormData Crypto SubtleCrypto CryptoKey CacheStorage Cache FixedLengthStream
  IdentityTransformStream HTMLRewriter Performance PerformanceEntry PerformanceMark PerformanceMeasure
  PerformanceResourceTiming PerformanceObserver PerformanceObserverEntryList constructor`;

const ORDER = {
  Object: `
    length name prototype assign getOwnPropertyDescriptor getOwnPropertyDescriptors getOwnPropertyNames
    getOwnPropertySymbols hasOwn is preventExtensions seal create defineProperties defineProperty freeze
    getPrototypeOf setPrototypeOf isExtensible isFrozen isSealed keys entries fromEntries values groupBy`,
  "Object.prototype": `
    constructor __defineGetter__ __defineSetter__ hasOwnProperty __lookupGetter__ __lookupSetter__ isPrototypeOf
    propertyIsEnumerable toString valueOf __proto__ toLocaleString`,
  "Function.prototype": "length name constructor apply bind call toString arguments caller",
  Array: "length name prototype isArray from fromAsync of",
  EventSource: "length name prototype CONNECTING OPEN CLOSED from",
  "Array.prototype": `
    length constructor at concat copyWithin fill find findIndex findLast findLastIndex lastIndexOf pop push
    reverse shift unshift slice sort splice includes indexOf join keys entries values forEach filter flat flatMap
    map every some reduce reduceRight toReversed toSorted toSpliced with toLocaleString toString`,
  Number: `
    length name prototype isFinite isInteger isNaN isSafeInteger parseFloat parseInt MAX_VALUE MIN_VALUE NaN
    NEGATIVE_INFINITY POSITIVE_INFINITY MAX_SAFE_INTEGER MIN_SAFE_INTEGER EPSILON`,
  "Number.prototype": "constructor toExponential toFixed toPrecision toString valueOf toLocaleString",
  "Boolean.prototype": "constructor toString valueOf",
  String: "length name prototype fromCharCode fromCodePoint raw",
  "String.prototype": `
    length constructor anchor at big blink bold charAt charCodeAt codePointAt concat endsWith fontcolor fontsize
    fixed includes indexOf isWellFormed italics lastIndexOf link localeCompare match matchAll normalize padEnd
    padStart repeat replace replaceAll search slice small split strike sub substr substring sup startsWith
    toString toWellFormed trim trimStart trimLeft trimEnd trimRight toLocaleLowerCase toLocaleUpperCase
    toLowerCase toUpperCase valueOf`,
  Symbol: `
    length name prototype for keyFor asyncIterator hasInstance isConcatSpreadable iterator match matchAll replace
    search species split toPrimitive toStringTag unscopables dispose asyncDispose`,
  "Symbol.prototype": "constructor toString valueOf description",
  Date: "length name prototype now parse UTC",
  "Date.prototype": `
    constructor toString toDateString toTimeString toISOString toUTCString toGMTString getDate setDate getDay
    getFullYear setFullYear getHours setHours getMilliseconds setMilliseconds getMinutes setMinutes getMonth
    setMonth getSeconds setSeconds getTime setTime getTimezoneOffset getUTCDate setUTCDate getUTCDay
    getUTCFullYear setUTCFullYear getUTCHours setUTCHours getUTCMilliseconds setUTCMilliseconds getUTCMinutes
    setUTCMinutes getUTCMonth setUTCMonth getUTCSeconds setUTCSeconds valueOf getYear setYear toJSON
    toLocaleString toLocaleDateString toLocaleTimeString`,
  Promise: "length name prototype all allSettled any race resolve reject withResolvers try",
  "Promise.prototype": "constructor then catch finally",
  "RegExp.prototype": `
    constructor exec dotAll flags global hasIndices ignoreCase multiline source sticky unicode unicodeSets compile
    toString test`,
  Error: "length name prototype captureStackTrace isError stackTraceLimit",
  "Error.prototype": "constructor name message toString",
  "AggregateError.prototype": "constructor name message",
  "EvalError.prototype": "constructor name message",
  "RangeError.prototype": "constructor name message",
  "ReferenceError.prototype": "constructor name message",
  "SyntaxError.prototype": "constructor name message",
  "TypeError.prototype": "constructor name message",
  "URIError.prototype": "constructor name message",
  ArrayBuffer: "length name prototype isView",
  "ArrayBuffer.prototype": `
    constructor byteLength slice maxByteLength resizable resize transfer transferToFixedLength detached`,
  "SharedArrayBuffer.prototype": "constructor byteLength slice maxByteLength growable grow",
  Uint8Array: "length name prototype BYTES_PER_ELEMENT fromBase64 fromHex",
  "Uint8Array.prototype": "constructor BYTES_PER_ELEMENT toBase64 setFromBase64 toHex setFromHex",
  "DataView.prototype": `
    constructor buffer byteLength byteOffset getInt8 setInt8 getUint8 setUint8 getInt16 setInt16 getUint16
    setUint16 getInt32 setInt32 getUint32 setUint32 getFloat16 setFloat16 getFloat32 setFloat32 getFloat64
    setFloat64 getBigInt64 setBigInt64 getBigUint64 setBigUint64`,
  Map: "length name prototype groupBy",
  "Map.prototype": `
    constructor get set has delete clear entries forEach keys size values getOrInsert getOrInsertComputed`,
  BigInt: "length name prototype asUintN asIntN",
  "BigInt.prototype": "constructor toLocaleString toString valueOf",
  "Set.prototype": `
    constructor has add delete difference clear entries forEach intersection isSubsetOf isSupersetOf
    isDisjointFrom size symmetricDifference union values keys`,
  Iterator: "length name prototype from concat zip zipKeyed",
  "Iterator.prototype": `
    constructor reduce toArray forEach some every find map filter take drop flatMap join includes`,
  "WeakMap.prototype": "constructor delete get set has getOrInsert getOrInsertComputed",
  "WeakSet.prototype": "constructor delete has add",
  "WeakRef.prototype": "constructor deref",
  "FinalizationRegistry.prototype": "constructor register unregister",
  "SuppressedError.prototype": "constructor name message",
  "DisposableStack.prototype": "constructor use dispose adopt defer move disposed",
  "AsyncDisposableStack.prototype": "constructor use disposeAsync adopt defer move disposed",
  Float32Array: "length name prototype BYTES_PER_ELEMENT",
  "Float32Array.prototype": "constructor BYTES_PER_ELEMENT",
  Math: `
    abs acos acosh asin asinh atan atanh atan2 ceil cbrt expm1 clz32 cos cosh exp floor f16round fround hypot imul
    log log1p log2 log10 max min pow random round sign sin sinh sqrt sumPrecise tan tanh trunc E LN10 LN2 LOG10E
    LOG2E PI SQRT1_2 SQRT2`,
  JSON: "parse stringify rawJSON isRawJSON",
  Reflect: `
    defineProperty deleteProperty apply construct get getOwnPropertyDescriptor getPrototypeOf has isExtensible
    ownKeys preventExtensions set setPrototypeOf`,
  "Intl.DateTimeFormat.prototype": `
    constructor resolvedOptions formatToParts format formatRange formatRangeToParts`,
  "Intl.NumberFormat.prototype": "constructor resolvedOptions formatToParts format formatRange formatRangeToParts",
  TypedArray: "length name prototype of from",
  "TypedArray.prototype": `
    constructor buffer byteLength byteOffset length entries keys values at copyWithin every fill filter find
    findIndex findLast findLastIndex forEach includes indexOf join lastIndexOf map reverse reduce reduceRight set
    slice some sort subarray toReversed toSorted with toLocaleString toString`,
  "GeneratorFunction.prototype": "prototype constructor",
  "Generator.prototype": "constructor next return throw",
  "AsyncGenerator.prototype": "constructor next return throw",
  "AsyncGeneratorFunction.prototype": "prototype constructor",
};

const words = (text) => text.trim().split(/\s+/);

for (const path of Object.keys(ORDER)) {
  const [first, ...rest] = path.split(".");
  const holder = rest.reduce((found, key) => found?.[key], OTHERS[first] ?? globalThis[first]);
  if (holder) native.order(holder, words(ORDER[path]));
}
for (const prototype of prototypes) {
  const keys = ownKeys(prototype).filter((key) => key !== "constructor");
  native.order(prototype, [...keys, "constructor"]);
}
native.order(globalThis, words(GLOBAL));

// Orders what the global object inherits, once all of it is there.
export const orderScope = () => native.order(getPrototypeOf(globalThis), words(SCOPE));
orderScope();
