// KV namespaces (spec: SEMANTICS §22).
import native from "internal:native";
import { integer } from "internal:arguments";
import { insideHandler, scope } from "internal:errors";
import { platform, promising, text, wrongParameter } from "internal:platform";
import { Body, bodyStream } from "internal:body";
import { Response } from "internal:response";
import { member } from "internal:shape";
import { isDisturbed, isLocked, isStream } from "internal:streams";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const arrayBuffer = member(Body, "arrayBuffer");
const FORMS = { text: TEXT, json: JSON_VALUE, arrayBuffer: BUFFER, stream: BYTES };

const KEYS_MAX = 100, LIST_MAX = 1000, CACHE_TTL_MIN = 30;

const { kvGetText } = native;

const PLAIN = { type: undefined, cacheTtl: undefined };

const isDictionary = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// What a read is told: a type, or a dictionary. What cannot be taken is thrown at once, as by
// whatever takes arguments.
function reading(options) {
  if (options === undefined || options === null) return PLAIN;
  if (!isDictionary(options)) return { type: text(options), cacheTtl: undefined };
  const { cacheTtl, type } = options;
  return {
    cacheTtl: cacheTtl === undefined ? undefined : integer(cacheTtl),
    type: type === undefined ? undefined : text(type),
  };
}

const refused = (verb, status, why) => new Error(`KV ${verb} failed: ${status} ${why}`);

function checkCacheTtl(verb, { cacheTtl }) {
  if (cacheTtl !== undefined && cacheTtl < CACHE_TTL_MIN) {
    throw refused(verb, 400, `Invalid cache_ttl of ${cacheTtl}. Cache TTL must be at least ${CACHE_TTL_MIN}.`);
  }
}

function checkKey(name) {
  if (name === "") throw new TypeError("Key name cannot be empty.");
  if (name === "." || name === "..") throw new TypeError(`"${name}" is not allowed as a key name.`);
}

// A value in the form that was asked for; one that is not there has any.
async function valueOf(name, key, { type = "text" }, full) {
  const form = FORMS[type];
  const got = await native.kvGet(name, key, form ?? TEXT, null, full);
  const value = full ? got[0] : got;
  if (value === null) return got;
  if (form === undefined) {
    throw new TypeError('Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".');
  }
  if (type !== "stream") return got;
  const body = bodyStream(new Response(value));
  return full ? [body, got[1]] : body;
}

// Several values by their keys.
async function many(name, keys, options, full) {
  const { type = "text" } = options;
  if (type !== "text" && type !== "json") throw refused("GET_BULK", 400, `"${type}" is not a valid type. Use "json" or "text"`);
  if (keys.length > KEYS_MAX) throw refused("GET_BULK", 400, `You can request a maximum of ${KEYS_MAX} keys`);
  if (keys.length === 0) throw refused("GET_BULK", 400, "You must request a minimum of 1 key");
  checkCacheTtl("GET_BULK", options);
  for (const key of keys) {
    if (key === "") throw refused("GET_BULK", 400, "Key names must not be empty");
    if (key === "." || key === "..") throw refused("GET_BULK", 400, `Illegal key name "${key}". Please use a different name.`);
  }
  let flat;
  try {
    flat = await native.kvGetMulti(name, keys, FORMS[type]);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refused("GET_BULK", 400, `At least one of the requested keys corresponds to a non-${type} value`);
  }
  const result = new Map();
  keys.forEach((key, at) => {
    const value = flat[2 * at];
    result.set(key, full && value !== null ? { value, metadata: flat[2 * at + 1] } : value);
  });
  return result;
}

// When a value is to end, a whole number of seconds.
function seconds(value, parameter, why) {
  if (value === undefined) return null;
  const number = integer(value);
  if (number <= 0) throw refused("PUT", 400, `Invalid ${parameter} of ${number}. Please specify integer greater than ${why}.`);
  return number;
}

function metadataOf(metadata) {
  if (metadata === undefined || metadata === null) return null;
  const json = JSON.stringify(metadata);
  if (json === undefined) throw refused("PUT", 500, "Internal Server Error");
  return json;
}

