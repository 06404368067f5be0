// node:https. See internal:node/http.
import { Agent as PlainAgent, optionsOfUrl, request as ask, Server as PlainServer } from "internal:node/http";

export class Agent extends PlainAgent {
  constructor(options) {
    const { defaultPort = 443, protocol = "https:" } = options ?? {};
    super({ ...options, defaultPort, protocol });
    this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
  }
  getName(options = {}) {
    return `${super.getName(options)}:${["ca", "cert", "clientCertEngine", "ciphers", "key", "pfx", "rejectUnauthorized", "servername", "minVersion", "maxVersion", "secureProtocol", "crl", "honorCipherOrder", "ecdhCurve", "dhparam", "secureOptions", "sessionIdContext", "sigalgs", "privateKeyIdentifier", "privateKeyEngine"].map((name) => (name === "servername" && options[name] === options.host ? "" : (options[name] ?? ""))).join(":")}`;
  }
}
export const globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

export function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  PlainServer.call(this, options, listener);
}
Object.defineProperty(Server, "length", { value: 0 });
Object.setPrototypeOf(Server.prototype, PlainServer.prototype);
Object.setPrototypeOf(Server, PlainServer);
for (const name of ["addContext", "getTicketKeys", "setSecureContext", "setTicketKeys"]) Server.prototype[name] = { [name]() {} }[name];

export function createServer(options, listener) {
  return new Server(options, listener);
}
export function request(...args) {
  let options = {};
  if (typeof args[0] === "string") {
    let url;
    try {
      url = new URL(args.shift());
    } catch {
      throw new TypeError("Invalid URL string.");
    }
    options = optionsOfUrl(url);
  } else if (args[0] instanceof URL) options = optionsOfUrl(args.shift());
  if (args[0] && typeof args[0] !== "function") Object.assign(options, args.shift());
  return ask({ ...options, _defaultAgent: globalAgent }, args[0]);
}
export function get(input, options, callback) {
  const made = request(...[input, options, callback].filter((it) => it !== undefined));
  made.end();
  return made;
}
export default { get, request, Agent, globalAgent, createServer, Server };
