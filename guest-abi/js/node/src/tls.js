// node:tls: connections that are sealed, and names in certificates.
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import process from "node:process";
import { scope } from "internal:errors";
import { Socket, _normalizeArgs, isIP } from "node:net";
import { kAdopt, kConnect } from "internal:node/net";
import { coded, ERR_INVALID_ARG_TYPE, ERR_METHOD_NOT_IMPLEMENTED, ERR_OUT_OF_RANGE, validateFunction, validateNumber, validateObject, validateString } from "internal:node/errors";

export const CLIENT_RENEG_LIMIT = 3, CLIENT_RENEG_WINDOW = 600, DEFAULT_CIPHERS = "", DEFAULT_ECDH_CURVE = "auto", DEFAULT_MAX_VERSION = "TLSv1.3", DEFAULT_MIN_VERSION = "TLSv1.2", rootCertificates = [];
const { defineProperty, setPrototypeOf } = Object;

// ---- What certificates are believed is the host's to say ----

export function SecureContext(secureProtocol, secureOptions, minVersion, maxVersion) {
  if (!(this instanceof SecureContext)) return new SecureContext(secureProtocol, secureOptions, minVersion, maxVersion);
  this.context = undefined;
}
export function createSecureContext(options = {}) {
  const { secureProtocol, secureOptions, minVersion, maxVersion } = options;
  return new SecureContext(secureProtocol, secureOptions, minVersion, maxVersion);
}
defineProperty(createSecureContext, "length", { value: 0 });

// ---- Connections ----

const REFUSED = ["ALPNProtocols", "SNICallback", "isServer", "requestCert", "server", "pskCallback", "enableTrace", "requestOCSP"];
const option = (name) => coded(Error, "ERR_OPTION_NOT_IMPLEMENTED", `The options.${name} option is not implemented`);
const absent = (name) => new Error(`${name} is not implemented`);

export function TLSSocket(socket, options) {
  if (!(this instanceof TLSSocket)) return new TLSSocket(socket, options);
  options = { ...options };
  for (const name of REFUSED) if (options[name]) throw option(name);
  if (options.checkServerIdentity !== undefined) {
    validateFunction(options.checkServerIdentity, "options.checkServerIdentity");
    if (scope.flags?.has("throw_on_not_implemented_tls_options")) throw option("checkServerIdentity");
  }
  const { secureContext } = options;
  if (secureContext !== undefined && !(secureContext instanceof SecureContext)) throw coded(TypeError, "ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext");
  if (socket !== undefined && socket !== null && !(socket instanceof Duplex)) throw ERR_INVALID_ARG_TYPE("duplex", "stream.Duplex", socket);
  Socket.call(this, { ...options, handle: undefined });
  this._tlsOptions = options;
  this.encrypted = true;
  this.authorized = false;
  this.servername = null;
  this.ssl = null;
  this.secureConnecting = true;
  this._parent = socket ?? null;
  if (options.servername) this.setServername(options.servername);
  if (socket instanceof Socket) take(this, socket);
}
setPrototypeOf(TLSSocket.prototype, Socket.prototype);
setPrototypeOf(TLSSocket, Socket);

// Takes the connection of another socket, and seals it.
function take(tls, raw) {
  const begin = () => {
    const handle = raw._handle;
    if (handle === null || raw.destroyed || tls.destroyed) return tls.destroy(coded(Error, "ERR_SOCKET_CLOSED", "Socket is closed"));
    raw._handle = null;
    const { servername, host } = tls._tlsOptions;
    const name = servername || host || handle.options.host;
    try {
      handle.socket = handle.socket.startTls({ expectedServerHostname: name });
    } catch (error) {
      return tls.destroy(error);
    }
    handle.open();
    handle.isReading = false;
    tls._handle = handle;
    handle.socket.opened.then(
      () => tls[kAdopt](handle),
      (error) => tls.destroy(error),
    );
  };
  tls.connecting = true;
  tls.once("close", () => raw.destroy());
  if (raw.connecting) {
    raw.once("connect", begin);
    raw.once("error", (error) => tls.destroy(error));
  } else if (raw._handle === null) tls.connecting = false;
  else begin();
}

