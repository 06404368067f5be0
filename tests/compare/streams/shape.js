// The shape of the classes of streams, blobs and forms: members, descriptors, what they are called without arguments.
function desc(o){const r={};for(const k of Reflect.ownKeys(o).sort((a,b)=>String(a)<String(b)?-1:1)){if(typeof k==='symbol'&&!String(k).startsWith('Symbol(Symbol.'))continue;if(k==='prototype')continue;const d=Object.getOwnPropertyDescriptor(o,k);const f=(d.enumerable?'e':'-')+(d.configurable?'c':'-')+(d.writable?'w':'-');let v=d.get||d.set?('get '+(d.get?d.get.name+'/'+d.get.length:'')+(d.set?' set':'')):typeof d.value==='function'?('fn '+d.value.name+'/'+d.value.length):(k==='prototype'?'proto':typeof d.value==='object'?'obj':JSON.stringify(d.value)??String(d.value));if(k==='constructor')v='ctor';r[String(k)]=f+' '+v;}return r}
export default { async fetch(){ const facts={};
for(const n of ["ReadableStream","ReadableStreamDefaultReader","ReadableStreamBYOBReader","ReadableStreamDefaultController","ReadableByteStreamController","ReadableStreamBYOBRequest","WritableStream","WritableStreamDefaultWriter","WritableStreamDefaultController","TransformStream","TransformStreamDefaultController","ByteLengthQueuingStrategy","CountQueuingStrategy","IdentityTransformStream","FixedLengthStream","TextEncoderStream","TextDecoderStream","CompressionStream","DecompressionStream","Blob","File","FormData"]){
 const C=globalThis[n]; if(!C){facts[n]=null;continue}
 facts[n]={g:0,static:desc(C),proto:desc(C.prototype),parent:Object.getPrototypeOf(C)===Function.prototype?'F':Object.getPrototypeOf(C).name,pp:Object.getPrototypeOf(C.prototype)===Object.prototype};
 try{new C();facts[n].new0='ok'}catch(e){facts[n].new0=String(e)}
}
const fd=new FormData();
facts.it={fd:desc(Object.getPrototypeOf(fd.entries())), rs:desc(Object.getPrototypeOf(new ReadableStream().values())),ty:String(fd.keys()),own:Reflect.ownKeys(new ReadableStream()).map(String)};
return Response.json(facts)}}
