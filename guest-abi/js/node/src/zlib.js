// node:zlib, done by the host. Strategies and windows of gzip, deflate and raw deflate are checked and
// not used, nor are the parameters of Zstandard.
import native from "internal:native";
import { Transform } from "node:stream";
import tables from "./zlib.json";
import { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, validateFunction, validateNumber, validateUint32 } from "internal:node/errors";

const AS_GZIP = 0, AS_ZLIB = 1, AS_RAW = 2, AS_BROTLI = 3, AS_ZSTD = 4;
// What asks a stream for all that it has got, among its chunks.
const FLUSH = Symbol("flush");
const PIECE = 32768;

export const constants = { ...tables.constants };
export const codes = Object.freeze({ ...tables.codes });

function check(options) {
  if (options === undefined || options === null) return;
  const unsigned = (value) => {
    if (!Number.isFinite(Number(value))) throw new TypeError("The value cannot be converted because it is not an integer.");
    if (value < 0) throw new TypeError("The value cannot be converted because it is negative and this API expects a positive number.");
    return Math.trunc(Number(value));
  };
  // The calls convert what the streams refuse.
  const converted = (name) => {
    const value = options[name];
    if (value === undefined) return value;
    if (name === "level") return Math.trunc(Number(value)) || 0;
    return name === "strategy" || name === "chunkSize" ? unsigned(value) : value;
  };
  const range = (name, min, max) => {
    const value = converted(name);
    if (value !== undefined && !(Number.isFinite(value) && value >= min && value <= max)) throw new RangeError(`The value of "options.${name}" is out of range. It must be >= ${min} and <= ${max}. Received ${value}`);
  };
  range("level", -1, 9);
  range("windowBits", 8, 15);
  range("memLevel", 1, 9);
  if (converted("strategy") > 4) throw new Error("invalid strategy");
  range("strategy", 0, 4);
  range("chunkSize", 64, 134217728);
}

// Options of streams are refused in Node's words.
function inRange(value, name, min, max) {
  if (value === undefined || Number.isNaN(value)) return;
  validateNumber(value, name);
  if (!Number.isFinite(value)) throw ERR_OUT_OF_RANGE(name, "a finite number", value);
  if (value < min || value > max) throw ERR_OUT_OF_RANGE(name, max === Infinity ? `>= ${min}` : `>= ${min} and <= ${max}`, value);
}
function checkStream(format, expand, options) {
  if (options === undefined || options === null) return;
  const most = CODINGS[format]?.most ?? constants.Z_BLOCK;
  inRange(options.chunkSize ?? undefined, "options.chunkSize", 64, Infinity);
  inRange(options.flush, "options.flush", 0, most);
  inRange(options.finishFlush, "options.finishFlush", 0, most);
  inRange(options.maxOutputLength, "options.maxOutputLength", 1, 2147483647);
  if (format >= AS_BROTLI) return;
  // What expands takes the window that the stream names.
  if (!(expand && format !== AS_RAW && (options.windowBits ?? 0) === 0)) inRange(options.windowBits, "options.windowBits", format === AS_GZIP && !expand ? 9 : 8, 15);
  inRange(options.level, "options.level", -1, 9);
  inRange(options.memLevel, "options.memLevel", 1, 9);
  inRange(options.strategy, "options.strategy", 0, 4);
  const { dictionary } = options;
  if (dictionary !== undefined && !ArrayBuffer.isView(dictionary) && !(dictionary instanceof ArrayBuffer)) throw ERR_INVALID_ARG_TYPE("options.dictionary", ["Buffer", "TypedArray", "DataView", "ArrayBuffer"], dictionary);
}

// What the host is told of deflate: a level and a dictionary, or where it expands the dictionary.
function deflating(format, expand, options) {
  const { level = -1, dictionary } = options ?? {};
  if (dictionary !== undefined && !(ArrayBuffer.isView(dictionary) || dictionary instanceof ArrayBuffer)) {
    throw new TypeError("Incorrect type for the 'dictionary' field on 'Options': the provided value is not of type 'ArrayBuffer or ArrayBufferView'.");
  }
  const bytes = dictionary === undefined || format === AS_GZIP ? [] : [...bytesOf("zlib", dictionary)];
  if (expand) return bytes;
  const number = Math.trunc(Number(level)) || 0;
  return bytes.length === 0 && number === -1 ? [] : [number === -1 ? 255 : number, ...bytes];
}

