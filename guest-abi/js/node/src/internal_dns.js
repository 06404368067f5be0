// Names looked up by DNS over HTTPS, as in the field. Part of node:dns and node:dns/promises.
import { ERR_INVALID_ARG_VALUE, validateOneOf, validateString } from "internal:node/errors";
import { isIP } from "node:net";

export const CODES = { ADDRCONFIG: 1024, ADDRGETNETWORKPARAMS: "EADDRGETNETWORKPARAMS", ALL: 256, BADFAMILY: "EBADFAMILY", BADFLAGS: "EBADFLAGS", BADHINTS: "EBADHINTS", BADNAME: "EBADNAME", BADQUERY: "EBADQUERY", BADRESP: "EBADRESP", BADSTR: "EBADSTR", CANCELLED: "ECANCELLED", CONNREFUSED: "ECONNREFUSED", DESTRUCTION: "EDESTRUCTION", EOF: "EOF", FILE: "EFILE", FORMERR: "EFORMERR", LOADIPHLPAPI: "ELOADIPHLPAPI", NODATA: "ENODATA", NOMEM: "ENOMEM", NONAME: "ENONAME", NOTFOUND: "ENOTFOUND", NOTIMP: "ENOTIMP", NOTINITIALIZED: "ENOTINITIALIZED", REFUSED: "EREFUSED", SERVFAIL: "ESERVFAIL", TIMEOUT: "ETIMEOUT", V4MAPPED: 2048 };
const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, NAPTR: 35, CAA: 257 };
const SERVERS = ["1.1.1.1", "2606:4700:4700::1111", "1.0.0.1", "2606:4700:4700::1001"];
const URL_OF = "https://cloudflare-dns.com/dns-query";
const { fetch } = globalThis;
const failed = (code, call, name) => Object.assign(new Error(`${call} ${code} ${name}`), { code, errno: undefined, syscall: call, hostname: name });

async function ask(name, type, call) {
  validateString(name, "name");
  const response = await fetch(`${URL_OF}?name=${encodeURIComponent(name)}&type=${type}`, { headers: { accept: "application/dns-json" } });
  if (!response.ok) throw failed("ESERVFAIL", call, name);
  const { Status: status, Answer: answer = [] } = await response.json();
  if (status === 3) throw failed("ENOTFOUND", call, name);
  if (status !== 0) throw failed("ESERVFAIL", call, name);
  const found = answer.filter((it) => it.type === TYPES[type]);
  if (found.length === 0) throw failed("ENODATA", call, name);
  return found;
}
const plain = (name) => name.replace(/\.$/, "");
const READ = {
  A: ({ data }) => data,
  AAAA: ({ data }) => data,
  CNAME: ({ data }) => plain(data),
  NS: ({ data }) => plain(data),
  PTR: ({ data }) => plain(data),
  TXT: ({ data }) => (data.match(/"((?:[^"\\]|\\.)*)"/g) ?? [data]).map((part) => part.replace(/^"|"$/g, "").replace(/\\(.)/g, "$1")),
  MX: ({ data }) => {
    const [priority, exchange] = data.split(" ");
    return { exchange: plain(exchange), priority: Number(priority) };
  },
  SRV: ({ data }) => {
    const [priority, weight, port, name] = data.split(" ");
    return { name: plain(name), port: Number(port), priority: Number(priority), weight: Number(weight) };
  },
  SOA: ({ data }) => {
    const [nsname, hostmaster, serial, refresh, retry, expire, minttl] = data.split(" ");
    return { nsname: plain(nsname), hostmaster: plain(hostmaster), serial: Number(serial), refresh: Number(refresh), retry: Number(retry), expire: Number(expire), minttl: Number(minttl) };
  },
  CAA: ({ data }) => {
    const [critical, tag, value] = data.split(" ");
    return { critical: Number(critical), [tag]: value?.replace(/^"|"$/g, "") };
  },
  NAPTR: ({ data }) => {
    const [order, preference, flags, service, regexp, replacement] = data.split(" ").map((part) => part.replace(/^"|"$/g, ""));
    return { flags, service, regexp, replacement, order: Number(order), preference: Number(preference) };
  },
};
export async function records(name, type, options) {
  const found = await ask(name, type, `query${type[0]}${type.slice(1).toLowerCase()}`);
  if (type === "SOA") return READ.SOA(found[0]);
  return found.map((it) => (options?.ttl && (type === "A" || type === "AAAA") ? { address: it.data, ttl: it.TTL } : READ[type](it)));
}
export async function resolve(name, type = "A") {
  validateString(name, "name");
  if (READ[type] === undefined) throw ERR_INVALID_ARG_VALUE("rrtype", type);
  return records(name, type);
}
export async function lookup(name, options = {}) {
  const family = typeof options === "number" ? options : options === null ? 0 : Number(String(options.family ?? 0).replace("IPv", ""));
  const { all = false } = Object(options);
  const given = isIP(name);
  let found;
  if (given) found = [{ address: name, family: given }];
  else {
    found = [];
    for (const [type, number] of [["A", 4], ["AAAA", 6]]) {
      if (family !== 0 && family !== number) continue;
      found.push(...(await records(name, type).catch(() => [])).map((address) => ({ address, family: number })));
    }
    if (found.length === 0) throw failed("ENOTFOUND", "getaddrinfo", name);
  }
  return all ? found : found[0];
}
export async function reverse(ip) {
  const kind = isIP(ip);
  if (kind === 0) throw failed("EINVAL", "getHostByAddr", ip);
  if (kind === 4) return records(`${ip.split(".").reverse().join(".")}.in-addr.arpa`, "PTR");
  const [head, tail = ""] = ip.split("::");
  const groups = head === "" ? [] : head.split(":"), rest = tail === "" ? [] : tail.split(":");
  const full = ip.includes("::") ? [...groups, ...Array(8 - groups.length - rest.length).fill("0"), ...rest] : groups;
  return records(`${full.map((group) => group.padStart(4, "0")).join("").split("").reverse().join(".")}.ip6.arpa`, "PTR");
}
export function getServers() {
  return [...SERVERS];
}
export function setServers() {
  throw new Error("Not implemented");
}
let order = "verbatim";
export function getDefaultResultOrder() {
  return order;
}
export function setDefaultResultOrder(value) {
  validateOneOf(value, "dnsOrder", ["verbatim", "ipv4first", "ipv6first"]);
  order = value;
}
export async function refuse() {
  throw new Error("Not implemented");
}
