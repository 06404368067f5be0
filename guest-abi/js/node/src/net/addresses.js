// Addresses of node:net: what is one, SocketAddress, BlockList and BoundSocket.
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, validateInteger, validateObject, validateOneOf, validateString, validateUint32 } from "internal:node/errors";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
export function isIPv4(text) {
  return IPV4.test(`${text}`);
}
// The eight groups of an address, or undefined.
function groupsOf(text) {
  text = `${text}`;
  const zone = text.indexOf("%");
  if (zone !== -1) {
    if (!/^%[0-9a-zA-Z\-.:]+$/.test(text.slice(zone))) return undefined;
    text = text.slice(0, zone);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const all = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = all.at(-1), end = last.at(-1);
  if (end !== undefined && end.includes(".")) {
    if (!isIPv4(end)) return undefined;
    const [a, b, c, d] = end.split(".").map(Number);
    last.splice(-1, 1, (a * 256 + b).toString(16), (c * 256 + d).toString(16));
  }
  const count = all.reduce((sum, half) => sum + half.length, 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const groups = [...all[0], ...Array(8 - count).fill("0"), ...(all[1] ?? [])];
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups.map((group) => parseInt(group, 16)) : undefined;
}
export function isIPv6(text) {
  return groupsOf(text) !== undefined;
}
export function isIP(text) {
  return isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0;
}

const custom = Symbol.for("nodejs.util.inspect.custom");
const FAMILIES = ["ipv4", "ipv6"];
const isOf = (address, family) => (family === "ipv6" ? isIPv6(address) : isIPv4(address));
// A port as a number; what names none is refused.
function portOf(port, name) {
  const isNumber = typeof port === "number" || (typeof port === "string" && port.trim() !== "");
  if (!isNumber || !Number.isInteger(Number(port)) || Number(port) < 0 || Number(port) > 65535) {
    throw coded(Error, "ERR_SOCKET_BAD_PORT", `${name} should be >= 0 and < 65536. Received ${typeof port}.`);
  }
  return Number(port);
}

export class SocketAddress {
  #facts;
  constructor(options = {}) {
    validateObject(options, "options");
    let { family = "ipv4", address, port = 0, flowlabel = 0 } = options;
    if (typeof family === "string") family = family.toLowerCase();
    validateOneOf(family, "options.family", FAMILIES);
    address ??= family === "ipv6" ? "::" : "127.0.0.1";
    validateString(address, "options.address");
    port = portOf(port, "options.port");
    validateUint32(flowlabel, "options.flowlabel");
    if (!isOf(address, family)) throw coded(TypeError, "ERR_INVALID_ADDRESS", "Invalid socket address");
    this.#facts = { address, port, family, flowlabel };
  }
  get address() {
    return this.#facts.address;
  }
  get port() {
    return this.#facts.port;
  }
  get family() {
    return this.#facts.family;
  }
  get flowlabel() {
    return this.#facts.flowlabel;
  }
  toJSON() {
    return { ...this.#facts };
  }
  [custom](depth, options, inspect) {
    return depth < 0 ? this : `SocketAddress ${inspect(this.toJSON(), { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
  }
  static isSocketAddress(value) {
    return typeof value === "object" && value !== null && #facts in value;
  }
  // As the authority of a URL; a port that is HTTP's own is none.
  static parse(input) {
    validateString(input, "input");
    const url = URL.parse(`http://${input}`);
    if (url === null || url.username !== "" || input.includes("://")) return undefined;
    const { hostname, port } = url;
    const address = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
    if (!isIP(address)) return undefined;
    return new SocketAddress({ address, port: port === "" ? 0 : Number(port), family: isIPv6(address) ? "ipv6" : "ipv4" });
  }
}

const numberOf = (address) => (isIPv4(address) ? address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) : groupsOf(address).reduce((sum, group) => sum * 65536n + BigInt(group), 0n));
// The IPv4 address that an IPv6 one stands for.
const mappedOf = (number) => (number >> 32n === 0xffffn ? number & 0xffffffffn : undefined);
const shown = (kind) => (kind === "ipv6" ? "IPv6" : "IPv4");
export class BlockList {
  #rules = [];
  static isBlockList(value) {
    return typeof value === "object" && value !== null && #rules in value;
  }
  #familyOf(address, family, name) {
    if (SocketAddress.isSocketAddress(address)) return [address.address, address.family];
    validateString(address, name);
    validateOneOf(family, "family", FAMILIES);
    return [address, family];
  }
  #check(address, family, name = "address") {
    const [text, kind] = this.#familyOf(address, family, name);
    if (!isOf(text, kind)) throw coded(TypeError, "ERR_INVALID_IP_ADDRESS", `Invalid IP address: Invalid ${shown(kind)} address`);
    return [text, kind];
  }
  addAddress(address, family = "ipv4") {
    const [from, kind] = this.#check(address, family);
    this.#rules.unshift({ text: `Address: ${shown(kind)} ${from}`, kind, from: numberOf(from), to: numberOf(from) });
  }
  addRange(start, end, family = "ipv4") {
    for (const [value, name] of [[start, "start"], [end, "end"]]) this.#familyOf(value, family, name);
    const [from, kind] = this.#check(start, family, "start"), [to] = this.#check(end, family, "end");
    if (numberOf(from) > numberOf(to)) throw ERR_INVALID_ARG_VALUE("start", start, "must come before end");
    this.#rules.unshift({ text: `Range: ${shown(kind)} ${from}-${to}`, kind, from: numberOf(from), to: numberOf(to) });
  }
  addSubnet(network, prefix, family = "ipv4") {
    const [text, named] = this.#familyOf(network, family, "network");
    const width = named === "ipv6" ? 128 : 32;
    validateInteger(prefix, "prefix");
    if (prefix < 0 || prefix > width) throw ERR_OUT_OF_RANGE("prefix", `between 0 and ${width}`, prefix);
    const [base, kind] = this.#check(network, family, "network");
    const bits = BigInt(width - prefix);
    const from = (numberOf(base) >> bits) << bits;
    this.#rules.unshift({ text: `Subnet: ${shown(kind)} ${base}/${prefix}`, kind, from, to: from + (1n << bits) - 1n });
  }
  check(address, family = "ipv4") {
    const [text, kind] = this.#familyOf(address, family, "address");
    if (!isOf(text, kind)) return false;
    const value = numberOf(text);
    const mapped = kind === "ipv6" ? mappedOf(value) : undefined;
    return this.#rules.some((rule) => {
      const sought = rule.kind === kind ? value : rule.kind === "ipv4" ? mapped : undefined;
      return sought !== undefined && sought >= rule.from && sought <= rule.to;
    });
  }
  get rules() {
    return this.#rules.map(({ text }) => text).reverse();
  }
  toJSON() {
    return this.rules;
  }
  // Takes the rules of another list; what is none is passed over.
  fromJSON(data) {
    if (typeof data === "string") {
      try {
        data = JSON.parse(data);
      } catch {
        throw ERR_INVALID_ARG_VALUE("data", data, "must be valid JSON");
      }
    }
    if (!Array.isArray(data)) throw ERR_INVALID_ARG_TYPE("data", "Array", data);
    for (const item of data) {
      const [, what, version, rest] = /^(Address|Range|Subnet): IPv([46]) (.*)$/.exec(item) ?? [];
      if (what === undefined) continue;
      const family = `ipv${version}`;
      const [first, last] = rest.split(what === "Range" ? "-" : "/");
      if (!isOf(first, family)) continue;
      if (what === "Address") this.addAddress(first, family);
      else if (what === "Subnet") this.addSubnet(first, Number(last), family);
      else if (isOf(last, family)) this.addRange(first, last, family);
    }
  }
  [custom](depth, options, inspect) {
    return depth < 0 ? "[BlockList]" : `BlockList ${inspect({ rules: this.rules }, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
  }
}

// A port that was bound and is listened on by nobody.
let nextPort = 49152;
export class BoundSocket {
  #address;
  constructor({ host = "0.0.0.0", port = 0 } = {}) {
    this.#address = { address: host, family: isIPv6(host) ? "IPv6" : "IPv4", port: port || nextPort++ };
  }
  static isBoundSocket(value) {
    return typeof value === "object" && value !== null && #address in value;
  }
  address() {
    return { ...this.#address };
  }
  close() {}
  fd() {
    return -1;
  }
  [Symbol.dispose]() {
    this.close();
  }
}
