// What RegExp tells of the last match, and Atomics.
// differs: a promise of Atomics.waitAsync is settled by Atomics.notify; in workerd nothing settles it.
const f={};
const d=(o,k)=>{const p=Object.getOwnPropertyDescriptor(o,k); return p? {get:p.get&&[p.get.name,p.get.length],set:p.set&&[p.set.name,p.set.length],e:p.enumerable,c:p.configurable}:null};
f.names=Object.getOwnPropertyNames(RegExp);
for (const k of f.names.filter(k=>!['length','name','prototype'].includes(k))) f['d '+k]=d(RegExp,k);
const all=()=>Object.fromEntries(['$1','$2','$3','$9','$_','input','$&','lastMatch','$+','lastParen','$`','leftContext',"$'",'rightContext'].map(k=>[k,RegExp[k]]));
const t=(n,fn)=>{try{f[n]=fn()}catch(e){f[n]=e.name+': '+e.message}};
export default { fetch(){
 t('a',()=>{/(\d+)-(x)?/.exec('ab12-34cd');return all()});
 t('b',()=>{/zz/.exec('ab12');return all()});
 t('c',()=>{'hello world'.replace(/o (w)/,'');return all()});
 t('c2',()=>{'hello world'.replace(/(o)/g,'');return all()});
 t('d',()=>{'a,b;c'.split(/([,;])/);return all()});
 t('e',()=>{/(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)/.test('abcdefghijk');return all()});
 t('f',()=>{RegExp.input='zzz';return all()});
 t('f2',()=>{RegExp.$1='zzz';RegExp.lastMatch='q';return all()});
 t('g',()=>{[...'xayaz'.matchAll(/a(.)/g)];return all()});
 t('h',()=>{'abc'.search(/c/);return all()});
 t('i',()=>{'abc'.match(/b/g);return all()});
 t('j',()=>{class R extends RegExp{}; new R('(q)').exec('aqb'); return [R.$1, RegExp.$1, all()]});
 t('k',()=>Object.getOwnPropertyDescriptor(RegExp,'$1').get.call(undefined));
 t('k2',()=>Object.getOwnPropertyDescriptor(RegExp,'$1').get.call({}));
 t('k3',()=>Object.getOwnPropertyDescriptor(RegExp,'input').set.call({},'a'));
 t('l',()=>{RegExp.input=Symbol()});
 t('m',()=>{'xax'.replace(/a/,()=>{ 'pqr'.replace(/q/,''); return RegExp.$_+RegExp.leftContext}); return all()});
 t('n',()=>{'xaxa'.replaceAll(/(a)/g,(m)=>RegExp.$1+RegExp.leftContext); return all()});
 t('o',()=>{/(é)(漢)/.exec('1é漢2'); return all()});
 t('p',()=>{/(?<n>z)?q/.exec('q'); return all()});
 t('q',()=>{const r=/a/y; r.lastIndex=1; r.test('bab'); return all()});
 const A=Atomics;
 f.atom=Object.getOwnPropertyNames(A);
 for(const k of f.atom) f['A '+k]=typeof A[k]==='function'?[A[k].name,A[k].length]:String(A[k]);
 t('w1',()=>{const ia=new Int32Array(new SharedArrayBuffer(8)); const r=A.waitAsync(ia,0,1); return [r,Object.getPrototypeOf(r)===Object.prototype]});
 t('w2',()=>{const ia=new Int32Array(new SharedArrayBuffer(8)); const r=A.waitAsync(ia,0,0,0); return r});
 t('w3',()=>{const ia=new Int32Array(new SharedArrayBuffer(8)); const r=A.waitAsync(ia,0,0,10); return [r.async, String(r.value), A.notify(ia,0), A.notify(ia,0)]});
 t('w4',()=>{const ia=new Int32Array(8); const r=A.waitAsync(ia,0,0,10); return [r.async, String(r.value)]});
 t('w5',()=>{const ia=new Uint8Array(new SharedArrayBuffer(8)); const r=A.waitAsync(ia,0,0,10); return [r.async, String(r.value)]});
 t('w6',()=>{const ia=new Int32Array(new SharedArrayBuffer(8)); return A.waitAsync(ia,9,0,10)});
 t('w7',()=>{const ia=new Int32Array(new SharedArrayBuffer(8)); return A.wait(ia,0,0,10)});
 t('w8',()=>{return A.pause()});
 t('w9',()=>{return A.pause(1.5)});
 t('w10',()=>{return A.notify(new Int32Array(4),0)});
 t('w11',()=>{return A.notify(new Uint8Array(4),0)});
 t('w12',()=>{return A.add([],0,0)});
 t('w13',()=>{return A.add(new Float64Array(4),0,0)});
 t('w14',()=>{return A.add(new Uint8ClampedArray(4),0,0)});
 t('w15',()=>{return A.add(new Int32Array(4),-1,0)});
 t('w16',()=>{return A.waitAsync()});
 t('w17',()=>{const ia=new BigInt64Array(new SharedArrayBuffer(8)); const r=A.waitAsync(ia,0,0n,10); return [r.async]});
 t('w18',()=>{const ia=new Int32Array(new SharedArrayBuffer(8)); return A.store(ia,0,3.7)});
 t('w19',()=>{return A.isLockFree(3)});


 return Response.json(f);
} };