const methods = {
  [kConnect](host, port, family, options) {
    // Another name than that of who is connected to is for when the connection is there.
    const { servername } = this._tlsOptions;
    const name = servername && servername !== host && !isIP(servername) ? servername : undefined;
    this._sealAs = name;
    Socket.prototype[kConnect].call(this, host, port, family, options, name === undefined ? "on" : "starttls");
  },
  [kAdopt](handle) {
    const name = this._sealAs;
    if (name !== undefined && this._handle === handle && !this.destroyed) {
      this._sealAs = undefined;
      handle.reader.releaseLock();
      handle.writer.releaseLock();
      handle.socket = handle.socket.startTls({ expectedServerHostname: name });
      handle.open();
      handle.socket.opened.then(
        () => this[kAdopt](handle),
        (error) => this.destroy(error),
      );
      return;
    }
    if (this._handle !== handle || this.destroyed) return;
    this._finishInit();
    Socket.prototype[kAdopt].call(this, handle);
  },
  _finishInit() {
    this.secureConnecting = false;
    this.authorized = true;
    this.connecting = false;
    this.emit("secureConnect");
    this.emit("secure");
  },
  _init() {},
  _wrapHandle(_wrap, _handle, _options) {},
  _releaseControl() {
    if (this._controlReleased) return false;
    this._controlReleased = true;
    return true;
  },
  _start() {},
  _handleTimeout() {
    this._emitTLSError(coded(Error, "ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout"));
  },
  _emitTLSError(error) {
    const shown = this._tlsError(error);
    if (shown) this.destroy(shown);
  },
  _tlsError(error) {
    return error;
  },
  _destroySSL() {},
  disableRenegotiation() {},
  // There is none in any version of TLS that is spoken, and `callback` is not told so.
  renegotiate(options, callback) {
    validateObject(options, "options");
    if (callback !== undefined) validateFunction(callback, "callback");
    return false;
  },
  exportKeyingMaterial(length, label, context) {
    validateNumber(length, "length");
    if (!(length >= 1 && length < 2 ** 32)) throw ERR_OUT_OF_RANGE("length", ">= 1 && < 4294967296", length);
    validateString(label, "label");
    if (context !== undefined && !ArrayBuffer.isView(context)) throw ERR_INVALID_ARG_TYPE("context", ["Buffer", "TypedArray", "DataView"], context);
    throw absent("exportKeyingMaterial");
  },
  setMaxSendFragment(size) {
    validateNumber(size, "size");
    return false;
  },
  setServername(name) {
    validateString(name, "name");
    this._tlsOptions.servername = name;
    this.servername = name;
  },
  setSession(_session) {},
  getPeerCertificate(_detailed) {
    throw absent("getPeerCertificate");
  },
  getCertificate() {
    throw absent("TLSSocket.getCertificate");
  },
  getPeerX509Certificate(_detailed) {
    throw absent("TLSSocket.getPeerX509Certificate");
  },
  getX509Certificate() {
    throw absent("TLSSocket.getX509Certificate");
  },
  setKeyCert(_context) {
    throw absent("TLSSocket.setKeyCert");
  },
};
for (const name of ["getCipher", "getSharedSigalgs", "getEphemeralKeyInfo", "getFinished", "getPeerFinished", "getProtocol", "getSession", "getTLSTicket", "isSessionReused", "enableTrace"]) {
  methods[name] = { [name]() { return null; } }[name];
}
Object.assign(TLSSocket.prototype, methods);
for (const key of [kConnect, kAdopt]) defineProperty(TLSSocket.prototype, key, { enumerable: false });

