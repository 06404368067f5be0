// Locales, segments, names and durations.
// differs: words of Japanese and the like (no dictionaries), names and durations in other languages than
// English, calendars and collations of a language, time zones of a region.
const f={};
const t=(n,fn)=>{try{f[n]=fn()}catch(e){f[n]=e.name+': '+e.message}};
const shape=(C)=>({own:Object.getOwnPropertyNames(C), proto:Object.getOwnPropertyNames(C.prototype), len:C.length, tag:C.prototype[Symbol.toStringTag], d:Object.getOwnPropertyNames(C.prototype).map(k=>{const d=Object.getOwnPropertyDescriptor(C.prototype,k);return [k,typeof d.value, d.value&&d.value.length, d.get&&d.get.name,d.enumerable]})});
export default { fetch(){
 t('names',()=>Object.getOwnPropertyNames(Intl).filter(n=>n!=='v8BreakIterator'));
 for(const n of ['Segmenter','Locale','DisplayNames','DurationFormat','ListFormat','PluralRules','RelativeTimeFormat','Collator']) t('shape '+n,()=>shape(Intl[n]));
 const seg=(s,o,l='en')=>[...new Intl.Segmenter(l,o).segment(s)].map(x=>[x.segment,x.index,x.isWordLike,Object.keys(x).join()]);
 t('g1',()=>seg('a👨‍👩‍👧é🇩🇪x\r\ny'));
 t('w1',()=>seg("Hello, world! It's 3.14 o'clock foo_bar a-b",{granularity:'word'}));
 t('s1',()=>seg('Hello world. How are you? Fine! "Yes." Mr. Smith went.\nNext',{granularity:'sentence'}));
 t('sx',()=>Intl.Segmenter());
 t('sx2',()=>new Intl.Segmenter('en',{granularity:'x'}));
 t('sx3',()=>new Intl.Segmenter('en',null));
 t('sx4',()=>new Intl.Segmenter('xx-invalid-locale-zzzzzzzzzzzz'));
 t('s4',()=>new Intl.Segmenter('de',{granularity:'word'}).resolvedOptions());
 t('s5',()=>{const s=new Intl.Segmenter('en').segment('añb'); return [Object.prototype.toString.call(s), s.containing(1), s.containing(), s.containing(9), s.containing(-1), Object.getOwnPropertyNames(Object.getPrototypeOf(s)), Object.prototype.toString.call(s[Symbol.iterator]()), Object.getOwnPropertyNames(Object.getPrototypeOf(s[Symbol.iterator]()))]});
 t('s6',()=>new Intl.Segmenter('en',{granularity:'word'}).segment('ab cd').containing(3));
 t('s7',()=>[...new Intl.Segmenter('en').segment('')].length);
 t('s8',()=>Intl.Segmenter.prototype.segment.call({},'a'));
 t('s9',()=>[...new Intl.Segmenter().segment(undefined)].length);
 t('s10',()=>Intl.Segmenter.supportedLocalesOf(['de','en-US','xx']));
 const L=(x,o)=>{const l=new Intl.Locale(x,o);return [String(l),l.baseName,l.language,l.script,l.region,l.calendar,l.collation,l.hourCycle,l.caseFirst,l.numeric,l.numberingSystem,l.variants,String(l.maximize()),String(l.minimize())]};
 for(const x of ['en','en-US','zh-Hant-TW','de-DE-u-co-phonebk-kn','en-u-ca-gregory-hc-h12-nu-latn','sl-rozaj-biske','EN-latn-us','sr','zh','pt-BR','ja-JP-u-ca-japanese','en-GB-oxendict','und','hi','ar','uk','xx','es-419','iw','no','fr-Latn-FR','he-IL','ru','ko','en-u-kf-upper','en-x-private','en-a-bbb-x-a','zh-TW','zh-Hans','az-Cyrl','en-US-u-va-posix']) t('L '+x,()=>L(x));
 t('Lo',()=>L('en',{region:'GB',script:'Latn',calendar:'buddhist',hourCycle:'h23',numeric:true,caseFirst:'lower',numberingSystem:'arab',collation:'emoji'}));
 for(const x of ['','e','en-','en_US','123','abcdefghi',undefined,null,5,{}]) t('LE '+x,()=>String(new Intl.Locale(x)));
 t('Le1',()=>Intl.Locale('en')); t('Le2',()=>new Intl.Locale()); t('Le3',()=>new Intl.Locale('en',{region:'xxxx'})); t('Le4',()=>new Intl.Locale('en',{hourCycle:'h99'})); t('Le5',()=>new Intl.Locale('en',{calendar:'!'})); t('Le6',()=>new Intl.Locale('en',{script:'a'})); t('Le7',()=>new Intl.Locale('en',{language:'a'}));
 t('Lm3',()=>{const l=new Intl.Locale('de-DE');return ['getCalendars','getCollations','getHourCycles','getNumberingSystems','getTextInfo','getWeekInfo'].map(k=>l[k]?l[k]():'none')});
 t('Lm4',()=>{const l=new Intl.Locale('fr');return ['getCalendars','getCollations','getHourCycles','getNumberingSystems','getTextInfo','getWeekInfo'].map(k=>l[k]?l[k]():'none')});
 t('Lu',()=>[new Intl.NumberFormat(new Intl.Locale('de-DE')).format(1234.5), Intl.getCanonicalLocales(new Intl.Locale('EN-us')), new Intl.Locale(new Intl.Locale('en-GB')).toString()]);
 const D=(ty,c,o,l='en')=>new Intl.DisplayNames(l,{type:ty,...o}).of(c);
 for(const r of ['US','GB','DE','FR','UN','419','ZZ','us','XX','CZ','TR','HK','MM','CD','CI']) t('Dr '+r,()=>D('region',r));
 for(const r of ['en','en-US','en-GB','de','fr','zh-Hant','pt-BR','xx','zh-Hans-CN','es-419','nl-BE','sr-Latn','EN','tlh','de-AT','fr-CH']) t('Dl '+r,()=>D('language',r));
 for(const r of ['en-US','zh-Hant','es-419','de-AT']) t('Dls '+r,()=>[D('language',r,{languageDisplay:'standard'}),D('language',r,{style:'short'}),D('language',r,{style:'narrow'})]);
 for(const r of ['USD','EUR','JPY','XXX','usd','GBP','BTC','CHF','INR']) t('Dc '+r,()=>[D('currency',r),D('currency',r,{style:'short'}),D('currency',r,{style:'narrow'})]);
 for(const r of ['Latn','Cyrl','Hans','Arab','Zzzz','Xxxx']) t('Ds '+r,()=>D('script',r));
 for(const r of ['gregory','buddhist','iso8601']) t('Dcal '+r,()=>D('calendar',r));
 for(const r of ['era','year','quarter','month','weekOfYear','weekday','day','dayPeriod','hour','minute','second','timeZoneName']) t('Dd '+r,()=>[D('dateTimeField',r),D('dateTimeField',r,{style:'short'}),D('dateTimeField',r,{style:'narrow'})]);
 t('De1',()=>new Intl.DisplayNames('en')); t('De2',()=>new Intl.DisplayNames('en',{})); t('De3',()=>D('region','USA')); t('De4',()=>D('language','x')); t('De5',()=>D('currency','US')); t('De6',()=>D('region','QQ',{fallback:'none'})); t('De7',()=>D('x','a')); t('De8',()=>Intl.DisplayNames('en',{type:'region'})); t('De9',()=>new Intl.DisplayNames('en',{type:'region'}).resolvedOptions()); t('De10',()=>new Intl.DisplayNames('en',{type:'language'}).resolvedOptions()); t('De12',()=>D('dateTimeField','foo'));t('De13',()=>new Intl.DisplayNames());t('De14',()=>new Intl.DisplayNames(undefined,{type:'region'}).of('IT'));
 const U=(d,o,l='en')=>new Intl.DurationFormat(l,o).format(d);
 const d1={years:1,months:2,weeks:3,days:4,hours:5,minutes:6,seconds:7,milliseconds:8,microseconds:9,nanoseconds:10};
 for(const st of ['long','short','narrow','digital',undefined]) { t('U '+st,()=>U(d1,{style:st})); t('U2 '+st,()=>U({hours:1,minutes:2,seconds:3},{style:st})); t('U3 '+st,()=>U({minutes:1,seconds:30},{style:st})); t('U4 '+st,()=>U({days:1},{style:st}));t('U5 '+st,()=>U({seconds:90,milliseconds:500},{style:st})); t('U6 '+st,()=>U({hours:-1,minutes:-5},{style:st})); t('U7 '+st,()=>U({},{style:st})); t('U8 '+st,()=>U({hours:0,minutes:0,seconds:0},{style:st})); }
 t('Up',()=>new Intl.DurationFormat('en',{style:'long'}).formatToParts({hours:1,minutes:30}));
 t('Up2',()=>new Intl.DurationFormat('en',{style:'digital'}).formatToParts({hours:1,minutes:30,seconds:5}));
 t('Uo',()=>new Intl.DurationFormat('en').resolvedOptions());
 t('Uo2',()=>new Intl.DurationFormat('en',{style:'digital'}).resolvedOptions());
 t('Ue',()=>U({hours:1,minutes:-1})); t('Ue1',()=>U(undefined)); t('Ue2',()=>U({foo:1})); t('Ue3',()=>U({hours:1.5})); t('Ue4',()=>U('PT1H')); t('Ue5',()=>U(5)); t('Ue6',()=>U({hours:1},{style:'x'})); t('Ue7',()=>Intl.DurationFormat()); t('Ue8',()=>U({hours:'2'})); t('Ue9',()=>U({hours:NaN}));
 t('Ud1',()=>U({hours:5,minutes:3},{hours:'numeric',minutes:'2-digit'})); t('Ud2',()=>U({seconds:5,milliseconds:123,microseconds:456},{style:'digital',fractionalDigits:2})); t('Ud3',()=>U({hours:0,minutes:3},{hoursDisplay:'always'})); t('Ud4',()=>U({hours:1,seconds:3},{style:'digital'})); t('Ud5',()=>U({hours:1},{hours:'numeric',minutes:'long'}));t('Ud6',()=>U({days:3,hours:10},{style:'narrow'}));t('Ud7',()=>U({hours:1000,minutes:1},{style:'long'}));
 t('sv',()=>Intl.supportedValuesOf('currency').length>100); 
 t('lf',()=>new Intl.ListFormat('en',{style:'narrow',type:'unit'}).format(['a','b','c']));
 return Response.json(f);
} };
