// Dynamic Workers: env.LOADER.get() and load(), and the stubs of what they make (spec: SEMANTICS §34).
import native from "internal:native";
import { DOMException, insideHandler } from "internal:errors";
import { refused } from "internal:clone";
import { closed, illegalConstructor, text, wrongField, wrongParameter } from "internal:platform";
import { shape } from "internal:shape";
import { binding } from "internal:env";
import { currentFlight } from "internal:flights";
import { asked, send } from "internal:subrequest";
import { Decoder, Encoder } from "internal:rpc/values";
import { Session } from "internal:rpc/session";
import { handleOf } from "internal:rpc/stubs";
import { HostLine, ServiceHandle, fetcherOf } from "internal:rpc/services";

const { parse, stringify } = JSON;
const { entries, keys } = Object;
const CODE = "WorkerCode";
// A dynamic Worker that nobody asked for in a while is made anew, so often in one call.
const TRIES = 3;
const UNKNOWN = 2;
const KINDS = { js: 0, cjs: 1, text: 3, data: 4, json: 5, wasm: 2 };
const FIELDS = ["js", "cjs", "text", "data", "json", "py", "wasm"];
const U32_MAX = 0xffffffff;
const DEFAULT = "default";

const isGiven = (value) => value !== undefined && value !== null;
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// ---- Code ----

function moduleOf(name, content) {
  if (typeof content === "string") {
    if (name.endsWith(".js")) return ["js", content];
    if (name.endsWith(".py")) return ["py", content];
    throw new TypeError(`Module name must end with '.js' or '.py' (or the content must be an object indicating the type explicitly). Got: ${name}`);
  }
  if (!isObject(content)) throw wrongField("modules", CODE, "object");
  const given = FIELDS.filter((field) => content[field] !== undefined);
  if (given.length !== 1) {
    throw new TypeError(`Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. Module '${name}' contained ${given.length} properties.`);
  }
  return [given[0], content[given[0]]];
}

// The bytes of a WebAssembly.Module; wasm.js knows.
let bytesOfModule;
export function useModules(get) {
  bytesOfModule = get;
}

function bytesOf(name, kind, content) {
  if (kind === "py") throw new Error(`Python is not supported: module '${name}' is written in it.`);
  if (kind === "json") return stringify(content) ?? "null";
  if (kind === "data" || kind === "wasm") {
    if (isView(content)) return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    if (content instanceof ArrayBuffer) return new Uint8Array(content);
    const compiled = kind === "wasm" ? bytesOfModule(content) : undefined;
    if (compiled !== undefined) return new Uint8Array(compiled);
    throw wrongField(kind, "Module", kind === "wasm" ? "Array or WasmModuleObject" : "Array");
  }
  return text(content);
}

// What is given is a copy, in the form of RPC; `port` takes what cannot be.
function copied(value, port = null) {
  const encoder = new Encoder(port);
  return stringify([encoder.encode(value), encoder.blobs.map((blob) => [...blob])]);
}

// What a handle refers to, as the host is told of it, if it is a service of this Worker's. User Workers
// are not passed on.
function targetOf(handle) {
  if (!(handle instanceof ServiceHandle)) return undefined;
  const { target } = handle;
  return typeof target === "string" || target.length === 2 ? [target] : undefined;
}

function stays() {
  throw new DOMException(
    "Entrypoints to dynamically-loaded workers cannot be transferred to other Workers, because the system does not know how to reload this Worker from scratch. Instead, have the parent Worker expose an entrypoint which constructs the dynamic worker and forwards to it.",
    "DataCloneError",
  );
}

// The same for what may be a service.
function serviceOf(value) {
  const handle = handleOf(value);
  if (handle instanceof LoadedHandle) stays();
  return targetOf(handle);
}

