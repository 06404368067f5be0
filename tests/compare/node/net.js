// flags: nodejs_compat
// Addresses, and what sockets look like before they are connected, of node:net and node:tls.
import net from "node:net";
import tls from "node:tls";
import * as netns from "node:net";
const told = (e) => `${e?.name}: ${e?.code}: ${e?.message}`;
const tried = (f) => { try { return f(); } catch (e) { return told(e); } };
const shape = (o) => Object.fromEntries(Object.getOwnPropertyNames(o).sort().map((k) => { const d = Object.getOwnPropertyDescriptor(o, k); return [k, d.get || d.set ? `${d.get ? "g" : ""}${d.set ? "s" : ""}${d.enumerable ? "e" : ""}` : typeof d.value === "function" ? `f${d.value.length}${d.enumerable ? "e" : ""}` : `${typeof d.value}${d.enumerable ? "e" : ""}`]; }));
export default { async fetch() {
  const f = {};
  f.names = Object.keys(net); f.ns = Object.keys(netns).sort();
  f.tnames = Object.keys(tls);
  f.proto = shape(net.Socket.prototype); f.statics = shape(net.Socket);
  f.sproto = shape(net.Server.prototype);
  f.tproto = shape(tls.TLSSocket.prototype);
  f.kinds = Object.fromEntries(Object.entries(tls).map(([k, v]) => [k, `${typeof v} ${v?.length} ${String(v).slice(0, 10)}`]));
  const s = new net.Socket();
  f.own = Object.keys(s).sort();
  f.state = [s.connecting, s.pending, s.readyState, s.bytesRead, s.bytesWritten, s.destroyed, s.timeout, s.allowHalfOpen, s.readable, s.writable, s.remoteAddress, s.remotePort, s.localAddress, s.localPort, s.remoteFamily, s.localFamily, s.autoSelectFamilyAttemptedAddresses, s.bufferSize, s._handle];
  f.ret = [s.setTimeout(10) === s, s.setNoDelay() === s, s.setKeepAlive() === s, s.ref() === s, s.unref() === s, JSON.stringify(s.address())];
  f.bad = [tried(() => s.connect()), tried(() => s.connect({})), tried(() => net.connect({ port: 70000 })), tried(() => net.connect({ port: "x" })), tried(() => net.connect({ path: "/x" })), tried(() => net.connect("/tmp/sock")), tried(() => net.connect({ port: 1, localAddress: "x" })), tried(() => net.connect({port: 1, lookup: 5})), tried(() => net.connect({fd: 1})), tried(() => new net.Socket({fd:1})), tried(() => new net.Socket({handle:{}})), tried(() => new net.Socket({objectMode:true})), tried(() => new net.Socket({onread: 5})), tried(() => new net.Socket({signal: 5}))].map(String);
  f.createServer = [tried(() => String(net.createServer())), tried(() => String(new net.Server())), tried(() => net.createServer().listen(5))].map(String);
  f.tls = ["createServer", "Server", "createSecurePair", "getCiphers"].map((n) => tried(() => String(tls[n]())));
  f.tlsc = [tried(() => tls.connect()), tried(() => tls.connect({})), tried(() => tls.connect({ port: "x" }))].map((x) => String(x).slice(0, 90));
  f.tlsopts = ["ALPNProtocols","SNICallback","ca","cert","key","pfx","ciphers","checkServerIdentity","session","minVersion","maxVersion","secureContext","servername","rejectUnauthorized","requestCert","isServer","server","pskCallback","enableTrace","requestOCSP","minDHSize","highWaterMark"].map((k) => [k, tried(() => String(new tls.TLSSocket(new net.Socket(), { [k]: k === "isServer" || k === "requestCert" || k==="rejectUnauthorized" || k==="enableTrace" || k==="requestOCSP" ? true : k === "checkServerIdentity" || k==="SNICallback"||k==="pskCallback" ? () => {} : "a" })))]);
  const t = new tls.TLSSocket(new net.Socket());
  f.tstate = [t.encrypted, t.authorized, t.authorizationError, t.alpnProtocol, t.servername, t.ssl, t.secureConnecting];
  f.tcalls = Object.getOwnPropertyNames(tls.TLSSocket.prototype).filter((k) => typeof Object.getOwnPropertyDescriptor(tls.TLSSocket.prototype, k).value === "function" && k !== "constructor" && !k.startsWith("_")).map((k) => [k, tried(() => String(JSON.stringify(t[k]())))]);
  f.sc = [tried(() => JSON.stringify(Object.keys(tls.createSecureContext()))), tried(() => JSON.stringify(Object.keys(tls.createSecureContext({ca: "x"}))))];
  f.norm = JSON.stringify([net._normalizeArgs([80, "h", () => {}]), net._normalizeArgs([{ port: 1 }]), net._normalizeArgs(["/x"]), net._normalizeArgs([]), net._normalizeArgs(["80"])]);
  return Response.json(f);
} };
