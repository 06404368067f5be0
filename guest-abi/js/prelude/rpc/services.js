// Services: other Workers as env has them, and the Worker's own entrypoints (ctx.exports). A request
// goes by fetch(); any other method begins a session of RPC with a new run over there.
import native from "internal:native";
import { DOMException, flag, insideHandler, scope } from "internal:errors";
import { refused } from "internal:clone";
import { TextDecoder } from "internal:encoding";
import { closed, illegalConstructor, platform, wrongField, wrongParameter } from "internal:platform";
import { ILLEGAL, shape } from "internal:shape";
import { binding } from "internal:env";
import { currentFlight } from "internal:flights";
import { asked, send } from "internal:subrequest";
import { loopback } from "internal:context";
import { Decoder, Encoder } from "internal:rpc/values";
import { Session } from "internal:rpc/session";
import { failed, handleOf, missing, proxy, useServices } from "internal:rpc/stubs";

const { parse, stringify } = JSON;
const { contextOf, rpcConnect, socketDrop, socketSend, socketServe, socketStart } = native;
const { defineProperty } = Object;
// Codes of what the host tells.
const CANCELLED = 7, THROWN = 10;
const CLASSES = { TypeError, RangeError, SyntaxError, ReferenceError };

// A session's way to the other Worker.
export class HostLine {
  session = null;
  #op = 0;
  #waiting = [];