// Takes services that are inside of values of env. The dynamic Worker finds them by their place here.
class Passed {
  services = [];
  export({ forward, value }) {
    if (forward === undefined) throw refused(value);
    const service = targetOf(forward);
    if (service === undefined) {
      forward.drop?.();
      throw new DOMException('Could not serialize object of type "RpcStub". This type does not support serialization.', "DataCloneError");
    }
    return this.services.push(service) - 1;
  }
}

function tailsOf(tails) {
  if (tails === undefined) return [];
  if (!isArray(tails)) throw wrongField("tails", CODE, "Array");
  return tails.map((tail, at) => {
    const service = serviceOf(tail);
    if (service === undefined) throw new TypeError(`Incorrect type for array element ${at}: the provided value is not of type 'Fetcher'.`);
    return service;
  });
}

function limitsOf(limits, owner) {
  if (!isGiven(limits)) return [null, null];
  if (!isObject(limits)) throw wrongField("limits", owner, "ResourceLimits");
  return ["cpuMs", "subRequests"].map((name) => {
    const value = limits[name];
    if (!isGiven(value)) return null;
    const number = Number(value);
    if (!(number >= 0)) throw wrongField(name, "ResourceLimits", "number");
    return Math.min(Math.floor(number), U32_MAX);
  });
}

// What the host is told of a dynamic Worker's code.
function told(code) {
  if (!isObject(code)) throw new TypeError("Callback returned incorrect type; expected 'Promise'");
  const { compatibilityDate, compatibilityFlags, env, globalOutbound, limits, mainModule, modules, tails } = code;
  if (!isObject(modules)) throw wrongField("modules", CODE, "object");
  const [names, kinds, contents] = [[], [], []];
  for (const [name, content] of entries(modules)) {
    const [kind, given] = moduleOf(name, content);
    names.push(name);
    kinds.push(KINDS[kind] ?? 0);
    contents.push(bytesOf(name, kind, given));
  }
  if (names.length === 0) throw new TypeError("Dynamic Worker code must contain at least one module.");
  const date = text(compatibilityDate);
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new Error(`Invalid compatibility date: ${date}`);
  let flags = [];
  if (isGiven(compatibilityFlags)) {
    if (!isArray(compatibilityFlags)) throw wrongField("compatibilityFlags", CODE, "Array");
    flags = compatibilityFlags.map(text);
  }
  const [given, values, passed] = [[], [], new Passed()];
  if (env !== undefined) {
    if (!isObject(env)) throw wrongField("env", CODE, "Object");
    for (const name of keys(env)) {
      const value = env[name];
      given.push(name);
      values.push((handleOf(value)?.unable === undefined ? serviceOf(value) : undefined) ?? copied(value, passed));
    }
  }
  let outbound = globalOutbound;
  if (isGiven(outbound)) {
    outbound = serviceOf(outbound);
    if (outbound === undefined) throw wrongField("globalOutbound", CODE, "Fetcher");
  }
  const [cpuMs, subRequests] = limitsOf(limits, CODE);
  return [text(mainModule), date, flags, names, kinds, contents, given, values, outbound, cpuMs, subRequests, passed.services, tailsOf(tails)];
}

binding("copied", (_, value) => {
  const [item, blobs] = parse(value);
  const port = { import: (id) => new ServiceHandle(`\0${id}`) };
  return new Decoder(port, native.joinBytes(blobs.map((blob) => new Uint8Array(blob)))).decode(item);
});

// ---- Stubs ----

// A dynamic Worker as this Worker knows it: the promise of its number, which is asked for anew when
// the host has let it go.
class Loading {
  #number = null;
  #code = null;

  // `make` gives the code; it is called only if there is no Worker of this id.
  constructor(loader, id, make) {
    this.loader = loader;
    this.id = id;
    this.make = make;
    this.number();
  }

  number() {
    if (this.#number === null) {
      this.#number = this.#load();
      this.#number.catch(() => {});
    }
    return this.#number;
  }
  async #load() {
    const { loader, id } = this;
    if (id !== null) {
      const number = await native.loaderLoad(loader, id, null);
      if (number !== 0) return number;
    }
    this.#code ??= (async () => told(await this.make()))();
    return native.loaderLoad(loader, id, await this.#code);
  }
  // Forgets a number that the host does not know any more.
  lost(number) {
    this.#number?.then((now) => {
      if (now === number) this.#number = null;
    });
  }
}

