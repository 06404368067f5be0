// Dispatch namespaces: user Workers by name, and what an outbound Worker is told of the one that
// it stands behind (spec: SEMANTICS §1, §2).
import native from "internal:native";
import { flag } from "internal:errors";
import { shape } from "internal:shape";
import { text, wrongField, wrongParameter } from "internal:platform";
import { binding, env } from "internal:env";
import { userWorker } from "internal:rpc/services";

const U32_MAX = 0xffffffff;
// The numbers of requests that came with parameters begin here.
const HAS_PARAMETERS = 0x80000000;
const OPTIONS = "DynamicDispatchOptions";
const LIMITS = "DynamicDispatchLimits";

const isObject = (value) => typeof value === "object" && value !== null;
const isGiven = (value) => value !== undefined && value !== null;

function limit(limits, name) {
  const value = limits[name];
  if (!isGiven(value)) return null;
  const number = Number(value);
  if (!(number >= 0)) throw wrongField(name, LIMITS, "number");
  return Math.min(Math.floor(number), U32_MAX);
}

// What `get()` was called with, where that is more than a name (src/namespace.rs).
function rare(binding, count, name, args, options) {
  if (count === 0) throw wrongParameter("get", "DispatchNamespace", 1, "string");
  if (isGiven(options) && !isObject(options)) throw wrongParameter("get", "DispatchNamespace", 3, OPTIONS);
  const { limits, outbound } = options ?? {};
  if (isGiven(limits) && !isObject(limits)) throw wrongField("limits", OPTIONS, LIMITS);
  if (isGiven(outbound) && !isObject(outbound)) throw wrongField("outbound", OPTIONS, "Object");
  const cpuMs = isGiven(limits) ? limit(limits, "cpuMs") : null;
  const subRequests = isGiven(limits) ? limit(limits, "subRequests") : null;
  // What is told is a copy: it may be changed afterwards, and nothing but data gets across.
  const told = isGiven(outbound) ? JSON.stringify({ ...outbound }) : "";
  return userWorker([binding, text(name), cpuMs, subRequests, told]);
}

class DispatchNamespace {}
native.useNamespaces(DispatchNamespace.prototype, rare);
shape(DispatchNamespace);

binding("dispatch_namespace", (name) => native.dispatchNamespace(DispatchNamespace.prototype, name, flag("rpc")));

// The env of one request, and its ctx, which tells what a dispatch Worker gave. Other requests of
// the isolate may have been given something else, so what is shared is left alone: an env that is
// imported has the bindings and no more.
export function ofRequest(id, context) {
  if (id < HAS_PARAMETERS) return env();
  const given = native.invocation(0, id);
  if (given === "") return env();
  const { outbound, named, spread } = JSON.parse(given);
  context.dispatchContext = { outbound };
  return { ...spread, ...env(), ...named };
}
