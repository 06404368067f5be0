// node:assert: what fails and how.
// flags: nodejs_compat
import assert from "node:assert";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };

export default {
  async fetch() {
    const o = {};
    o.a1=t(()=>assert.equal(1,2));
    o.a2=t(()=>assert.deepEqual({a:1},{a:2}));
    o.a3=t(()=>assert(0));
    o.a4=t(()=>assert.throws(()=>{}));
    o.a5=t(()=>assert.throws(()=>{throw new TypeError('x')}, RangeError));
    o.a6=t(()=>assert.strictEqual('a','b','msg'));
    o.a7=t(()=>assert.match('abc',/x/));
    o.a8=t(()=>assert.ifError(new Error('q')));
    o.a9=t(()=>assert.fail());
    o.a10=t(()=>assert.notEqual(1,1));
    o.a11=t(()=>assert.deepStrictEqual([1,2,3],[1,2,4]));
    o.a12=t(()=>assert.ok(null));
    o.a13=t(()=>assert.partialDeepStrictEqual({a:1,b:2},{a:1}));
    o.a14=t(()=>assert.notDeepStrictEqual({a:1},{a:1}));
    o.a15=t(()=>assert.doesNotThrow(()=>{throw new Error('boom')}));
    o.a16=t(()=>assert.throws(()=>{throw new Error('boom')},/bang/));
    o.a17=t(()=>assert.throws(()=>{throw new Error('boom')},{message:'bang'}));
    o.a18=t(()=>assert.rejects(1)&&0);
    o.a19=t(()=>assert.strictEqual(1,2));
    o.a20=t(()=>assert.doesNotMatch('abc',/b/));
    o.a21=t(()=>assert.notStrictEqual(1,1));
    o.a22=t(()=>assert.equal('a','b'));
    o.a23=t(()=>assert.strictEqual({a:1},{a:1}));
    o.a24=t(()=>assert.deepStrictEqual(new Set([1]),new Set([2])));
    o.a25=t(()=>assert());
    o.a26=t(()=>assert.throws('x'));
    o.a27=t(()=>{try{assert.equal(1,2)}catch(e){return Object.assign({},e)}});
    return Response.json(o);
  },
};
