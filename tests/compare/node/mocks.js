// Mocks of node:test, and what they refuse.
// flags: nodejs_compat
import test from "node:test";
import util from "node:util";
const err = (e) => (e && typeof e === "object" ? `${e.name} ${e.code} ${e.message}` : String(e));
const T = (f) => { try { const r = f(); return typeof r === "string" ? r : util.inspect(r); } catch (e) { return `throws ${err(e)}`; } };
export default {
  async fetch() {
    const o = {};
  o.test = [T(() => Object.keys(test)), T(() => test.mock), T(() => test.mock.method({ a: 1 }, 'a')), T(() => test.mock.method(null, 'a')), T(() => test.mock.method({}, 'a')), T(() => test.mock.method({ a() {} }, {})), T(() => test.mock.getter({ get a() { return 1; } }, 'a', () => 2)), T(() => test.mock.getter({ a() {} }, 'a', { getter: false })), T(() => test.mock.fn(() => 1, { times: 0 })), T(() => test.mock.fn(5)), T(() => test.mock.fn()()), T(() => { const f = test.mock.fn((a) => a + 1); f(1); return f.mock.calls.length; }), T(() => { const f = test.mock.fn((a) => a); f.mock.mockImplementation(() => 9); return f(1); }), T(() => { const f = test.mock.fn((a) => a); f.mock.mockImplementation(5); }), T(() => { const f = test.mock.fn((a) => a); f.mock.mockImplementationOnce(() => 9, 0); return [f(1), f(2)]; }), T(() => { const o = { m() { return 1; } }; const m = test.mock.method(o, 'm', () => 2); const a = o.m(); m.mock.restore(); return [a, o.m()]; })];
    return Response.json(o);
  },
};
