// Lists, times from now, plurals and orders of texts in English.
const f={};
const t=(n,fn)=>{try{f[n]=fn()}catch(e){f[n]=e.name+': '+e.message}};
export default { fetch(){
 for (const st of ['long','short','narrow']) for (const ty of ['conjunction','disjunction','unit']) { const l=new Intl.ListFormat('en',{style:st,type:ty}); t('l '+st+ty,()=>[l.format([]),l.format(['a']),l.format(['a','b']),l.format(['a','b','c']),l.formatToParts(['x','y','z']),l.resolvedOptions()]); }
 t('le',()=>new Intl.ListFormat('en').format([1])); t('le2',()=>new Intl.ListFormat('en').format()); t('le3',()=>new Intl.ListFormat('en',{type:'x'}));
 for (const st of ['long','short','narrow']) for (const nu of ['always','auto']) { const r=new Intl.RelativeTimeFormat('en',{style:st,numeric:nu}); for (const u of ['second','minute','hour','day','week','month','quarter','year']) t('r '+st+nu+u,()=>[-2,-1,-0,0,1,2,1000,1.5].map(v=>r.format(v,u))); t('rp'+st+nu,()=>[r.formatToParts(-1,'day'),r.formatToParts(10,'hours'),r.resolvedOptions()]); }
 t('re',()=>new Intl.RelativeTimeFormat('en').format(1,'x')); t('re2',()=>new Intl.RelativeTimeFormat('en').format(NaN,'day')); t('re3',()=>new Intl.RelativeTimeFormat('en').formatToParts(1,'x'));
 t('p',()=>new Intl.PluralRules('en').resolvedOptions()); t('p2',()=>new Intl.PluralRules('en',{type:'ordinal'}).resolvedOptions()); t('p3',()=>new Intl.PluralRules('en').selectRange(1,2)); t('p4',()=>new Intl.PluralRules('en').selectRange(1)); t('p5',()=>new Intl.PluralRules('en').selectRange(NaN,1)); t('p6',()=>[0,1,2,3,11,21,1.5].map(x=>new Intl.PluralRules('en',{type:'ordinal'}).select(x)));
 t('c',()=>new Intl.Collator('en').resolvedOptions()); t('c2',()=>new Intl.Collator('de',{usage:'search',numeric:true,sensitivity:'base'}).resolvedOptions()); t('c3',()=>new Intl.Collator('en',{sensitivity:'x'}));
 t('sv',()=>Intl.supportedValuesOf('x')); t('sv1',()=>['calendar','collation','numberingSystem','unit','currency'].map(k=>Intl.supportedValuesOf(k)));
 t('loc',()=>[Intl.PluralRules.supportedLocalesOf(['en','zz','de-DE']), new Intl.PluralRules('zz').resolvedOptions().locale]);
 return Response.json(f);
}};
