// ctx: what a handler can ask of the run it is in (spec: SEMANTICS §19).
import native from "internal:native";
import { scope } from "internal:errors";
import { flightOf } from "internal:flights";
import { KEY } from "internal:events";
import { failWaiting } from "internal:console";
import { closed, illegalConstructor, platform, wrongParameter } from "internal:platform";

const { contextId } = native;

// Counts a promise among those that a run waits for.
export function waitFor(flight, promise) {
  if (!flight?.wait()) return;
  const settled = () => {
    flight.waits--;
    flight.finish();
  };
  resolvedWith(promise).then(settled, (error) => {
    failWaiting(flight, error);
    settled();
  });
}

// Spans are not recorded; code that is told to run in one runs.
class Span {
  #brand;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  get isTraced() {
    this.#brand;
    return false;
  }
  setAttribute(_name, _value) {
    this.#brand;
  }
  end() {
    this.#brand;
  }
}
platform(Span);

class Tracing {
  #brand;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  enterSpan(_name, callback, ...args) {
    this.#brand;
    return callback(span, ...args);
  }
  startActiveSpan(_name, callback, ...args) {
    this.#brand;
    return callback(span, ...args);
  }
}
platform(Tracing);
const span = new Span(KEY);
export const tracing = new Tracing(KEY);

// The Worker's own entrypoints, by export; rpc/services.js puts them here.
export const loopback = {};

// Its objects are made in Rust (src/execution.rs).
export class ExecutionContext {
  constructor() {
    throw illegalConstructor();
  }
  waitUntil(promise) {
    const id = contextId(this);
    if (arguments.length === 0) throw wrongParameter("waitUntil", "ExecutionContext", 1, "Promise");
    waitFor(flightOf(id), promise);
  }
  passThroughOnException() {
    const flight = flightOf(contextId(this));
    if (flight !== undefined) flight.passes = true;
  }
  abort(reason) {
    contextId(this);
    throw reason instanceof Error ? reason : new Error(reason === undefined ? "The execution context which hosted this callback was aborted." : `${reason}`);
  }
}
platform(ExecutionContext);
closed(Span, Tracing, ExecutionContext);

// Says what contexts look like, once it is known which flags are on.
export function prepareContexts() {
  native.contextTemplate(ExecutionContext.prototype, { tracing, exports: scope.exposesExports ? loopback : undefined });
}
