// node:dns/promises. See internal:node/dns.
import { CODES, getDefaultResultOrder, getServers, lookup as find, records, refuse, resolve as ask, reverse as back, setDefaultResultOrder, setServers } from "internal:node/dns";

export const { ADDRCONFIG, ADDRGETNETWORKPARAMS, ALL, BADFAMILY, BADFLAGS, BADHINTS, BADNAME, BADQUERY, BADRESP, BADSTR, CANCELLED, CONNREFUSED, DESTRUCTION, EOF, FILE, FORMERR, LOADIPHLPAPI, NODATA, NOMEM, NONAME, NOTFOUND, NOTIMP, NOTINITIALIZED, REFUSED, SERVFAIL, TIMEOUT, V4MAPPED } = CODES;
const of = (name, type, length) => Object.defineProperty({ [name]: async (host) => records(host, type) }[name], "length", { value: length });
export const resolveCname = of("resolveCname", "CNAME", 1), resolveMx = of("resolveMx", "MX", 1), resolveNaptr = of("resolveNaptr", "NAPTR", 1), resolveNs = of("resolveNs", "NS", 1), resolvePtr = of("resolvePtr", "PTR", 1), resolveSoa = of("resolveSoa", "SOA", 1), resolveSrv = of("resolveSrv", "SRV", 1), resolveTxt = of("resolveTxt", "TXT", 1), resolveCaa = of("resolveCaa", "CAA", 1);
export async function resolve4(name, options) {
  return records(name, "A", options);
}
export async function resolve6(name, options) {
  return records(name, "AAAA", options);
}
export async function resolve(name, rrtype) {
  return ask(name, rrtype);
}
export async function lookup(hostname, options) {
  return find(hostname, options);
}
export async function reverse(ip) {
  return back(ip);
}
export const lookupService = { async lookupService() { return refuse(); } }.lookupService, resolveAny = { async resolveAny() { return refuse(); } }.resolveAny;
export class Resolver {
  cancel() {
    throw new Error("Not implemented");
  }
  setLocalAddress() {
    throw new Error("Not implemented");
  }
}
Object.assign(Resolver.prototype, { getServers, resolve, resolve4, resolve6, resolveAny, resolveCaa, resolveCname, resolveMx, resolveNaptr, resolveNs, resolvePtr, resolveSoa, resolveSrv, resolveTxt, reverse, setServers });
export { getDefaultResultOrder, getServers, setDefaultResultOrder, setServers };
export default {
  reverse, resolveTxt, resolveCaa, resolveMx, resolveCname, resolveNs, resolvePtr, resolveSrv, resolveSoa, resolveNaptr, resolve4, resolve6,
  getServers, setServers, getDefaultResultOrder, setDefaultResultOrder, lookup, lookupService, resolve, resolveAny, Resolver, NODATA, FORMERR,
  SERVFAIL, NOTFOUND, NOTIMP, REFUSED, BADQUERY, BADNAME, BADFAMILY, BADRESP, CONNREFUSED, TIMEOUT, EOF, FILE, NOMEM, DESTRUCTION, BADSTR, BADFLAGS,
  NONAME, BADHINTS, NOTINITIALIZED, LOADIPHLPAPI, ADDRGETNETWORKPARAMS, CANCELLED,
};
