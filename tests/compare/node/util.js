// node:util besides inspection.
// flags: nodejs_compat
import util from "node:util";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };

export default {
  async fetch() {
    const o = {};
    o.e1 = t(()=>util.promisify(1));
    o.e2=t(()=>util.inherits(1,2));
    o.e3=t(()=>util.callbackify(1));
    o.e4 = t(()=>util.styleText('red','x'));
    o.e5=t(()=>util.parseArgs({args:['-f','--bar','b'],options:{foo:{type:'boolean',short:'f'},bar:{type:'string'}}}));
    o.e6 = t(()=>util.getSystemErrorName(-2));
    o.e7=t(()=>String(new util.MIMEType('text/html; charset=utf-8;q="a b"')));
    o.e8=t(()=>util.toUSVString('a\ud800'));
    o.e9=t(()=>util.stripVTControlCharacters('\x1b[31mx\x1b[0m'));
    o.e10=t(()=>util.deprecate(()=>5,'old','D1')());
    o.e11=t(()=>util.isDeepStrictEqual({a:[1,new Map([[{},1]])]},{a:[1,new Map([[{},1]])]}));
    o.e12=t(()=>util.types.isProxy(new Proxy({},{})));
    o.e13=t(()=>util.debuglog('x').enabled);
    o.e14=t(()=>util.parseEnv('A=1\nB="x y"'));
    o.e15=t(()=>util.diff('abc','abd'));
    o.e16=t(()=>util.log('x'));
    o.e17=t(()=>util._extend({a:1},{b:2}));
    o.e18=t(()=>util.styleText('bogus','x'));
    o.e19=t(()=>util.inspect.defaultOptions);

    o.e21=t(()=>util.getSystemErrorMap().size);
    o.e22=t(()=>util.getSystemErrorMessage(-2));
    o.e23=t(()=>util.aborted(1,2)&&0);
    o.e24=t(()=>util._errnoException(-2,'open'));
    o.e25=t(()=>util.convertProcessSignalToExitCode('SIGTERM'));
    return Response.json(o);
  },
};
