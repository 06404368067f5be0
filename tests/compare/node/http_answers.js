// What servers of node:http answer, refuse and tell, and their options.
// flags: nodejs_compat
import http from 'node:http'; import https from 'node:https'; import { handleAsNodeRequest } from 'cloudflare:node';
const err = (e) => (e && typeof e === 'object' ? e.name + ' ' + e.code + ' ' + e.message : String(e));
const T = (f) => { try { const r = f(); return r === undefined ? 'u' : typeof r === 'object' && r ? 'o' + (r.constructor && r.constructor.name) : typeof r + String(r); } catch (e) { return err(e); } };
const st = (r) => [r.headersSent, r.writableEnded, r.writableFinished, r.finished, r.destroyed, r.errored && 'E', r.writable, r.writableHighWaterMark, r.writableObjectMode, r.statusCode, r.statusMessage, r.sendDate, r.shouldKeepAlive].join();
const H = {
  plain(q, r, o) { o.push(st(r)); r.setHeader('X-A', 'b'); o.push(T(() => r.write('abc')), st(r)); o.push(T(() => r.end('def')), st(r)); },
  endOnly(q, r, o) { r.end('hello'); o.push(st(r)); },
  head(q, r, o) { o.push(T(() => r.writeHead(201, 'Made', { 'x-b': ['1', '2'], 'content-type': 'text/x' })), st(r)); r.end('x'); },
  head2(q, r, o) { r.setHeader('A', '1'); o.push(T(() => r.writeHead(200, ['A', '2', 'B', '3']))); o.push(T(() => r.writeHead(200)), T(() => r.setHeader('c', 'd')), T(() => r.removeHeader('c')), T(() => r.appendHeader('c', 'd')), T(() => r.flushHeaders())); r.end(); },
  badhead(q, r, o) { for (const s of [0, 99, 1000, 'abc', NaN, '200', undefined, null, -1, 200.7]) o.push(T(() => { const x = new http.ServerResponse({ method: 'GET', headers: {} }); return x.writeHead(s); })); o.push(T(() => r.writeHead(200, ['a'])), T(() => r.writeHead(200, 'bad\nmessage')), T(() => r.writeHead(200, { 'bad name': 1 })), T(() => r.writeHead(200, { good: undefined })), T(() => r.writeHead(200, { good: 'a\nb' }))); r.end(); },
  twice(q, r, o) { r.on('error', (e) => o.push('error ' + err(e))); r.end('a'); o.push(T(() => r.end('b')), T(() => r.end()), T(() => r.write('c'))); r.end((e) => o.push('cb ' + err(e))); r.write('x', (e) => o.push('wcb ' + err(e))); },
  types(q, r, o) { r.on('error', (e) => o.push('error ' + err(e))); for (const v of [null, undefined, 1, {}, true, [], Symbol('x')]) o.push(T(() => r.write(v))); o.push(T(() => r.write(new Uint8Array([65, 66]))), T(() => r.write('aGk=', 'base64')), T(() => r.write('')), T(() => r.write('é', 'latin1')), T(() => r.end(5)), T(() => r.end({}))); r.end(); },
  events(q, r, o) { for (const n of ['finish', 'close', 'prefinish', 'drain', 'pipe', 'error']) r.on(n, () => o.push(n)); for (const n of ['end', 'close', 'data', 'error', 'aborted']) q.on(n, () => o.push('q' + n)); r.write('x', () => o.push('wrote')); r.end(() => o.push('ended')); },
  st204(q, r, o) { r.statusCode = 204; r.end('zzz'); o.push(st(r)); },
  st304(q, r, o) { r.writeHead(304, { etag: 'x' }); r.end(); },
  msg(q, r, o) { r.statusCode = 299; r.statusMessage = 'Own'; r.end('q'); },
  msg2(q, r, o) { r.statusCode = 404; r.end(); o.push(r.statusMessage); },
  cookies(q, r, o) { r.setHeader('Set-Cookie', ['a=1', 'b=2']); r.appendHeader('Set-Cookie', 'c=3'); r.appendHeader('x', 'y'); r.appendHeader('x', ['z', 'w']); o.push(JSON.stringify(r.getHeaders()), JSON.stringify(r.getHeaderNames()), JSON.stringify(r.getRawHeaderNames ? r.getRawHeaderNames() : 0), r.hasHeader('SET-cookie'), String(r.getHeader('set-Cookie')), T(() => r.getHeader()), T(() => r.hasHeader(1)), T(() => r.removeHeader({}))); r.end(); },
  setHeaders(q, r, o) { o.push(T(() => r.setHeaders(new Headers({ a: 'b' }))), T(() => r.setHeaders(new Map([['C', 'd']]))), T(() => r.setHeaders({})), T(() => r.setHeaders()), T(() => r.setHeaders([['a', 'b']]))); r.end(); },
  trailers(q, r, o) { o.push(T(() => r.addTrailers({ a: 'b' })), T(() => r.writeContinue()), T(() => r.writeProcessing()), T(() => r.writeEarlyHints({ link: '</a>; rel=preload' })), T(() => r.writeEarlyHints()), T(() => r.assignSocket()), T(() => r.setTimeout(5)), T(() => r.setTimeout(5, 6))); r.end(); },
  req(q, r, o) { o.push(q.method, q.url, q.httpVersion, JSON.stringify(q.headers), JSON.stringify(q.rawHeaders), JSON.stringify(q.headersDistinct), JSON.stringify(q.trailers), q.complete, q.aborted, q.upgrade, q.statusCode, q.statusMessage, typeof q.socket, q.socket && q.socket.remoteAddress, q.socket && q.socket.encrypted, q.connection === q.socket, T(() => q.setTimeout(5)), q.readable, q.destroyed, q.readableFlowing, q.readableHighWaterMark); r.end(); },
  reqbody(q, r, o) { const c = []; q.setEncoding('utf8'); q.on('data', (d) => c.push(d)); q.on('end', () => { o.push(c.join('|'), q.complete, q.readableEnded); r.end('got'); }); },
  async reqiter(q, r, o) { let n = 0; for await (const c of q) n += c.length; o.push(n, q.complete); r.end(); },
  pipe(q, r, o) { o.push(T(() => q.pipe(r))); },
  late(q, r, o) { setTimeout(() => { r.write('a'); setTimeout(() => r.end('b'), 5); }, 5); },
  throws(q, r, o) { throw new Error('handler'); },
  async throwsAsync(q, r, o) { throw new Error('async handler'); },
  info(q, r, o) { o.push(r.req === q, T(() => r.writableHighWaterMark), T(() => r.connection), T(() => r.detachSocket())); r.end(); },
  date(q, r, o) { r.sendDate = true; r.end(); },
  chunked(q, r, o) { r.setHeader('transfer-encoding', 'chunked'); r.end('a'); },
  conn(q, r, o) { r.setHeader('connection', 'close'); r.end('a'); },
};
export default { async fetch(request) {
  const out = {};
  let port = 8100;
  for (const k in H) { const o = []; const s = http.createServer((q, r) => H[k](q, r, o)); port++; s.listen(port);
    for (const [m, body] of /^(plain|st204|endOnly)$/.test(k) ? [['GET'], ['HEAD']] : /^(req|pipe$)/.test(k) ? [['POST', 'hello body']] : [['GET']]) {
    try { const res = await Promise.race([handleAsNodeRequest(port, new Request('http://h.example:81/a/b?c=d&e', { method: m, body, headers: { 'x-one': '1', 'Cookie': 'a=b', accept: 'q', host: 'h' } })), new Promise((_, n) => setTimeout(() => n(new Error('no answer')), 300))]);
      let text; try { text = await Promise.race([res.text(), new Promise((_, n) => setTimeout(() => n(new Error('no body')), 300))]); } catch (e) { text = err(e); }
      await new Promise((r) => setTimeout(r, 10));
      out[k + ' ' + m] = [res.status, res.statusText, JSON.stringify([...res.headers].filter(([n, v]) => n !== 'date' || !v)), res.headers.has('date'), text.slice(0, 300), text.length, ...o]; } catch (e) { out[k + ' ' + m] = ['threw ' + err(e), ...o]; } }
    s.close(); }
  const S = {}; out.server = S; const s = http.createServer();
  S.a = T(() => s.address()); S.l = [s.listening, s.maxConnections, s.connections, s.timeout, s.keepAliveTimeout, s.requestTimeout, s.headersTimeout, s.maxHeadersCount, s.maxRequestsPerSocket, s.keepAliveTimeoutBuffer, s.httpAllowHalfOpen, s.insecureHTTPParser, s.joinDuplicateHeaders, Object.keys(s).sort().join()];
  S.c = await new Promise((r) => s.close((e) => r(err(e))));
  for (const a of [[], [0], ['8000'], [-1], [70000], ['abc'], [{}], [{ port: 9001 }], [{ port: 9002, host: 'x' }], [9003, 'localhost'], [9004, 'h', 5], [9005, null, null, () => {}], ['/tmp/sock'], [{ path: '/tmp/x' }], [null], [undefined], [NaN], [1.5], [{ port: '9006' }], [Symbol('x')], [true], [{ fd: 3 }]]) { const x = http.createServer(); S['listen ' + String(a.map((v) => typeof v === 'object' ? JSON.stringify(v) : String(v)))] = T(() => x.listen(...a)) + ' ' + T(() => JSON.stringify(x.address())).replace(/49\d{3}/, 'N') + x.listening; try { x.close(); } catch {} }
  const y = http.createServer().listen(9100); S.again = T(() => y.listen(9101)); S.same = T(() => http.createServer().listen(9100)); const evs = []; y.on('close', () => evs.push('close')); S.closes = T(() => y.close()); S.closed2 = T(() => y.close()); await 0; await 0; S.evs = evs.join();
  for (const a of [[undefined], [null], [1], ['x'], [{}], [{}, 1], [() => {}], [{ requestTimeout: -1 }], [{ headersTimeout: 'x' }], [{ keepAliveTimeout: NaN }], [{ maxHeaderSize: 'x' }], [{ insecureHTTPParser: 1 }], [{ joinDuplicateHeaders: 1 }], [{ requireHostHeader: 1 }], [{ noDelay: 1 }], [{ connectionsCheckingInterval: 'x' }], [{ requestTimeout: 1, headersTimeout: 2 }], [{ IncomingMessage: class X {} }], [{ highWaterMark: 'x' }], [{ rejectNonStandardBodyWrites: 1 }], [{ uniqueHeaders: 1 }], [{ shouldUpgradeCallback: 1 }], [{ optimizeEmptyRequests: 1}]]) { S['create ' + JSON.stringify(a)] = T(() => http.createServer(...a)); S['screate ' + JSON.stringify(a)] = T(() => https.createServer(...a)); }
  S.timeout = [T(() => y.setTimeout(5)), T(() => y.setTimeout(5, 1)), y.timeout, T(() => y.getConnections()), T(() => y.closeAllConnections()), T(() => y.closeIdleConnections()), T(() => y.ref()), T(() => y.unref()), T(() => y.getConnections(() => {})), T(() => y[Symbol.asyncDispose]())];
  S.hand = [T(() => handleAsNodeRequest(1, new Request('http://a')))];
  try { S.hand2 = T(await handleAsNodeRequest(1, new Request('http://a'))); } catch (e) { S.hand2 = err(e); }
  return Response.json(out); } };
