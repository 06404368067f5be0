// What a call from another Worker reaches (spec: SEMANTICS §25): members of prototypes of
// RpcTarget and of entrypoints, own members of plain objects and functions, nothing else.
import native from "internal:native";
import { RpcTarget, handleOf, isPlain, notImplemented } from "internal:rpc/stubs";

const { hasOwn } = Object;
const { isProxy } = native;
const ALWAYS = new Set(["constructor", "dup"]);
const OF_ENTRYPOINTS = new Set([
  ...ALWAYS, "fetch", "connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError",
]);

// Calls what a path leads to, or reads it if `args` is null. A target is one of
//   { value }                       what was given away
//   { value, isEntrypoint: true }   an instance of an entrypoint
//   { value, rest: [env, ctx] }     a plain object of handlers, which are given these too
//   { forward }                     something that is elsewhere
//   { error }                       nothing, and why
export function perform(target, path, args) {
  if (target.error !== undefined) throw target.error;
  const { forward, isEntrypoint = false, rest = null } = target;
  if (forward !== undefined) return ahead(forward, path, args);
  let { value } = target;
  let holder;
  for (let at = 0; at < path.length; at++) {
    const handle = handleOf(value);
    if (handle !== undefined) return ahead(handle, path.slice(at), args);
    const name = path[at];
    const isFirst = at === 0;
    if ((isFirst && isEntrypoint) || value instanceof RpcTarget) {
      if ((isFirst && isEntrypoint ? OF_ENTRYPOINTS : ALWAYS).has(name)) throw reserved(name);
      if (hasOwn(value, name) || !(name in value)) throw notImplemented(name);
      holder = value;
      value = value[name];
      if (name in Object.prototype && value === Object.prototype[name]) throw notImplemented(name);
      continue;
    }
    if (rest !== null && isFirst && OF_ENTRYPOINTS.has(name)) throw reserved(name);
    const isOpen =
      typeof value === "function" || isPlain(value) || (isFirst && (rest !== null || target.isWrapped === true)) ||
      (typeof value === "object" && value !== null && isProxy(value));
    if (!isOpen || !hasOwn(value, name)) throw notImplemented(name);
    holder = value;
    value = value[name];
  }
  const handle = handleOf(value);
  if (handle !== undefined && (args !== null || path.length === 0)) return args === null ? value : ahead(handle, [], args);
  if (args === null) return value;
  const name = path.length === 0 ? "(this)" : path.join(".");
  if (typeof value !== "function") throw new TypeError(`"${name}" is not a function.`);
  if (rest === null) return Reflect.apply(value, holder, args);
  if (args.length !== 1) {
    throw new TypeError(
      `Attempted to call RPC function "${name}" with the wrong number of arguments. When calling a top-level handler function that is not declared as part of a class, you must always send exactly one argument. In order to support variable numbers of arguments, the server must use class-based syntax (extending WorkerEntrypoint) instead.`,
    );
  }
  return Reflect.apply(value, holder, [args[0], ...rest]);
}

const reserved = (name) => new TypeError(`'${name}' is a reserved method and cannot be called over RPC.`);

// On to where it is.
function ahead(forward, path, args) {
  if (forward.fetch !== undefined && path.length === 1 && path[0] === "fetch" && args !== null) return forward.fetch(...args);
  return (forward.call ?? forward.begin).call(forward, path, args).promise;
}