  send(data) {
    if (this.#waiting === null) socketSend(this.#op, data, data);
    else this.#waiting.push(data);
  }
  close() {
    if (this.#op !== 0) socketDrop(this.#op);
  }

  // Asks the host for it; what was sent already goes along if it is short.
  connect(target) {
    const [first] = this.#waiting;
    this.#op = rpcConnect(target, first, this);
    if (native.rpcFits(first)) this.#waiting.shift();
  }
  serve(request) {
    this.#op = socketServe(request, null, this);
    this.#waiting = null;
    socketStart(this.#op);
  }

  // What the host tells.
  open() {
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    for (const data of waiting) this.send(data);
    socketStart(this.#op);
  }
  message(data) {
    this.session.receive(data);
  }
  closed() {}
  end() {
    this.session.lost();
  }
  error(message, code) {
    if (code === CANCELLED) return this.session.lost();
    const at = message.indexOf(": ");
    const Class = code === THROWN ? CLASSES[message.slice(0, at)] : undefined;
    const text = code === THROWN && at > 0 && /^\w+$/.test(message.slice(0, at)) ? message.slice(at + 2) : message;
    this.session.lost(new (Class ?? Error)(text));
  }
}

// Of another Worker, or of an entrypoint of this one. `target` is whom send() asks: a binding's name, an
// export's with props, or a user Worker.
export class ServiceHandle {
  constructor(target) {
    this.target = target;
  }
  begin(path, args) {
    if (scope.global) insideHandler();
    const line = new HostLine();
    const session = new Session(line, null, currentFlight());
    const call = session.ask(0, 0, path, args);
    if (session.isIdle()) session.lost();
    else line.connect(this.target);
    return call;
  }
  fetch(...args) {
    return send(this.target, asked("Fetcher", args[0], args[1], args.length));
  }
}

// Of a user Worker.
class UserHandle extends ServiceHandle {}
UserHandle.prototype.unable = "Fetcher";

// Of a service that another Worker has passed on.
class PassedHandle {
  constructor(ref) {
    this.ref = ref;
  }
  begin(path, args) {
    return this.ref.call(path, args);
  }
  fetch(...args) {
    return this.ref.call(["fetch"], [asked("Fetcher", args[0], args[1], args.length)]).promise;
  }
}

function fetchOf(object, args) {
  try {
    const handle = handleOf(object);
    if (handle?.fetch === undefined) throw new TypeError(ILLEGAL);
    return handle.fetch(...args);
  } catch (error) {
    return rejectedWith(error);
  }
}

// Something that answers requests: another Worker, or the Worker's own assets.
export class Fetcher {
  constructor() {
    throw illegalConstructor();
  }
  fetch(_input, _init) {
    return fetchOf(this, arguments);
  }
}
shape(Fetcher);
closed(Fetcher);

// A plain fetch() goes by src/stub.rs, and so does what else is asked of these objects.
native.useStubs(
  Fetcher.prototype,
  (fetcher, ...args) => fetchOf(fetcher, args),
  (target) => new UserHandle(target),
  Reflect.get,
  missing,
);

// `target` is whom a plain fetch() asks, if that is not the handle's alone to say.
export const fetcherOf = (handle, target) => native.stub(target, handle, flag("rpc"));

// A user Worker of a dispatch namespace.
export const userWorker = (target) => fetcherOf(undefined, target);

for (const kind of ["service", "assets"]) binding(kind, (name) => fetcherOf(new ServiceHandle(name), name));
// What a dynamic Worker was given inside of a value is asked as a binding is.
useServices((ref) => (ref instanceof ServiceHandle ? fetcherOf(ref, ref.target) : fetcherOf(new PassedHandle(ref))));

// An entrypoint of the same Worker; called with `{ props }` it is one with these.
class LoopbackServiceStub {
  constructor() {
    throw illegalConstructor();
  }
  fetch(_input, _init) {
    return fetchOf(this, arguments);
  }
}
platform(LoopbackServiceStub);

const utf8Decoder = new TextDecoder();
const uncloned = (text) => new DOMException(text, "DataCloneError");

// Takes services that are inside of props. Whoever is entered with these is the same Worker, to whom
// the names of its own services mean the same.
class Props {
  services = [];
  export({ forward, value, of }) {
    if (forward instanceof ServiceHandle) {
      const { target } = forward;
      if (typeof target === "string") return this.services.push(target) - 1;
      if (target.length === 2) return this.services.push([target[0], target[1] && utf8Decoder.decode(target[1])]) - 1;
    }
    forward?.stays?.();
    forward?.drop?.();
    if (of !== undefined) throw uncloned(`${of} can only be serialized for RPC.`);
    if (typeof value === "function") throw refused(value);
    if (value !== undefined) throw uncloned("Remote RPC references can only be serialized for RPC.");
    throw uncloned("RpcStub cannot be serialized in this context because it is not a persistent stub.");
  }
  released() {}

  // What it has taken, again.
  static of(services) {
    return {
      import: (id) => {
        const target = services[id];
        return new ServiceHandle(typeof target === "string" ? target : [target[0], target[1] && native.utf8(target[1])]);
      },
    };
  }
}

class LoopbackHandle extends ServiceHandle {
  called(args) {
    const [options] = args;
    if ((typeof options !== "object" || options === null) && typeof options !== "function") {
      throw wrongParameter("(called as function)", "LoopbackServiceStub", 1, "Options");
    }
    const { props } = options;
    const [entrypoint] = this.target;
    if (props === undefined) return fetcherOf(new ServiceHandle([entrypoint, null]));
    if ((typeof props !== "object" || props === null) && typeof props !== "function") throw wrongField("props", "Options", "Object");
    const port = new Props();
    const encoder = new Encoder(port);
    const item = encoder.encode(props);
    const text = stringify([item, encoder.blobs.map((blob) => [...blob]), port.services]);
    return fetcherOf(new ServiceHandle([entrypoint, native.utf8(text)]));
  }
}
// It is passed on only as what a call of it gives.
LoopbackHandle.prototype.unable = "LoopbackServiceStub";

// Adds an entrypoint to ctx.exports.
export function addLoopback(name) {
  loopback[name] = proxy(new LoopbackHandle([name, null]), LoopbackServiceStub);
}

// ---- What another Worker enters ----

// `ctx` of a run that was entered with props: 1 is JSON, 2 what an encoder made.
export function contextWith(id, kind, props) {
  const ctx = contextOf(id);
  if (kind === 0) return ctx;
  let value;
  if (kind === 1) value = parse(props);
  else {
    const [item, blobs, services = []] = parse(props);
    value = new Decoder(Props.of(services), native.joinBytes(blobs.map((blob) => new Uint8Array(blob)))).decode(item);
  }
  defineProperty(ctx, "props", { value, writable: true, enumerable: true, configurable: true });
  return ctx;
}

// Serves a session: `main(ctx)` makes what it is let in by.
export function serveSession(flight, first, main) {
  flight.answered = true;
  flight.wait();
  let target;
  try {
    target = main();
  } catch (error) {
    target = { error };
  }
  const line = new HostLine();
  const session = new Session(line, target, flight);
  session.whenEnded(() => {
    flight.waits--;
    flight.finish();
  });
  line.serve(flight.id);
  if (first !== null) session.receive(first);
}
