// KV namespaces (spec: SEMANTICS §22).
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";

const TEXT = 0, JSON_VALUE = 1, BUFFER = 2, BYTES = 3;
const FORMS = { text: TEXT, json: JSON_VALUE, arrayBuffer: BUFFER, stream: BYTES };

const { kvGetText } = native;

const PLAIN_TEXT = [TEXT, false];

function form(options) {
  if (options === undefined) return PLAIN_TEXT;
  const type = typeof options === "string" ? options : (options?.type ?? "text");
  const form = FORMS[type];
  if (form === undefined) {
    throw new TypeError(
      'Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".',
    );
  }
  return [form, type === "stream"];
}

function checkKey(name) {
  if (typeof name !== "string") name = String(name);
  if (name === "") throw new TypeError("Key name cannot be empty.");
  if (name === "." || name === "..") {
    throw new TypeError(`"${name}" is not allowed as a key name.`);
  }
  return name;
}

export class KvNamespace {
  #name;
  constructor(name) {
    this.#name = name;
  }

  get(key, options) {
    try {
      if (scope.global) insideHandler();
      if (options === undefined) {
        const value = kvGetText(this.#name, key);
        if (value !== undefined) return value;
      }
      if (isArray(key)) return this.#many(key, options, false);
      const [kind, stream] = form(options);
      key = checkKey(key);
      const value = native.kvGet(this.#name, key, kind, null, false);
      if (!stream) return value;
      return value.then((value) => (value === null ? null : new Response(value).body));
    } catch (error) {
      return rejectedWith(error);
    }
  }

  async getWithMetadata(key, options) {
    insideHandler();
    if (isArray(key)) return this.#many(key, options, true);
    const [kind, stream] = form(options);
    key = checkKey(key);
    const [value, metadata] = await native.kvGet(this.#name, key, kind, null, true);
    return {
      value: stream && value !== null ? new Response(value).body : value,
      metadata,
      cacheStatus: null,
    };
  }

  async #many(keys, options, full) {
    const [kind] = form(options);
    keys = keys.map(checkKey);
    const flat = await native.kvGetMulti(this.#name, keys, kind);
    const result = new Map();
    keys.forEach((key, at) => {
      const value = flat[2 * at];
      result.set(key, full ? (value === null ? { value: null, metadata: null } : { value, metadata: flat[2 * at + 1] }) : value);
    });
    return result;
  }

  async put(key, value, options) {
    insideHandler();
    key = checkKey(key);
    const metadata = options?.metadata;
    const meta = metadata === undefined || metadata === null ? null : JSON.stringify(metadata);
    let bytes = value;
    if (typeof value === "object" && value !== null) {
      if (value instanceof ReadableStream) bytes = await new Response(value).arrayBuffer();
      else if (!(value instanceof ArrayBuffer || isView(value))) {
        throw new TypeError(
          "KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.",
        );
      }
    } else if (typeof value !== "string") {
      bytes = String(value);
    }
    await native.kvPut(
      this.#name,
      key,
      bytes,
      meta,
      options?.expiration === undefined || options.expiration === null ? null : Number(options.expiration),
      options?.expirationTtl === undefined || options.expirationTtl === null ? null : Number(options.expirationTtl),
    );
  }

  async delete(key) {
    insideHandler();
    await native.kvDelete(this.#name, checkKey(key));
  }

  async list(options) {
    insideHandler();
    const limit = options?.limit ?? 1000;
    return native.kvList(this.#name, options?.prefix ?? "", limit, options?.cursor ?? "");
  }
}
Object.defineProperty(KvNamespace, "name", { value: "KvNamespace" });
