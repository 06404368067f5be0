// node:dns: node:dns/promises with callbacks.
import { validateFunction } from "internal:node/errors";
import * as module from "node:dns/promises";

export const promises = module;
export const { ADDRCONFIG, ADDRGETNETWORKPARAMS, ALL, BADFAMILY, BADFLAGS, BADHINTS, BADNAME, BADQUERY, BADRESP, BADSTR, CANCELLED, CONNREFUSED, DESTRUCTION, EOF, FILE, FORMERR, LOADIPHLPAPI, NODATA, NOMEM, NONAME, NOTFOUND, NOTIMP, NOTINITIALIZED, REFUSED, SERVFAIL, TIMEOUT, V4MAPPED, Resolver } = module;
const bound = (name, work) => Object.defineProperty(work.bind(undefined), "name", { value: `bound ${name}` });
function called(name, length) {
  const work = function (...args) {
    const callback = args.pop();
    if (typeof callback !== "function") validateFunction(undefined, "callback");
    module[name](...args).then((value) => queueMicrotask(() => callback(null, value)), (error) => queueMicrotask(() => callback(error)));
  };
  return Object.defineProperties(work.bind(undefined), { name: { value: `bound ${name}Callbackified` }, length: { value: length } });
}
export const lookupService = called("lookupService", 1), resolve = called("resolve", 3), resolve4 = called("resolve4", 3), resolve6 = called("resolve6", 3), resolveAny = called("resolveAny", 1), resolveCaa = called("resolveCaa", 2), resolveCname = called("resolveCname", 2), resolveMx = called("resolveMx", 2), resolveNaptr = called("resolveNaptr", 2), resolveNs = called("resolveNs", 2), resolvePtr = called("resolvePtr", 2), resolveSoa = called("resolveSoa", 2), resolveSrv = called("resolveSrv", 2), resolveTxt = called("resolveTxt", 2), reverse = called("reverse", 2);
export const lookup = Object.defineProperty(function lookup(hostname, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = {};
  }
  validateFunction(callback, "callback");
  module.lookup(hostname, options).then((found) => queueMicrotask(() => (Array.isArray(found) ? callback(null, found) : callback(null, found.address, found.family))), (error) => queueMicrotask(() => callback(error)));
}.bind(undefined), "name", { value: "bound lookup" });
export const getDefaultResultOrder = bound("getDefaultResultOrder", module.getDefaultResultOrder), getServers = bound("getServers", module.getServers), setDefaultResultOrder = bound("setDefaultResultOrder", module.setDefaultResultOrder), setServers = bound("setServers", module.setServers);
export default {
  getServers, lookup, lookupService, resolve, resolve4, resolve6, resolveAny, resolveCname, resolveCaa, resolveMx, resolveNaptr, resolveNs,
  resolvePtr, resolveSoa, resolveSrv, resolveTxt, reverse, setDefaultResultOrder, getDefaultResultOrder, setServers, Resolver, promises, ADDRCONFIG,
  ADDRGETNETWORKPARAMS, ALL, BADFAMILY, BADFLAGS, BADHINTS, BADNAME, BADQUERY, BADRESP, BADSTR, CANCELLED, CONNREFUSED, DESTRUCTION, EOF, FILE,
  FORMERR, LOADIPHLPAPI, NODATA, NOMEM, NONAME, NOTFOUND, NOTIMP, NOTINITIALIZED, REFUSED, SERVFAIL, TIMEOUT, V4MAPPED,
};