// Of Brotli and Zstandard: the largest value of an operation, which of them ends, and which
// parameters compressing and expanding have.
const CODINGS = {
  [AS_BROTLI]: { name: "Brotli", most: 3, end: 2, params: [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1]] },
  [AS_ZSTD]: { name: "Zstd", most: 2, end: 2, params: [[100, 101, 102, 103, 104, 105, 106, 107, 160, 161, 162, 163, 164, 200, 201, 202, 400, 401, 402], [100]] },
};

// Checks the options of a stream or a call, whose errors are others, and gives what the host is told.
function checkCoding(format, expand, options, isStream) {
  const { name, most, params } = CODINGS[format];
  const { chunkSize } = options ?? {};
  if (!isStream) {
    if (chunkSize !== undefined) {
      if (!Number.isFinite(Number(chunkSize))) throw new TypeError("The value cannot be converted because it is not an integer.");
      if (chunkSize < 0) throw new TypeError("The value cannot be converted because it is negative and this API expects a positive number.");
      if (chunkSize < 64 || chunkSize > 134217728) throw new RangeError(`The value of "options.chunkSize" is out of range. It must be >= 64 and <= 134217728. Received ${chunkSize}`);
    }
    const value = options?.finishFlush;
    if (value !== undefined && !(value >= 0 && value <= most)) throw new RangeError(`The value of "options.finishFlush" is out of range. It must be >= 0 and <= ${most}. Received ${value}`);
  }
  const told = [11, 22, 0];
  for (const [key, value] of Object.entries(options?.params ?? {})) {
    if (!params[+expand].includes(Number(key))) {
      if (isStream) throw Object.assign(new RangeError(`${key} is not a valid ${name} parameter`), { code: `ERR_${name.toUpperCase()}_INVALID_PARAM` });
      throw new Error(format === AS_BROTLI ? "Setting parameter failed" : `Unsupported Zstd ${expand ? "de" : ""}compression parameter: ${key}`);
    }
    const number = value | 0;
    if (format === AS_ZSTD) {
      const isWindow = Number(key) === (expand ? 100 : 101);
      if (isWindow && number !== 0 && (number < 10 || number > 31)) throw new Error("Setting parameter failed: Parameter is out of bound");
    } else if (!expand && Number(key) <= 2) {
      const at = { 0: 2, 1: 0, 2: 1 }[key];
      told[at] = number < 0 ? 255 : Math.min(number, 255);
    }
  }
  return format === AS_BROTLI && !expand ? told : undefined;
}

