// util.inspect and util.format.
// flags: nodejs_compat
import util from "node:util";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };
class A { constructor() { this.x = 1; this.y = "z"; } get g() { return 1; } }

export default {
  async fetch() {
    const o = {};
    o.i1 = util.inspect({a:1,b:'x',c:[1,2,{d:3}],e:new Map([[1,{a:2}]]),f:new Set([1]),g(){}, h:class Q extends A{}, i:Symbol('s'), j:null, k:undefined, l:10n, m:-0, n:new Date(0), o:/x/g});
    o.i2 = util.inspect(new A());
   
    o.i4 = util.inspect(Promise.resolve(4));
    o.i5 = util.inspect('a'.repeat(5));
    o.i6 = util.inspect({a:{b:{c:{d:1}}}});
    o.i7 = util.inspect(new Uint8Array(3));
    o.i8=util.inspect(Buffer.from('hi'));
    o.i9 = util.inspect(new ArrayBuffer(2));
    o.i10 = util.inspect([,1,,]);
    o.i11 = util.inspect(Object.create(null));
    o.i12 = util.inspect(new (class extends Map{})());
   
    o.i15=util.inspect(new WeakMap());
    o.i16=util.inspect(async()=>{});
    o.i17=util.inspect(function*x(){});
   
   
   
    o.i21=util.inspect(Object.assign(new Error('x'),{stack:'S'}));
    o.i22=util.inspect(new Boolean(true));
    o.i23=util.inspect([1,2,3],{colors:true});
   
    o.i25=util.inspect((function(){return arguments})(1,2));
    o.i26 = util.inspect(Symbol.iterator);
    o.i27=util.inspect(new AbortController().signal);
   
    o.f1 = util.format('%s %d %i %f %j %o %O %% %c x', 'a', 1.5, 1.5, '2.5', {a:1}, {b:[1]}, {c:2}, 'css', 'extra', {z:1});
    o.f2 = util.format('a', 'b', {c:1});
    o.f3 = util.format(1,2,'3');
    o.f4 = util.format('%s', null, undefined, 5n, Symbol('a'), {a:{b:{c:1}}}, -0);
    return Response.json(o);
  },
};
