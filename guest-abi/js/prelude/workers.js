// The module `cloudflare:workers`.
import { imported, withValues } from "internal:env";
import { lastFlight } from "internal:flights";
import { KEY } from "internal:events";
import { insideHandler } from "internal:errors";
import { loopback, tracing, waitFor } from "internal:context";
import { illegalConstructor, plain, platform, wrongConstructorParameter, wrongParameter } from "internal:platform";

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

export class RpcTarget {}
platform(RpcTarget);
Object.defineProperty(RpcTarget.prototype, Symbol.toStringTag, { value: "JsRpcTarget", writable: true, configurable: true });

// Classes of which only the platform makes objects.
function made(name) {
  return platform(
    {
      [name]: class {
        constructor(key) {
          if (key !== KEY) throw illegalConstructor();
        }
      },
    }[name],
    name,
  );
}
export const RpcPromise = made("RpcPromise");
export const RpcProperty = made("RpcProperty");
export const RpcStub = made("RpcStub");
export const ServiceStub = made("ServiceStub");

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