export function connect(...args) {
  const [first, callback] = _normalizeArgs(args);
  const options = { ...first };
  const more = args.find((arg, at) => at > 0 && typeof arg === "object" && arg !== null);
  if (more !== undefined) Object.assign(options, more);
  if (options.rejectUnauthorized !== undefined && !options.rejectUnauthorized) throw option("rejectUnauthorized");
  if (options.minDHSize !== undefined) validateNumber(options.minDHSize, "options.minDHSize");
  const socket = new TLSSocket(options.socket, options);
  if (callback !== null) socket.once("secureConnect", callback);
  if (!options.socket) {
    if (options.timeout) socket.setTimeout(options.timeout);
    socket.connect({ ...options, signal: undefined });
  }
  return socket;
}
defineProperty(connect, "length", { value: 0 });

// ---- What is not there ----

const refused = (name) => ({ [name]() { throw new Error("Not implemented"); } })[name];
export const createServer = refused("createServer"), getCiphers = refused("getCiphers");
export function Server() {
  throw new Error("Not implemented");
}
function securePair() {
  throw ERR_METHOD_NOT_IMPLEMENTED("createSecurePair");
}
Object.defineProperty(securePair, "name", { value: "createSecurePair" });
// What Node has ended with version 24.
export const createSecurePair = scope.flags?.has("remove_nodejs_compat_eol_v24") === true ? undefined : securePair;

// ---- Names ----

export function convertALPNProtocols(protocols, out) {
  if (Array.isArray(protocols)) {
    const parts = protocols.map((name, at) => {
      const bytes = Buffer.from(name);
      if (bytes.length > 255) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The byte length of the protocol at index ${at} exceeds the maximum length. It must be <= 255. Received ${bytes.length}`);
      return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    });
    out.ALPNProtocols = Buffer.concat(parts);
  } else if (ArrayBuffer.isView(protocols)) out.ALPNProtocols = Buffer.from(protocols.buffer, protocols.byteOffset, protocols.byteLength);
}

// Whether a name is one that a pattern stands for, whose first label may have one star in it.
function matches(host, pattern) {
  const one = host.toLowerCase().split("."), other = pattern.toLowerCase().replace(/\.$/, "").split(".");
  if (one.length !== other.length || other.includes("")) return false;
  if (one.slice(1).some((label, at) => label !== other[at + 1])) return false;
  const [first] = other;
  if (!first.includes("*")) return first === one[0];
  const parts = first.split("*");
  if (parts.length > 2 || other.length < 3 || first.includes("xn--")) return false;
  const [start, end] = parts;
  return one[0].length >= start.length + end.length && one[0].startsWith(start) && one[0].endsWith(end);
}

// The alternative names of a certificate; those with quotation marks are JSON.
function* alternatives(text) {
  for (const [, kind, quoted, plain] of text.matchAll(/(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g)) {
    yield [kind, quoted === undefined ? plain : JSON.parse(quoted)];
  }
}

export function checkServerIdentity(hostname, cert) {
  const { subject, subjectaltname: altnames } = cert;
  const host = `${hostname}`.replace(/\.$/, "");
  const all = altnames === undefined ? [] : [...alternatives(altnames)];
  const of = (kind) => all.filter(([known]) => known === kind).map(([, name]) => name);
  const names = of("DNS"), addresses = of("IP Address");
  let reason;
  if (isIP(host)) {
    if (!addresses.includes(host)) reason = `IP: ${host} is not in the cert's list: ${addresses.join(", ")}`;
  } else if (names.length > 0) {
    if (!names.some((name) => matches(host, name))) reason = `Host: ${host}. is not in the cert's altnames: ${altnames}`;
  } else if (subject?.CN !== undefined) {
    if (![].concat(subject.CN).some((name) => matches(host, name))) reason = `Host: ${host}. is not cert's CN: ${subject.CN}`;
  } else reason = "Cert does not contain a DNS name";
  if (reason === undefined) return undefined;
  return Object.assign(coded(Error, "ERR_TLS_CERT_ALTNAME_INVALID", reason), { reason, host: hostname, cert });
}
export default { SecureContext, Server, TLSSocket, connect, createSecureContext, createServer, checkServerIdentity, convertALPNProtocols, getCiphers, createSecurePair, CLIENT_RENEG_LIMIT, CLIENT_RENEG_WINDOW, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION, rootCertificates };