// A session's way there.
class LoadedLine extends HostLine {
  constructor(loading) {
    super();
    this.loading = loading;
  }
  error(message, code) {
    // The next call finds one that was made anew.
    if (code === UNKNOWN) this.loading.lost(this.number);
    super.error(message, code);
  }
}

// An entrypoint of a dynamic Worker.
class LoadedHandle {
  constructor(loading, entrypoint, props, limits) {
    this.loading = loading;
    this.entrypoint = entrypoint;
    this.props = props;
    this.limits = limits;
  }
  #target(number) {
    return [this.loading.loader, number, this.entrypoint, this.props, ...this.limits];
  }
  begin(path, args) {
    insideHandler();
    const line = new LoadedLine(this.loading);
    const session = new Session(line, null, currentFlight());
    const call = session.ask(0, 0, path, args);
    this.loading.number().then(
      (number) => {
        if (session.isIdle()) session.lost();
        else {
          line.number = number;
          line.connect(this.#target(number));
        }
      },
      (error) => session.lost(error),
    );
    return call;
  }
  async fetch(...args) {
    const request = asked("Fetcher", args[0], args[1], args.length);
    for (let tries = 1; ; tries++) {
      const number = await this.loading.number();
      // Nothing of a body is sent where there is nobody, but it is used up.
      const again = tries < TRIES && request.body === null ? request.clone() : null;
      try {
        return await send(this.#target(number), again ?? request);
      } catch (error) {
        if (error?.code !== UNKNOWN) throw error;
        this.loading.lost(number);
        if (again === null) throw error;
        await null;
      }
    }
  }
}
LoadedHandle.prototype.stays = stays;
Object.defineProperty(LoadedHandle.prototype, "unable", { get: stays });

const MAKE = {};

class WorkerStub {
  #loading;
  constructor(make = undefined, loading = undefined) {
    if (make !== MAKE) throw illegalConstructor();
    this.#loading = loading;
  }
  getEntrypoint(name = undefined, options = undefined) {
    const loading = this.#loading;
    if (isGiven(options) && !isObject(options)) throw wrongParameter("getEntrypoint", "WorkerStub", 2, "EntrypointOptions");
    const entrypoint = isGiven(name) ? text(name) : DEFAULT;
    const { props, limits } = options ?? {};
    if (isGiven(props) && !isObject(props)) throw wrongField("props", "EntrypointOptions", "Object");
    const encoded = isGiven(props) ? native.utf8(copied(props)) : null;
    return fetcherOf(new LoadedHandle(loading, entrypoint === DEFAULT ? "" : entrypoint, encoded, limitsOf(limits, "EntrypointOptions")));
  }
  getDurableObjectClass() {
    this.#loading;
    throw new Error("Durable Objects are not supported.");
  }
}

class WorkerLoader {
  #name;
  constructor(make = undefined, name = undefined) {
    if (make !== MAKE) throw illegalConstructor();
    this.#name = name;
  }
  get(id, getCode) {
    const loader = this.#name;
    if (typeof getCode !== "function") throw wrongParameter("get", "WorkerLoader", 2, "function");
    insideHandler();
    return new WorkerStub(MAKE, new Loading(loader, isGiven(id) ? text(id) : null, getCode));
  }
  load(code) {
    const loader = this.#name;
    if (!isObject(code)) throw wrongParameter("load", "WorkerLoader", 1, CODE);
    insideHandler();
    return new WorkerStub(MAKE, new Loading(loader, null, () => code));
  }
}
for (const c of [WorkerStub, WorkerLoader]) {
  shape(c);
  closed(c);
}

binding("worker_loader", (name) => new WorkerLoader(MAKE, name));
