// What console methods write. `expected.txt` holds what the field's runtime wrote, without the
// receivers that it names in frames of stacks (`Object.fetch`).
class Foo { constructor(){this.a=1;} get x(){return 1;} }
class Bar extends Foo {}
class Tagged { get [Symbol.toStringTag]() { return "TT"; } }
export default { fetch: (request, env, ctx) => {
 const L = (...a) => console.log(...a);
 L("plain", 1, -0, 1n, true, null, undefined, Symbol("s"));
 L({a:1,b:"x",c:[1,2,3],d:{e:{f:{g:1}}}});
 L([1,2,3,"a",{a:1}]); L([]); L({}); L([,1,,2]);
 L("%s", {a:1}, "%s", Symbol("q"), 12n, -0, null, undefined, ()=>1, class A{});
 L("%s|%s|%s|%s", Symbol("q"), 12n, -0, function foo(){}); L("%s", class A{}); L("%s", new Foo); L("%s", new Error("boom")); L("%d", "abc", 1n); L("%d %d", 5n, {}); L("%i %f", 5n, Symbol("x")); L("100%", 5); L("%x", 5); L("%s");
 L(new Map([["a",1],[{b:1},[1]]])); L(new Set([1,"a",{}])); L(new WeakMap, new WeakSet);
 L(function foo(){}, ()=>{}, class A{}, class B extends Foo{}, async()=>{}, function*g(){}, async function*ag(){});
 L(new Foo, new Bar, Object.create(null), Object.create({a:1}), new Tagged);
 L(new Date(0), new Date(NaN), /a/g, new Number(3), new String("abc"), new Boolean(false), Object(Symbol("s")), Object(1n));
 const c={name:"c"}; c.self=c; c.arr=[c]; L(c);
 L(new Uint8Array([1,2,3]), new ArrayBuffer(4), new DataView(new ArrayBuffer(2)), new Float64Array(2), new BigInt64Array(1));
 L(Promise.resolve(5), Promise.reject(new Error("no")).catch(()=>{}), new Promise(()=>{}));
 L({get a(){return 1}, set a(v){}, get b(){return 1}, set c(v){}, [Symbol("k")]:1, "a-b":1, 1:2, f(){}, g:()=>1});
 L("a".repeat(200)); L(["a".repeat(100)]); L({s:"it's", t:'q"q', u:"new\nline", v:`'"`, w:"'\"`", e:"\u001b\u0000\ud800"});
 L(Array.from({length:150},(_, i)=>i)); L(Object.fromEntries(Array.from({length:30},(_, i)=>["key"+i,i])));
 L(Array.from({length:30},(_, i)=>"item"+i));
 L({a:{b:{c:{d:1}}}, arr:[[[[1]]]]}); L(new Map([["k",new Map([["z",{a:{b:{}}}]])]]));
 L(Symbol.iterator, [Symbol("a")], [1n], [undefined,null], [-0], ["a\nb"]);
 L([1.5,2.25,100], [true,false]); L(Object.assign(()=>{}, {a:1})); L(Object.assign([1,2],{x:1,[-1]:3}));
 L({a:1n,b:Symbol("x"),c:undefined,d:null,e:new Date(0),f:/x/});
 L(new (class extends Map{})([[1,2]]), new (class Q extends Array{})(1,2,3), new (class Z extends Uint8Array{})(2));
 L({[Symbol.toStringTag]:"Tg", a:1}); L(globalThis === self);
 L("multi\nline", {a:"multi\nline"}); L(["multi\nline string that is quite long and it goes on and on and on and on yes\nmore"]);
 console.log("#group"); console.group("G", {a:1}); console.log("in\nline2"); console.group(); console.info("in2"); console.groupEnd(); console.groupEnd(); console.log("out"); console.groupCollapsed("gc"); console.groupEnd();console.groupEnd();
 console.log("#count"); console.count(); console.count(); console.count("x"); console.countReset(); console.count(); console.countReset("nope"); console.count(undefined); console.count(5);
 console.log("#time"); console.time(); console.timeLog(); console.timeEnd(); console.time("q"); console.timeLog("q", "extra", {a:1}); console.timeEnd("q"); console.timeEnd("none"); console.timeLog("none"); console.time("d"); console.time("d");
 console.log("#table"); console.table([{a:1,b:2},{a:3,b:4}]); console.table([[1,2],[3,4]]); console.table({x:{a:1},y:{b:2}}); console.table([{a:1,b:2}],["b"]); console.table(5); console.table([1,"a"]); console.table(new Map([["k",1]])); console.table(new Set([1])); console.table([]);console.table(null); console.table();
 console.log("#assert"); console.assert(true,"no"); console.assert(false); console.assert(false,"msg"); console.assert(false,{a:1},"b"); console.assert(false,"f %s","x"); console.assert();
 console.log("#dir"); console.dir({a:{b:{c:{d:1}}}}); console.dir({a:{b:{c:{d:1}}}},{depth:0}); console.dir("a","b"); console.dirxml({a:1},"b");
 console.log("#trace"); console.trace("t", 1); console.trace();
 const e=new Error("props"); e.code=5; e.name="Named"; console.log(e); console.log([new RangeError("arr")]); class My extends Error { constructor(m){super(m);this.name="My";this.extra={a:1}} } console.log(new My("mm"));
 console.log("#empty"); console.log(); console.log(""); console.log(undefined); console.debug("d"); console.warn("w"); console.info("i");
 console.log("#prop", console.clear(), console.profile("x"), console.profileEnd(), console.timeStamp("x"));
 console.log({[Symbol.for("nodejs.util.inspect.custom")](){return "CUSTOM"}}); console.log({inspect(){return 1}});
 console.log(new Map([[{a:1},{b:{c:{}}}]]), new Map(), new Set(), new Set([[1,2]]));
 console.log({a:"x".repeat(60),b:"y".repeat(30)}); console.log([["aaa","bbb"],["ccc",["ddd",["eee"]]]]); console.log({a:{b:1,c:{d:2}},e:[{f:1},{g:2}]});
 console.log([{a:1,b:2,c:3,d:4,e:5,f:6,g:7},{a:1,b:2,c:3,d:4,e:5,f:6,g:7},{a:1,b:2,c:3,d:4,e:5,f:6,g:7}]);
 console.log(Array.from({length:7},(_, i)=>i)); console.log(Array.from({length:20},(_, i)=>i*1000)); console.log(["apple","banana","cherry","date","elderberry","fig","grape","honeydew"]); console.log([1.5,2.25,3,4,5,6,7]); console.log([,]); console.log([undefined,,null]); console.log(new Array(5)); console.log([1,,,4]);
 console.log(new Uint8Array(200)); console.log(new Uint8Array(0)); console.log("x".repeat(20000).length, ["x".repeat(10010)].toString().length); console.log(Object.assign(new Map([[1,2]]),{x:1})); console.log(Object.assign(new Error("q"),{}));
 console.log({f:class {}, g:class Foo{}, h(){}, async i(){}, *j(){}, k:Symbol, l:Math.max}); console.log(Object.assign(function nm(){}, {p:1})); const nf=function(){}; Object.defineProperty(nf,"name",{value:""}); console.log(nf, [nf]);
 console.log({get x(){return {a:1}}}); console.log(Object.create({inherited:1},{own:{value:1,enumerable:true}})); function Ctor(){this.z=1}; console.log(new Ctor, new (class extends Ctor{})); const np=Object.create(null); np.a=1; console.log(np); console.log({a:np});
 console.log({"":1,"é":2,"a b":3,"1a":4,a1:5,$x:6,_y:7}); console.log({a:-0,b:NaN,c:Infinity}); console.log({d:new Date(0),r:/x/,n:null,u:undefined});
 console.log({s:new Set([1]),m:new Map([["a",{b:1}]])}); console.log([new Set([[1]])], [[[]]], [[[[]]]], {a:{b:{c:{}}}}, {a:{b:{c:[]}}}); console.log([[[[1]]]]);
 return new Response("ok");
} };
