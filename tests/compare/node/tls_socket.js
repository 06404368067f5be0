// flags: nodejs_compat
// What a TLSSocket without a connection has and answers, of node:tls.
import tls from "node:tls";
const tried=(f)=>{try{const v=f(); return v===undefined?'undefined':v===null?null:typeof v==='object'?(v instanceof Error?`${v.name} ${v.code} ${v.message}`:JSON.stringify(v)):typeof v==='function'?'function':v}catch(e){return `${e.name} ${e.code} ${e.message}`}};
export default { async fetch(){ const f={}; const s=new tls.TLSSocket(); 
 f.own=Object.keys(s).filter(k=>!k.startsWith('_')).sort();
 for(const k of ['authorized','authorizationError','encrypted','alpnProtocol','servername','ssl','secureConnecting','connecting']) f[k]=tried(()=>s[k]);
 f.sn2=tried(()=>new tls.TLSSocket(undefined,{servername:'a.b'}).servername);
 f.sn3=tried(()=>{s.setServername('q.r'); return s.servername});
 f.sn4=tried(()=>s.setServername(5)); f.sn5=tried(()=>s.setServername(''));
 f.reneg=[{},undefined,5,null].map(o=>tried(()=>s.renegotiate(o,()=>{}))); f.reneg2=tried(()=>s.renegotiate({})); f.reneg3=tried(()=>s.renegotiate({},5));
 f.exp=[[10,'x'],['a','x'],[10,5],[],[10,'x',5],[-1,'x']].map(a=>tried(()=>s.exportKeyingMaterial(...a)));
 f.max=[[512],[],['x'],[1e9],[-1]].map(a=>tried(()=>s.setMaxSendFragment(...a)));
 for(const m of ['getPeerCertificate','getCertificate','getX509Certificate','getPeerX509Certificate','getCipher','getProtocol','getSession','getTLSTicket','getFinished','getPeerFinished','getEphemeralKeyInfo','getSharedSigalgs','isSessionReused','enableTrace','disableRenegotiation','setKeyCert','setSession','address','_destroySSL','_start','_init','_releaseControl']) f[m]=[tried(()=>s[m]()), typeof s[m], s[m]?.length];
 const cb=[]; s.renegotiate({},(...a)=>cb.push(a.map(String))); f.rejects=[false,0,'',null,undefined,true,1].map(v=>tried(()=>{ const c=tls.connect({host:'127.0.0.1',port:1,rejectUnauthorized:v}); c.on('error',()=>{}); c.destroy(); return 'made'; }));
 await new Promise(r=>setTimeout(r,20)); f.cb=cb; return Response.json(f);
}};
