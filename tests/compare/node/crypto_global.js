// What of random keys global scope may not make.
// flags: nodejs_compat
import crypto from "node:crypto"; const o={}; const t=(n,f)=>{try{const r=f(); o[n]=typeof r}catch(e){o[n]=`${e.name} ${e.code}: ${e.message}`}};
t("hmac",()=>crypto.generateKeySync("hmac",{length:64})); t("aes",()=>crypto.generateKeySync("aes",{length:128})); t("bad",()=>crypto.generateKeySync("x",{length:128})); t("cb",()=>crypto.generateKey("aes",{length:128},()=>{})); t("nocb",()=>crypto.generateKey("aes",{length:128}));
export default { fetch(){ t("inside",()=>crypto.generateKeySync("hmac",{length:64})); return Response.json(o) } };
