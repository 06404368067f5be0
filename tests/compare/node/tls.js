// flags: nodejs_compat
// Names in certificates and what is asked of a context, of node:tls.
import tls from "node:tls";
const told = (e) => e === undefined || e === null ? e : e instanceof Error ? `${e?.name}: ${e?.code}: ${e?.message} ${Object.keys(e)}` : e;
const tried = (f) => { try { return f(); } catch (e) { return told(e); } };
export default { async fetch() {
  const f = {};
  const sc = [{ca: 5},{cert: 5},{key: 5},{pfx: "x"},{ciphers: 5},{ciphers:"x"},{minVersion:"x"},{maxVersion:"TLSv1.3"},{secureProtocol:"x"},{ecdhCurve:5},{dhparam:5},{sigalgs:5},{crl:5},{passphrase:5},{honorCipherOrder:5},{sessionIdContext:5},{ticketKeys:5},{secureOptions:5},{clientCertEngine:"x"},{privateKeyEngine:"x"},{allowPartialTrustChain:5}, {ALPNProtocols:["a"]}, 5];
  f.sc = sc.map((o) => [JSON.stringify(o), tried(() => JSON.stringify(tls.createSecureContext(o)))]);
  f.alpn = tried(() => { const o = {}; tls.convertALPNProtocols(["h2", "http/1.1"], o); return [...o.ALPNProtocols]; });
  f.alpn2 = tried(() => { const o = {}; tls.convertALPNProtocols(["x".repeat(300)], o); return 1; });
  const ci = [["a.com", { subject: { CN: "a.com" } }], ["a.com", { subject: { CN: "b.com" } }], ["a.com", { subject: {} }], ["a.com", {}], ["a.com", { subjectaltname: "DNS:b.com, DNS:*.a.com", subject: {} }], ["x.a.com", { subjectaltname: "DNS:*.a.com", subject: {} }], ["127.0.0.1", { subjectaltname: "IP Address:127.0.0.1", subject: {} }], ["127.0.0.1", { subjectaltname: "IP Address:127.0.0.2", subject: {} }], ["127.0.0.1", { subject: { CN: "127.0.0.1" } }], ["a.com", { subjectaltname: "URI:http://a.com/", subject: { CN: "a.com" } }], ["a.com.", { subjectaltname: "DNS:a.com", subject: {} }], ["a.b.a.com", { subjectaltname: "DNS:*.a.com", subject: {} }], ["foo.a.com", { subjectaltname: "DNS:f*.a.com", subject: {} }], ["a.com", { subject: { CN: ["b.com", "a.com"] } }], ["a.com", { subjectaltname: "DNS:\"a.com\"", subject: {} }], ["com", { subjectaltname: "DNS:*", subject: {} }], ["A.com", { subjectaltname: "DNS:a.COM", subject: {} }], ["::1", { subjectaltname: "IP Address:::1", subject: {} }], [undefined, { subject: { CN: "a.com" } }], ["xn--a.com", { subjectaltname: "DNS:*.com", subject: {} }]];
  f.ci = ci.map(([h, c]) => tried(() => told(tls.checkServerIdentity(h, c)) ?? "ok"));
  return Response.json(f);
} };