function bytesOf(name, input) {
  if (typeof input === "string") return Buffer.from(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  throw new TypeError(`Failed to execute '${name}' on 'ZlibUtil': parameter 1 is not of type 'string or ArrayBuffer or ArrayBufferView'.`);
}

const headerFits = (format, bytes) =>
  format === AS_RAW || bytes.length < 2 || (format === AS_GZIP ? bytes[0] === 0x1f && bytes[1] === 0x8b : (bytes[0] & 15) === 8 && ((bytes[0] << 8) | bytes[1]) % 31 === 0);

// One compressed or expanded stream.
class Run {
  #format;
  #expand;
  #any;
  #max;
  #handle = 0;
  #over = false;
  #started = false;
  #total = 0;
  #cut;
  #told = [];
  constructor(format, expand, options, isStream) {
    if (isStream) checkStream(format, expand, options);
    if (format >= AS_BROTLI) this.#told = checkCoding(format, expand, options, isStream) ?? [];
    else {
      if (!isStream) check(options);
      this.#told = deflating(format, expand, options);
    }
    this.#any = format === undefined;
    this.#format = format ?? AS_GZIP;
    this.#expand = expand;
    this.#max = options?.maxOutputLength ?? 2 ** 31;
    const { finishFlush } = options ?? {};
    this.#cut = format >= AS_BROTLI ? (finishFlush ?? CODINGS[format].end) !== CODINGS[format].end : finishFlush === constants.Z_SYNC_FLUSH;
  }
  // What was used of it: what follows the end is none of it.
  used = 0;
  ended = false;
  // Nobody wants what is left.
  stopped = false;
  write(bytes, last, out, flush = false) {
    if (this.#expand && !this.#started && bytes.length > 0 && !(this.#format >= AS_BROTLI)) {
      this.#started = true;
      if (this.#any) this.#format = bytes[0] === 0x1f ? AS_GZIP : AS_ZLIB;
      if (!headerFits(this.#format, bytes)) throw failed("incorrect header check", "Z_DATA_ERROR");
    }
    let at = 0;
    while (!this.stopped) {
      if (this.#over) {
        if (at >= bytes.length) return;
        // Another member; what is none is left unless it begins like nothing.
        if (this.#format !== AS_GZIP || bytes[at] === 0) {
          this.ended = true;
          return;
        }
        if (!headerFits(AS_GZIP, bytes.subarray(at))) throw failed("incorrect header check", "Z_DATA_ERROR");
        this.#over = false;
      }
      if (this.#handle === 0) this.#handle = native.compressionOpen(this.#format, this.#expand, this.#format === AS_GZIP && this.#expand ? [] : this.#told);
      const end = at + PIECE;
      const final = last && end >= bytes.length;
      const [status, used, made] = native.compressionWrite(this.#handle, bytes.subarray(at, end), final, flush && end >= bytes.length);
      at += used;
      this.used += used;
      if (status === 3 && this.#format >= AS_BROTLI) {
        this.close();
        throw corrupt(this.#format, made[0]);
      }
      if (made !== null) {
        this.#total += made.length;
        if (this.#total > this.#max) {
          this.close();
          throw new RangeError("Memory limit exceeded");
        }
        out(Buffer.from(made.buffer, made.byteOffset, made.byteLength));
      }
      if (status === 2 || status === 4) {
        this.close();
        this.#over = true;
        if (!this.#expand || at >= bytes.length) return;
      } else if (status > 5) {
        this.close();
        if (status === 6) throw failed("Missing dictionary", "Z_NEED_DICT");
        throw failed("Bad dictionary", "Z_NEED_DICT");
      } else if (status === 3) {
        this.close();
        throw failed(this.#format === AS_RAW ? "invalid block type" : "invalid distance too far back", "Z_DATA_ERROR");
      } else if (status === 5) {
        this.close();
        if (this.#cut) return;
        if (this.#format === AS_ZSTD) throw failed("unexpected end of file", "ERR_ZSTD_DECOMPRESSION_FAILED", -1);
        throw failed(this.#format === AS_BROTLI ? "Unexpected end of file" : "unexpected end of file", "Z_BUF_ERROR");
      } else if (status === 0 && at >= bytes.length) return;
    }
  }
  close() {
    if (this.#handle !== 0) native.compressionClose(this.#handle);
    this.#handle = 0;
  }
}

// The callers' errors carry a code in streams only.
function failed(message, code, errno = codes[code]) {
  return Object.defineProperty(new Error(message), "zlibCode", { value: [code, errno] });
}

// What the host says of input that is none: of Brotli the decoder's code, of Zstandard a number.
function corrupt(format, why) {
  if (format === AS_ZSTD) {
    const said = why === 1 ? "Unknown frame descriptor" : why === 2 ? "Frame requires too much memory for decoding" : "Data corruption detected";
    return failed(`Zstd decompression failed: ${said}`, "ERR_ZSTD_DECOMPRESSION_FAILED", -1);
  }
  const name = Object.keys(constants).find((name) => name.startsWith("BROTLI_DECODER_ERROR") && constants[name] === -why);
  return failed("Compression failed", `ERR_${(name ?? "BROTLI_DECODER_ERROR_UNREACHABLE").slice("BROTLI_DECODER".length)}`, -1);
}

function all(format, expand, input, options, name = "zlibSync") {
  const bytes = bytesOf(name, input);
  const run = new Run(format, expand, options);
  const parts = [];
  try {
    run.write(bytes, true, (part) => parts.push(part));
  } finally {
    run.close();
  }
  const buffer = Buffer.concat(parts);
  if (!options?.info) return buffer;
  const engine = new (CLASSES[`${format} ${expand}`]())(options);
  engine.bytesWritten = run.used;
  engine.close();
  return { engine, buffer };
}
// The stream that does what a call does, by its format and whether it expands.
const CLASSES = {
  [`${AS_ZLIB} false`]: () => Deflate,
  [`${AS_ZLIB} true`]: () => Inflate,
  [`${AS_GZIP} false`]: () => Gzip,
  [`${AS_GZIP} true`]: () => Gunzip,
  [`${AS_RAW} false`]: () => DeflateRaw,
  [`${AS_RAW} true`]: () => InflateRaw,
  "undefined true": () => Unzip,
  [`${AS_BROTLI} false`]: () => BrotliCompress,
  [`${AS_BROTLI} true`]: () => BrotliDecompress,
  [`${AS_ZSTD} false`]: () => ZstdCompress,
  [`${AS_ZSTD} true`]: () => ZstdDecompress,
};

class Zlib extends Transform {
  #run;
  #begin;
  #used = 0;
  constructor(options, format, expand) {
    const begin = () => new Run(format, expand, options, true);
    const run = begin();
    super({ ...options, readableObjectMode: false, writableObjectMode: false, objectMode: false });
    this.#run = run;
    this.#begin = begin;
    this.bytesWritten = 0;
    if (format <= AS_RAW || format === undefined) {
      const number = (value, standard) => (value === undefined || Number.isNaN(value) ? standard : value);
      this._level = number(options?.level, constants.Z_DEFAULT_COMPRESSION);
      this._strategy = number(options?.strategy, constants.Z_DEFAULT_STRATEGY);
    }
  }
  get _handle() {
    return this.destroyed ? null : this.#run;
  }
  get _closed() {
    return this.destroyed;
  }
  #feed(chunk, last, callback) {
    try {
      this.#run.write(chunk, last, (part) => this.push(part), chunk[FLUSH]);
      this.bytesWritten = this.#used + this.#run.used;
      if (this.#run.ended) this.push(null);
    } catch (error) {
      if (error.zlibCode !== undefined) [error.code, error.errno] = error.zlibCode;
      return callback(error);
    }
    callback();
  }
  _transform(chunk, encoding, callback) {
    if (typeof chunk === "string") chunk = Buffer.from(chunk, encoding);
    this.#feed(chunk, false, callback);
  }
  _flush(callback) {
    this.#feed(new Uint8Array(0), true, callback);
  }
  _destroy(error, callback) {
    this.#run.stopped = true;
    this.#run.close();
    super._destroy(error, callback);
  }
  flush(kind, callback = typeof kind === "function" ? kind : () => {}) {
    if (this.writableFinished) queueMicrotask(callback);
    else this.write(Object.defineProperty(Buffer.alloc(0), FLUSH, { value: kind !== 0 }), callback);
  }
  reset() {
    this.#run.close();
    this.#used += this.#run.used;
    this.#run = this.#begin();
  }
  // The same at once, of one chunk.
  _processChunk(chunk, kind) {
    const parts = [];
    this.#run.write(bytesOf("zlib", chunk), kind === constants.Z_FINISH, (part) => parts.push(part), kind !== constants.Z_NO_FLUSH);
    return Buffer.concat(parts);
  }
  params(level, strategy, callback) {
    queueMicrotask(callback);
  }
  close(callback) {
    if (callback && this.closed) queueMicrotask(callback);
    else if (callback) this.once("close", callback);
    this.destroy();
  }
}

export class Deflate extends Zlib {
  constructor(options) {
    super(options, AS_ZLIB, false);
  }
}
export function createDeflate(options) {
  return new Deflate(options);
}
export function deflateSync(input) {
  return all(AS_ZLIB, false, input, arguments[1]);
}
export function deflate(input, options, callback) {
  later((given) => all(AS_ZLIB, false, input, given), options, callback);
}
export class Inflate extends Zlib {
  constructor(options) {
    super(options, AS_ZLIB, true);
  }
}
export function createInflate(options) {
  return new Inflate(options);
}
export function inflateSync(input) {
  return all(AS_ZLIB, true, input, arguments[1]);
}
export function inflate(input, options, callback) {
  later((given) => all(AS_ZLIB, true, input, given), options, callback);
}
export class Gzip extends Zlib {
  constructor(options) {
    super(options, AS_GZIP, false);
  }
}
export function createGzip(options) {
  return new Gzip(options);
}
export function gzipSync(input) {
  return all(AS_GZIP, false, input, arguments[1]);
}
export function gzip(input, options, callback) {
  later((given) => all(AS_GZIP, false, input, given), options, callback);
}
export class Gunzip extends Zlib {
  constructor(options) {
    super(options, AS_GZIP, true);
  }
}
export function createGunzip(options) {
  return new Gunzip(options);
}
export function gunzipSync(input) {
  return all(AS_GZIP, true, input, arguments[1]);
}
export function gunzip(input, options, callback) {
  later((given) => all(AS_GZIP, true, input, given), options, callback);
}
export class DeflateRaw extends Zlib {
  constructor(options) {
    super(options, AS_RAW, false);
  }
}
export function createDeflateRaw(options) {
  return new DeflateRaw(options);
}
export function deflateRawSync(input) {
  return all(AS_RAW, false, input, arguments[1]);
}
export function deflateRaw(input, options, callback) {
  later((given) => all(AS_RAW, false, input, given), options, callback);
}
export class InflateRaw extends Zlib {
  constructor(options) {
    super(options, AS_RAW, true);
  }
}
export function createInflateRaw(options) {
  return new InflateRaw(options);
}
export function inflateRawSync(input) {
  return all(AS_RAW, true, input, arguments[1]);
}
export function inflateRaw(input, options, callback) {
  later((given) => all(AS_RAW, true, input, given), options, callback);
}
export class Unzip extends Zlib {
  constructor(options) {
    super(options, undefined, true);
  }
}
export function createUnzip(options) {
  return new Unzip(options);
}
export function unzipSync(input) {
  return all(undefined, true, input, arguments[1]);
}
export function unzip(input, options, callback) {
  later((given) => all(undefined, true, input, given), options, callback);
}

const pick = (names) => Object.fromEntries(names.map((name) => [name, constants[name]]));

function later(work, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = undefined;
  }
  validateFunction(callback, "callback");
  let result, error = null;
  try {
    result = work(options);
  } catch (thrown) {
    error = thrown;
  }
  queueMicrotask(() => (error === null ? callback(null, result) : callback(error)));
}

export class BrotliCompress extends Zlib {
  constructor(options) {
    super(options, AS_BROTLI, false);
  }
}
export function createBrotliCompress(options) {
  return new BrotliCompress(options);
}
export function brotliCompressSync(input) {
  return all(AS_BROTLI, false, input, arguments[1], "brotliCompressSync");
}
export function brotliCompress(input, options, callback) {
  later((given) => all(AS_BROTLI, false, input, given, "brotliCompress"), options, callback);
}
export class BrotliDecompress extends Zlib {
  constructor(options) {
    super(options, AS_BROTLI, true);
  }
}
export function createBrotliDecompress(options) {
  return new BrotliDecompress(options);
}
export function brotliDecompressSync(input) {
  return all(AS_BROTLI, true, input, arguments[1], "brotliDecompressSync");
}
export function brotliDecompress(input, options, callback) {
  later((given) => all(AS_BROTLI, true, input, given, "brotliDecompress"), options, callback);
}
export class ZstdCompress extends Zlib {
  constructor(options) {
    super(options, AS_ZSTD, false);
  }
}
export function createZstdCompress(options) {
  return new ZstdCompress(options);
}
export function zstdCompressSync(input) {
  return all(AS_ZSTD, false, input, arguments[1], "zstdCompressSync");
}
export function zstdCompress(input, options, callback) {
  later((given) => all(AS_ZSTD, false, input, given, "zstdCompress"), options, callback);
}
export class ZstdDecompress extends Zlib {
  constructor(options) {
    super(options, AS_ZSTD, true);
  }
}
export function createZstdDecompress(options) {
  return new ZstdDecompress(options);
}
export function zstdDecompressSync(input) {
  return all(AS_ZSTD, true, input, arguments[1], "zstdDecompressSync");
}
export function zstdDecompress(input, options, callback) {
  later((given) => all(AS_ZSTD, true, input, given, "zstdDecompress"), options, callback);
}

let table;
export function crc32(data) {
  const bytes = bytesOf("crc32", data);
  if (arguments[1] !== undefined) validateUint32(arguments[1], "value");
  table ??= Uint32Array.from({ length: 256 }, (_, at) => {
    let value = at;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
  let crc = ~((arguments[1] ?? 0) >>> 0);
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

export const { BROTLI_DECODE, BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES, BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MAP, BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES, BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1, BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2, BROTLI_DECODER_ERROR_ALLOC_TREE_GROUPS, BROTLI_DECODER_ERROR_DICTIONARY_NOT_SET, BROTLI_DECODER_ERROR_FORMAT_BLOCK_LENGTH_1, BROTLI_DECODER_ERROR_FORMAT_BLOCK_LENGTH_2, BROTLI_DECODER_ERROR_FORMAT_CL_SPACE, BROTLI_DECODER_ERROR_FORMAT_CONTEXT_MAP_REPEAT, BROTLI_DECODER_ERROR_FORMAT_DICTIONARY, BROTLI_DECODER_ERROR_FORMAT_DISTANCE, BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_META_NIBBLE, BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_NIBBLE, BROTLI_DECODER_ERROR_FORMAT_HUFFMAN_SPACE, BROTLI_DECODER_ERROR_FORMAT_PADDING_1, BROTLI_DECODER_ERROR_FORMAT_PADDING_2, BROTLI_DECODER_ERROR_FORMAT_RESERVED, BROTLI_DECODER_ERROR_FORMAT_SIMPLE_HUFFMAN_ALPHABET, BROTLI_DECODER_ERROR_FORMAT_SIMPLE_HUFFMAN_SAME, BROTLI_DECODER_ERROR_FORMAT_TRANSFORM, BROTLI_DECODER_ERROR_FORMAT_WINDOW_BITS, BROTLI_DECODER_ERROR_INVALID_ARGUMENTS, BROTLI_DECODER_ERROR_UNREACHABLE, BROTLI_DECODER_NEEDS_MORE_INPUT, BROTLI_DECODER_NEEDS_MORE_OUTPUT, BROTLI_DECODER_NO_ERROR, BROTLI_DECODER_PARAM_DISABLE_RING_BUFFER_REALLOCATION, BROTLI_DECODER_PARAM_LARGE_WINDOW, BROTLI_DECODER_RESULT_ERROR, BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT, BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT, BROTLI_DECODER_RESULT_SUCCESS, BROTLI_DECODER_SUCCESS, BROTLI_DEFAULT_MODE, BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_ENCODE, BROTLI_LARGE_MAX_WINDOW_BITS, BROTLI_MAX_INPUT_BLOCK_BITS, BROTLI_MAX_QUALITY, BROTLI_MAX_WINDOW_BITS, BROTLI_MIN_INPUT_BLOCK_BITS, BROTLI_MIN_QUALITY, BROTLI_MIN_WINDOW_BITS, BROTLI_MODE_FONT, BROTLI_MODE_GENERIC, BROTLI_MODE_TEXT, BROTLI_OPERATION_EMIT_METADATA, BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_PROCESS, BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING, BROTLI_PARAM_LARGE_WINDOW, BROTLI_PARAM_LGBLOCK, BROTLI_PARAM_LGWIN, BROTLI_PARAM_MODE, BROTLI_PARAM_NDIRECT, BROTLI_PARAM_NPOSTFIX, BROTLI_PARAM_QUALITY, DEFLATE, DEFLATERAW, GUNZIP, GZIP, INFLATE, INFLATERAW, UNZIP, ZLIB_VERNUM, ZSTD_COMPRESS, ZSTD_DECODE, ZSTD_DECOMPRESS, ZSTD_ENCODE, ZSTD_error_GENERIC, ZSTD_error_checksum_wrong, ZSTD_error_corruption_detected, ZSTD_error_dictionaryCreation_failed, ZSTD_error_dictionary_corrupted, ZSTD_error_dictionary_wrong, ZSTD_error_dstBuffer_null, ZSTD_error_dstSize_tooSmall, ZSTD_error_frameParameter_unsupported, ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_init_missing, ZSTD_error_literals_headerWrong, ZSTD_error_maxSymbolValue_tooLarge, ZSTD_error_maxSymbolValue_tooSmall, ZSTD_error_memory_allocation, ZSTD_error_noForwardProgress_destFull, ZSTD_error_noForwardProgress_inputEmpty, ZSTD_error_no_error, ZSTD_error_parameter_combination_unsupported, ZSTD_error_parameter_outOfBound, ZSTD_error_parameter_unsupported, ZSTD_error_prefix_unknown, ZSTD_error_srcSize_wrong, ZSTD_error_stabilityCondition_notRespected, ZSTD_error_stage_wrong, ZSTD_error_tableLog_tooLarge, ZSTD_error_version_unsupported, ZSTD_error_workSpace_tooSmall, Z_BEST_COMPRESSION, Z_BEST_SPEED, Z_BLOCK, Z_BUF_ERROR, Z_DATA_ERROR, Z_DEFAULT_CHUNK, Z_DEFAULT_COMPRESSION, Z_DEFAULT_LEVEL, Z_DEFAULT_MEMLEVEL, Z_DEFAULT_STRATEGY, Z_DEFAULT_WINDOWBITS, Z_ERRNO, Z_FILTERED, Z_FINISH, Z_FIXED, Z_FULL_FLUSH, Z_HUFFMAN_ONLY, Z_MAX_CHUNK, Z_MAX_LEVEL, Z_MAX_MEMLEVEL, Z_MAX_WINDOWBITS, Z_MEM_ERROR, Z_MIN_CHUNK, Z_MIN_LEVEL, Z_MIN_MEMLEVEL, Z_MIN_WINDOWBITS, Z_NEED_DICT, Z_NO_COMPRESSION, Z_NO_FLUSH, Z_OK, Z_PARTIAL_FLUSH, Z_RLE, Z_STREAM_END, Z_STREAM_ERROR, Z_SYNC_FLUSH, Z_VERSION_ERROR } = constants;
export default { BrotliCompress, BrotliDecompress, Deflate, DeflateRaw, Gunzip, Gzip, Inflate, InflateRaw, Unzip, ZstdCompress, ZstdDecompress, brotliCompress, brotliCompressSync, brotliDecompress, brotliDecompressSync, codes, constants, crc32, createBrotliCompress, createBrotliDecompress, createDeflate, createDeflateRaw, createGunzip, createGzip, createInflate, createInflateRaw, createUnzip, createZstdCompress, createZstdDecompress, deflate, deflateRaw, deflateRawSync, deflateSync, gunzip, gunzipSync, gzip, gzipSync, inflate, inflateRaw, inflateRawSync, inflateSync, unzip, unzipSync, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync, ...pick(["BROTLI_DECODE", "BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES", "BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MAP", "BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES", "BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1", "BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2", "BROTLI_DECODER_ERROR_ALLOC_TREE_GROUPS", "BROTLI_DECODER_ERROR_DICTIONARY_NOT_SET", "BROTLI_DECODER_ERROR_FORMAT_BLOCK_LENGTH_1", "BROTLI_DECODER_ERROR_FORMAT_BLOCK_LENGTH_2", "BROTLI_DECODER_ERROR_FORMAT_CL_SPACE", "BROTLI_DECODER_ERROR_FORMAT_CONTEXT_MAP_REPEAT", "BROTLI_DECODER_ERROR_FORMAT_DICTIONARY", "BROTLI_DECODER_ERROR_FORMAT_DISTANCE", "BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_META_NIBBLE", "BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_NIBBLE", "BROTLI_DECODER_ERROR_FORMAT_HUFFMAN_SPACE", "BROTLI_DECODER_ERROR_FORMAT_PADDING_1", "BROTLI_DECODER_ERROR_FORMAT_PADDING_2", "BROTLI_DECODER_ERROR_FORMAT_RESERVED", "BROTLI_DECODER_ERROR_FORMAT_SIMPLE_HUFFMAN_ALPHABET", "BROTLI_DECODER_ERROR_FORMAT_SIMPLE_HUFFMAN_SAME", "BROTLI_DECODER_ERROR_FORMAT_TRANSFORM", "BROTLI_DECODER_ERROR_FORMAT_WINDOW_BITS", "BROTLI_DECODER_ERROR_INVALID_ARGUMENTS", "BROTLI_DECODER_ERROR_UNREACHABLE", "BROTLI_DECODER_NEEDS_MORE_INPUT", "BROTLI_DECODER_NEEDS_MORE_OUTPUT", "BROTLI_DECODER_NO_ERROR", "BROTLI_DECODER_PARAM_DISABLE_RING_BUFFER_REALLOCATION", "BROTLI_DECODER_PARAM_LARGE_WINDOW", "BROTLI_DECODER_RESULT_ERROR", "BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT", "BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT", "BROTLI_DECODER_RESULT_SUCCESS", "BROTLI_DECODER_SUCCESS", "BROTLI_DEFAULT_MODE", "BROTLI_DEFAULT_QUALITY", "BROTLI_DEFAULT_WINDOW", "BROTLI_ENCODE", "BROTLI_LARGE_MAX_WINDOW_BITS", "BROTLI_MAX_INPUT_BLOCK_BITS", "BROTLI_MAX_QUALITY", "BROTLI_MAX_WINDOW_BITS", "BROTLI_MIN_INPUT_BLOCK_BITS", "BROTLI_MIN_QUALITY", "BROTLI_MIN_WINDOW_BITS", "BROTLI_MODE_FONT", "BROTLI_MODE_GENERIC", "BROTLI_MODE_TEXT", "BROTLI_OPERATION_EMIT_METADATA", "BROTLI_OPERATION_FINISH", "BROTLI_OPERATION_FLUSH", "BROTLI_OPERATION_PROCESS", "BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING", "BROTLI_PARAM_LARGE_WINDOW", "BROTLI_PARAM_LGBLOCK", "BROTLI_PARAM_LGWIN", "BROTLI_PARAM_MODE", "BROTLI_PARAM_NDIRECT", "BROTLI_PARAM_NPOSTFIX", "BROTLI_PARAM_QUALITY", "BROTLI_PARAM_SIZE_HINT", "DEFLATE", "DEFLATERAW", "GUNZIP", "GZIP", "INFLATE", "INFLATERAW", "UNZIP", "ZLIB_VERNUM", "ZSTD_CLEVEL_DEFAULT", "ZSTD_COMPRESS", "ZSTD_DECODE", "ZSTD_DECOMPRESS", "ZSTD_ENCODE", "ZSTD_btlazy2", "ZSTD_btopt", "ZSTD_btultra", "ZSTD_btultra2", "ZSTD_c_chainLog", "ZSTD_c_checksumFlag", "ZSTD_c_compressionLevel", "ZSTD_c_contentSizeFlag", "ZSTD_c_dictIDFlag", "ZSTD_c_enableLongDistanceMatching", "ZSTD_c_hashLog", "ZSTD_c_jobSize", "ZSTD_c_ldmBucketSizeLog", "ZSTD_c_ldmHashLog", "ZSTD_c_ldmHashRateLog", "ZSTD_c_ldmMinMatch", "ZSTD_c_minMatch", "ZSTD_c_nbWorkers", "ZSTD_c_overlapLog", "ZSTD_c_searchLog", "ZSTD_c_strategy", "ZSTD_c_targetLength", "ZSTD_c_windowLog", "ZSTD_d_windowLogMax", "ZSTD_dfast", "ZSTD_e_continue", "ZSTD_e_end", "ZSTD_e_flush", "ZSTD_error_GENERIC", "ZSTD_error_checksum_wrong", "ZSTD_error_corruption_detected", "ZSTD_error_dictionaryCreation_failed", "ZSTD_error_dictionary_corrupted", "ZSTD_error_dictionary_wrong", "ZSTD_error_dstBuffer_null", "ZSTD_error_dstSize_tooSmall", "ZSTD_error_frameParameter_unsupported", "ZSTD_error_frameParameter_windowTooLarge", "ZSTD_error_init_missing", "ZSTD_error_literals_headerWrong", "ZSTD_error_maxSymbolValue_tooLarge", "ZSTD_error_maxSymbolValue_tooSmall", "ZSTD_error_memory_allocation", "ZSTD_error_noForwardProgress_destFull", "ZSTD_error_noForwardProgress_inputEmpty", "ZSTD_error_no_error", "ZSTD_error_parameter_combination_unsupported", "ZSTD_error_parameter_outOfBound", "ZSTD_error_parameter_unsupported", "ZSTD_error_prefix_unknown", "ZSTD_error_srcSize_wrong", "ZSTD_error_stabilityCondition_notRespected", "ZSTD_error_stage_wrong", "ZSTD_error_tableLog_tooLarge", "ZSTD_error_version_unsupported", "ZSTD_error_workSpace_tooSmall", "ZSTD_fast", "ZSTD_greedy", "ZSTD_lazy", "ZSTD_lazy2", "Z_BEST_COMPRESSION", "Z_BEST_SPEED", "Z_BLOCK", "Z_BUF_ERROR", "Z_DATA_ERROR", "Z_DEFAULT_CHUNK", "Z_DEFAULT_COMPRESSION", "Z_DEFAULT_LEVEL", "Z_DEFAULT_MEMLEVEL", "Z_DEFAULT_STRATEGY", "Z_DEFAULT_WINDOWBITS", "Z_ERRNO", "Z_FILTERED", "Z_FINISH", "Z_FIXED", "Z_FULL_FLUSH", "Z_HUFFMAN_ONLY", "Z_MAX_CHUNK", "Z_MAX_LEVEL", "Z_MAX_MEMLEVEL", "Z_MAX_WINDOWBITS", "Z_MEM_ERROR", "Z_MIN_CHUNK", "Z_MIN_LEVEL", "Z_MIN_MEMLEVEL", "Z_MIN_WINDOWBITS", "Z_NEED_DICT", "Z_NO_COMPRESSION", "Z_NO_FLUSH", "Z_OK", "Z_PARTIAL_FLUSH", "Z_RLE", "Z_STREAM_END", "Z_STREAM_ERROR", "Z_SYNC_FLUSH", "Z_VERSION_ERROR"]) };
