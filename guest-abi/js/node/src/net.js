// node:net: addresses. Connections are not there yet: sockets can be made and fail to connect.
import { Duplex } from "node:stream";
import { EventEmitter } from "node:events";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_METHOD_NOT_IMPLEMENTED, validateObject, validateString } from "internal:node/errors";

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

export class SocketAddress {
  #facts;
  constructor(options = {}) {
    validateObject(options, "options");
    const { family = "ipv4", address = family === "ipv6" ? "::" : "127.0.0.1", port = 0, flowlabel = 0 } = options;
    if (family.toLowerCase() !== "ipv4" && family.toLowerCase() !== "ipv6") throw ERR_INVALID_ARG_VALUE("options.family", family);
    if (!isIP(address)) throw coded(Error, "ERR_INVALID_ADDRESS", "Invalid address");
    this.#facts = { address, port, family: family.toLowerCase(), flowlabel };
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
}

const numberOf = (address) => (isIPv4(address) ? address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) : groupsOf(address).reduce((sum, group) => sum * 65536n + BigInt(group), 0n));
export class BlockList {
  #rules = [];
  #check(address, family, name = "address") {
    if (address instanceof SocketAddress) return [address.address, address.family];
    validateString(address, name);
    family = (family ?? "ipv4").toLowerCase();
    if (family === "ipv6" ? !isIPv6(address) : !isIPv4(address)) throw coded(Error, "ERR_INVALID_ADDRESS", "Invalid address");
    return [address, family];
  }
  addAddress(address, family) {
    const [from, kind] = this.#check(address, family);
    this.#rules.unshift({ text: `Address: ${shown(kind)} ${from}`, kind, from: numberOf(from), to: numberOf(from) });
  }
  addRange(start, end, family) {
    const [from, kind] = this.#check(start, family, "start"), [to] = this.#check(end, family, "end");
    if (numberOf(from) > numberOf(to)) throw ERR_INVALID_ARG_VALUE("start", start, "must come before end");
    this.#rules.unshift({ text: `Range: ${shown(kind)} ${from}-${to}`, kind, from: numberOf(from), to: numberOf(to) });
  }
  addSubnet(network, prefix, family) {
    const [base, kind] = this.#check(network, family, "network");
    const bits = BigInt((kind === "ipv6" ? 128 : 32) - prefix);
    const from = (numberOf(base) >> bits) << bits;
    this.#rules.unshift({ text: `Subnet: ${shown(kind)} ${base}/${prefix}`, kind, from, to: from + (1n << bits) - 1n });
  }
  check(address, family) {
    const [text, kind] = this.#check(address, family);
    const value = numberOf(text);
    return this.#rules.some((rule) => rule.kind === kind && value >= rule.from && value <= rule.to);
  }
  get rules() {
    return this.#rules.map(({ text }) => text).reverse();
  }
  toJSON() {
    return this.rules;
  }
  fromJSON() {
    throw ERR_METHOD_NOT_IMPLEMENTED("BlockList.fromJSON");
  }
}
const shown = (kind) => (kind === "ipv6" ? "IPv6" : "IPv4");

export class BoundSocket {
  constructor() {
    throw ERR_METHOD_NOT_IMPLEMENTED("BoundSocket");
  }
  address() {}
  close() {}
  get fd() {
    return -1;
  }
}

export function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  Duplex.call(this, { allowHalfOpen: false, ...options });
  this.connecting = false;
  this.bytesRead = 0;
  this.bytesWritten = 0;
  this.timeout = 0;
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);
Object.assign(Socket.prototype, {
  connect(...args) {
    const callback = args.at(-1);
    if (typeof callback === "function") this.once("connect", callback);
    queueMicrotask(() => this.destroy(coded(Error, "ERR_METHOD_NOT_IMPLEMENTED", "The net.Socket.connect method is not implemented")));
    return this;
  },
  _read() {},
  _write(chunk, encoding, callback) {
    callback(Object.assign(new Error("This socket is not connected"), { code: "ENOTCONN" }));
  },
  _final(callback) {
    callback();
  },
  address() {
    return {};
  },
  setTimeout() {
    return this;
  },
  setNoDelay() {
    return this;
  },
  setKeepAlive() {
    return this;
  },
  ref() {
    return this;
  },
  unref() {
    return this;
  },
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", this.destroy);
  },
});
for (const [name, get] of [["pending", () => true], ["readyState", () => "open"], ["bufferSize", function () { return this.writableLength; }]]) Object.defineProperty(Socket.prototype, name, { get, configurable: true });

export function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  EventEmitter.call(this);
  if (typeof options === "function") {
    listener = options;
    options = {};
  }
  if (listener) this.on("connection", listener);
  const { allowHalfOpen = false, pauseOnConnect = false, noDelay = false, keepAlive = false, keepAliveInitialDelay = 0 } = options ?? {};
  Object.assign(this, { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay });
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);
Object.assign(Server.prototype, {
  // Nothing comes in but requests; a server can listen and hears nobody.
  listen() {
    return this;
  },
  close(callback) {
    if (callback) this.once("close", callback);
    queueMicrotask(() => this.emit("close"));
    return this;
  },
  address() {
    return null;
  },
  getConnections(callback) {
    queueMicrotask(() => callback(null, 0));
    return this;
  },
  ref() {
    return this;
  },
  unref() {
    return this;
  },
});
Object.defineProperty(Server.prototype, "listening", { get: () => false, configurable: true });
export function createServer(options, listener) {
  return new Server(options, listener);
}
export function _normalizeArgs(args) {
  const callback = typeof args.at(-1) === "function" ? args.at(-1) : null;
  const options = typeof args[0] === "object" && args[0] !== null ? args[0] : { port: args[0], ...(typeof args[1] === "string" && { host: args[1] }) };
  return [options, callback];
}
export function connect(...args) {
  const [options, callback] = _normalizeArgs(args);
  return new Socket(options).connect(options, ...(callback === null ? [] : [callback]));
}
let select = false, attempt = 10;
export function getDefaultAutoSelectFamily() {
  return select;
}
export function setDefaultAutoSelectFamily(value) {
  if (typeof value !== "boolean") throw ERR_INVALID_ARG_TYPE("value", "boolean", value);
  select = value;
}
export function getDefaultAutoSelectFamilyAttemptTimeout() {
  return attempt;
}
export function setDefaultAutoSelectFamilyAttemptTimeout(value) {
  attempt = Math.max(10, value);
}
export { connect as createConnection, Socket as Stream };
export default { BlockList, BoundSocket, Server, Socket, SocketAddress, Stream: Socket, _normalizeArgs, connect, createConnection: connect, createServer, getDefaultAutoSelectFamily, getDefaultAutoSelectFamilyAttemptTimeout, isIP, isIPv4, isIPv6, setDefaultAutoSelectFamily, setDefaultAutoSelectFamilyAttemptTimeout };
