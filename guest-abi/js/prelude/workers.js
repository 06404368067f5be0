// The module `cloudflare:workers`.
import frames from "internal:frames";
import { imported, runHolding, standingIn } from "internal:env";
import { lastFlight } from "internal:flights";
import { insideHandler } from "internal:errors";
import { loopback, tracing, waitFor } from "internal:context";
import { plain, platform, wrongConstructorParameter, wrongParameter } from "internal:platform";

export const env = imported;

// The Worker's own entrypoints, or what stands in for them in what `withExports` began.
const EXPORTS = {};
const exported = () => frames.get()?.get(EXPORTS) ?? loopback;
export const exports = new Proxy(
  {},
  {
    get: (_, key) => exported()[key],
    has: (_, key) => key in exported(),
    ownKeys: () => Reflect.ownKeys(exported()),
    getOwnPropertyDescriptor: (_, key) => {
      const property = Reflect.getOwnPropertyDescriptor(exported(), key);
      if (property) property.configurable = true;
      return property;
    },
  },
);
// There is no cache of its own for an entrypoint.
export const cache = new Proxy({}, { get() {} });
export { tracing };

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// What a class that the platform makes instances of derives from.
function entrypoint(name, type, tag = name) {
  const c = {
    [name]: class {
      constructor(ctx, env) {
        if (!isObject(ctx)) throw wrongConstructorParameter(tag, 1, type);
        this.ctx = ctx;
        this.env = env;
      }
    },
  }[name];
  platform(c, name);
  Object.defineProperty(c.prototype, Symbol.toStringTag, { value: tag, writable: true, configurable: true });
  return c;
}

export const WorkerEntrypoint = entrypoint("WorkerEntrypoint", "Object");
export const DurableObject = entrypoint("DurableObject", "DurableObjectState", "DurableObjectBase");
export const WorkflowEntrypoint = entrypoint("WorkflowEntrypoint", "ExecutionContext");

export { RpcTarget, RpcStub, RpcPromise, RpcProperty } from "internal:rpc/stubs";
export { Fetcher as ServiceStub } from "internal:rpc/services";

// Waits for a promise on behalf of the event that came last.
export const waitUntil = {
  waitUntil(promise) {
    if (arguments.length === 0) throw wrongParameter("waitUntil", "EntrypointsModule", 1, "Promise");
    const flight = lastFlight();
    insideHandler();
    if (flight === undefined) throw new Error("waitUntil() may be called in a handler only.");
    waitFor(flight, promise);
  },
}.waitUntil;
plain(waitUntil);
Object.defineProperty(waitUntil, "name", { value: "bound waitUntil", configurable: true });

function called(method, index, fn) {
  if (typeof fn !== "function") throw wrongParameter(method, "EnvModule", index, "function");
  return fn;
}

// Runs `fn`, and what it begins, with another env for those that import it; and the same of exports.
export function withEnv(newEnv, fn) {
  return runHolding([standingIn(newEnv)], called("withEnv", 2, fn));
}
export function withExports(newExports, fn) {
  return runHolding([[EXPORTS, newExports]], called("withExports", 2, fn));
}
export function withEnvAndExports(newEnv, newExports, fn) {
  return runHolding([standingIn(newEnv), [EXPORTS, newExports]], called("withEnvAndExports", 3, fn));
}