const isBuffer = (value) => value instanceof ArrayBuffer || isView(value);

function bytesOf(value) {
  if (isStream(value)) {
    if (isLocked(value) || isDisturbed(value)) throw new TypeError("The ReadableStream has been locked to a reader.");
    return arrayBuffer(new Response(value));
  }
  if (!isDictionary(value)) return text(value);
  if (isBuffer(value)) return value;
  throw new TypeError("KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.");
}

let isKv;

export class KvNamespace {
  #name;
  constructor(name) {
    this.#name = name;
  }

  get(key, options) {
    const name = this.#name;
    try {
      if (scope.global) insideHandler();
      if (options === undefined) {
        const value = kvGetText(name, key);
        if (value !== undefined) return value;
      }
    } catch (error) {
      return rejectedWith(error);
    }
    if (arguments.length === 0) throw wrongParameter("get", "KvNamespace", 1, "string or Array");
    const keys = isArray(key) ? Array.from(key, text) : text(key);
    const asked = reading(options);
    if (typeof keys !== "string") return many(name, keys, asked, false);
    try {
      checkKey(keys);
      checkCacheTtl("GET", asked);
      return valueOf(name, keys, asked, false);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  getWithMetadata(key, options) {
    const name = this.#name;
    if (scope.global) insideHandler();
    if (arguments.length === 0) throw wrongParameter("getWithMetadata", "KvNamespace", 1, "Array or string");
    const keys = isArray(key) ? Array.from(key, text) : text(key);
    const asked = reading(options);
    if (typeof keys !== "string") return many(name, keys, asked, true);
    checkKey(keys);
    return KvNamespace.#withMetadata(name, keys, asked);
  }

  static async #withMetadata(name, key, asked) {
    checkCacheTtl("GET", asked);
    const [value, metadata] = await valueOf(name, key, asked, true);
    return { value, metadata, cacheStatus: null };
  }

  async put(key, value, options) {
    insideHandler();
    if (arguments.length === 0) throw wrongParameter("put", "KvNamespace", 1, "string");
    if (arguments.length === 1) throw wrongParameter("put", "KvNamespace", 2, "string or Object");
    key = text(key);
    if (!isDictionary(value)) value = text(value);
    if (options !== undefined && options !== null && !isDictionary(options)) throw wrongParameter("put", "KvNamespace", 3, "PutOptions");
    const { expiration, expirationTtl, metadata } = options ?? {};
    checkKey(key);
    const ttl = seconds(expirationTtl, "expiration_ttl", "0");
    const end = seconds(expiration, "expiration", "the current number of seconds since the UNIX epoch");
    const bytes = bytesOf(value);
    const meta = metadataOf(metadata);
    await native.kvPut(this.#name, key, bytes instanceof Promise ? await bytes : bytes, meta, end, ttl);
  }

  async delete(key) {
    insideHandler();
    if (arguments.length === 0) throw wrongParameter("delete", "KvNamespace", 1, "string");
    key = text(key);
    checkKey(key);
    await native.kvDelete(this.#name, key);
  }

  async list(options) {
    insideHandler();
    if (options !== undefined && options !== null && !isDictionary(options)) throw wrongParameter("list", "KvNamespace", 1, "ListOptions");
    const { limit, prefix, cursor } = options ?? {};
    const most = limit === undefined || limit === null ? 0 : integer(limit);
    if (most > LIST_MAX) {
      throw refused("GET", 400, `Invalid key_count_limit of ${most}. Please specify an integer less than ${LIST_MAX}.`);
    }
    const given = (value) => (value === undefined || value === null ? "" : text(value));
    return native.kvList(this.#name, given(prefix), most > 0 ? most : LIST_MAX, given(cursor));
  }

  static {
    isKv = (namespace) => namespace.#name;
  }
}
promising(KvNamespace, isKv, ["put", "delete", "list"]);
platform(KvNamespace, "KvNamespace");
