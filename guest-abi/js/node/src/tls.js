// node:tls: names in certificates. Connections are not there yet.
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import { coded, ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export const CLIENT_RENEG_LIMIT = 3, CLIENT_RENEG_WINDOW = 600, DEFAULT_CIPHERS = "", DEFAULT_ECDH_CURVE = "auto", DEFAULT_MAX_VERSION = "TLSv1.3", DEFAULT_MIN_VERSION = "TLSv1.2", rootCertificates = [];
export function SecureContext(secureProtocol, secureOptions, minVersion, maxVersion) {
  if (!(this instanceof SecureContext)) return new SecureContext(secureProtocol, secureOptions, minVersion, maxVersion);
  this.context = undefined;
}
export function createSecureContext(options) {
  return new SecureContext();
}
Object.defineProperty(createSecureContext, "length", { value: 0 });
export class TLSSocket extends Socket {
  constructor(socket, options) {
    super(options);
    this.encrypted = true;
    this.authorized = false;
  }
}
export function connect(...args) {
  const options = typeof args[0] === "object" && args[0] !== null ? args[0] : { port: args[0] };
  return new TLSSocket(undefined, options).connect(options, ...args.filter((arg) => typeof arg === "function"));
}
const refused = (name) => ({ [name]() { throw new Error("Not implemented"); } })[name];
export const createServer = refused("createServer"), getCiphers = refused("getCiphers");
export function Server() {
  throw new Error("Not implemented");
}
export function createSecurePair() {
  throw ERR_METHOD_NOT_IMPLEMENTED("createSecurePair");
}
export function convertALPNProtocols(protocols, out) {
  if (Array.isArray(protocols)) out.ALPNProtocols = Buffer.concat(protocols.flatMap((name) => [Buffer.from([Buffer.byteLength(name)]), Buffer.from(name)]));
  else if (ArrayBuffer.isView(protocols)) out.ALPNProtocols = Buffer.from(protocols);
}
function matches(host, pattern) {
  const one = host.toLowerCase().split("."), other = pattern.toLowerCase().split(".");
  if (one.length !== other.length) return false;
  return other.every((part, at) => part === one[at] || (at === 0 && part === "*" && other.length > 2));
}
export function checkServerIdentity(hostname, cert) {
  const names = (cert.subjectaltname ?? "").split(", ").filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4));
  const host = `${hostname}`.replace(/\.$/, "");
  let reason;
  if (names.length > 0) {
    if (!names.some((name) => matches(host, name))) reason = `Host: ${host}. is not in the cert's altnames: ${cert.subjectaltname}`;
  } else if (cert.subject?.CN === undefined) reason = "Cert does not contain a DNS name";
  else if (![].concat(cert.subject.CN).some((name) => matches(host, name))) reason = `Host: ${host}. is not cert's CN: ${cert.subject.CN}`;
  if (reason === undefined) return undefined;
  return Object.assign(coded(Error, "ERR_TLS_CERT_ALTNAME_INVALID", reason), { reason, host: hostname, cert });
}
export default { CLIENT_RENEG_LIMIT, CLIENT_RENEG_WINDOW, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION, SecureContext, Server, TLSSocket, checkServerIdentity, connect, convertALPNProtocols, createSecureContext, createSecurePair, createServer, getCiphers, rootCertificates };
