// The module `cloudflare:workers`.
import { imported, withValues } from "internal:env";
import { lastFlight } from "internal:flights";
import { insideHandler } from "internal:errors";
import { loopback, tracing, waitFor } from "internal:context";
import { plain, platform, wrongConstructorParameter, wrongParameter } from "internal:platform";

export const env = imported;
export const exports = loopback;
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
export const WorkflowEntrypoint = entrypoint("WorkflowEntrypoint", "Object");

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

// Runs `fn` with another env for those that import it.
export function withEnv(newEnv, fn) {
  return withValues(newEnv, fn);
}
export function withExports(_newExports, fn) {
  return fn();
}
export function withEnvAndExports(newEnv, _newExports, fn) {
  return withValues(newEnv, fn);
}
