// Addresses of node:net: SocketAddress, BlockList, BoundSocket, and what they refuse.
// flags: nodejs_compat
import net from "node:net";
import util from "node:util";
const err = (e) => (e && typeof e === "object" ? `${e.name} ${e.code} ${e.message}` : String(e));
const T = (f) => { try { const r = f(); return typeof r === "string" ? r : util.inspect(r); } catch (e) { return `throws ${err(e)}`; } };
export default {
  async fetch() {
    const o = {};
  const B = net.BlockList, S = net.SocketAddress; const b = () => new B();
  o.block = []; for (const a of [[], [1], ['x'], ['1.2.3.4', 1], ['1.2.3.4', 'IPv4'], ['1.2.3.4', 'ipv6'], ['::1', 'ipv6'], ['::1', 'ipv4'], [new S()], [new S(), 'x'], ['1.2.3.4', null], [null], [{}], ['::1%eth0', 'ipv6'], ['1.2.3.4 '], ['']]) o.block.push(a.map(String) + ': ' + T(() => { const x = b(); x.addAddress(...a); return x.rules; }) + ' | ' + T(() => { const x = b(); x.addAddress('1.2.3.4'); x.addAddress('::1', 'ipv6'); return x.check(...a); }));
  for (const a of [[], ['1.2.3.4'], ['1.2.3.4', 5], ['1.2.3.4', '1.2.3.5', 'ipv6'], ['1.2.3.4', '::1'], ['::1', '::5', 'ipv6'], ['x', '1.2.3.4'], ['1.2.3.4', 'x'], [new S(), new S()], ['::5', '::1', 'ipv6'], ['1.2.3.4', '1.2.3.5', 'x']]) o.block.push('range ' + a.map(String) + ': ' + T(() => { const x = b(); x.addRange(...a); return x.rules; }));
  for (const a of [[], ['1.2.3.4'], ['1.2.3.4', 5], ['1.2.3.4', -1], ['1.2.3.4', 1.5], ['1.2.3.4', NaN], ['1.2.3.4', 40, 'ipv6'], ['::1', 129, 'ipv6'], ['::1', 64, 'ipv6'], ['x', 8], [1, 8], [new S(), 8], ['1.2.3.4', '8'], ['1.2.3.4', 8, 'x'], ['1.2.3.4', 0], ['1.2.3.4', 32]]) o.block.push('subnet ' + a.map(String) + ': ' + T(() => { const x = b(); x.addSubnet(...a); return [x.rules, x.check('1.2.3.9')]; }));
  for (const a of [[], [[]], [['Address: IPv4 1.2.3.4', 'Range: IPv4 1.2.3.1-1.2.3.9', 'Subnet: IPv6 ::/8']], [['x']], ['x'], [{}], [null], [['Address: IPv6 ::1']], [['Address: IPv4 x']], [['Subnet: IPv4 1.2.3.0/99']], [['Range: IPv4 1.2.3.9-1.2.3.1']], [['Address: IPv5 1.2.3.4']]]) o.block.push('json ' + JSON.stringify(a) + ': ' + T(() => { const x = b(); x.fromJSON(...a); return x.rules; }));
  o.block.push(T(() => util.inspect(b(), { depth: -1 })), T(() => util.inspect(new S(), { depth: -1 })), T(() => { const x = b(); x.addAddress('1.2.3.4'); x.addAddress('1.2.3.5'); return [x.rules, x.check('::ffff:1.2.3.4', 'ipv6'), x.check('::ffff:1.2.3.4')]; }));
  o.sock = []; for (const a of ['', '1.2.3.4', '1.2.3.4:0', '1.2.3.4:80', '1.2.3.4:99999', '::1', '[::1]', '[::1]:8080', 'localhost', '1.2.3', '1.2.3.4/', '0x7f.1', '192.168.1', '[::1', '1.2.3.4:x', 'http://1.2.3.4', '1.2.3.4:443 ', '[1.2.3.4]:5', '1.2.3.4:65535']) o.sock.push(a + ': ' + T(() => S.parse(a)));
  for (const a of [null, undefined, {}, [], 5, 'x', { address: 5 }, { address: '' }, { address: '::1' }, { address: '::1', family: 'ipv6' }, { family: 'ipv6' }, { family: 'IPv6' }, { family: 5 }, { port: '80' }, { port: -1 }, { port: 1.5 }, { port: null }, { port: NaN }, { flowlabel: -1 }, { flowlabel: 2 ** 32 }, { flowlabel: 5 }, { flowlabel: 1.5 }, { address: '1.2.3.4', family: 'ipv6' }, { port: '0x50' }, { port: ' 5' }]) o.sock.push(JSON.stringify(a) + ': ' + T(() => new S(a)));
  o.sock.push(T(() => Object.getOwnPropertyNames(S.prototype)), T(() => S.isSocketAddress(5)), T(() => new S().toJSON()));
  o.bound = [T(() => new net.BoundSocket()), T(() => net.BoundSocket.isBoundSocket({})), T(() => new net.BoundSocket({ host: '1.2.3.4', port: 5 })), T(() => new net.BoundSocket({}).fd()), T(() => new net.BoundSocket({}).close())];
    return Response.json(o);
  },
};
