// Intl and the toLocale… methods.
// differs: keys: Intl has DateTimeFormat, NumberFormat, Collator, PluralRules, RelativeTimeFormat and ListFormat only
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await f());
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const shape = (object) =>
  Reflect.ownKeys(object).filter((key) => !/cloudflare:|kResource/.test(String(key))).map((key) => {
    const d = Reflect.getOwnPropertyDescriptor(object, key);
    const kind = d.get || d.set ? `${d.get ? "g" : ""}${d.set ? "s" : ""}` : typeof d.value === "function" ? `f${d.value.length}` : typeof d.value;
    return `${String(key)}:${kind}:${d.writable ? "w" : ""}${d.enumerable ? "e" : ""}${d.configurable ? "c" : ""}`;
  }).sort();

export default {
  async fetch(request, env, ctx) {
    const d = new Date(Date.UTC(2024, 0, 5, 15, 4, 9, 7));
    fact("date default", () => [d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString()]);
    fact("date en-US", () => [d.toLocaleString("en-US"), d.toLocaleDateString("en-US"), d.toLocaleTimeString("en-US")]);
    fact("tz", () => ["America/New_York","Europe/Berlin","Asia/Tokyo","UTC","Asia/Kolkata","Australia/Sydney"].map(timeZone=>d.toLocaleString("en-US",{timeZone})));
    fact("tz summer", () => ["America/New_York","Europe/Berlin","Australia/Sydney"].map(timeZone=>new Date(Date.UTC(2024,6,5,15,4,9)).toLocaleString("en-US",{timeZone})));
    fact("tz bad", () => d.toLocaleString("en-US",{timeZone:"Nope/Zone"}));
    fact("tz offset", () => d.toLocaleString("en-US",{timeZone:"+02:00"}));
    fact("opts weekday", () => d.toLocaleDateString("en-US",{weekday:"long",year:"numeric",month:"long",day:"numeric"}));
    fact("opts short", () => d.toLocaleDateString("en-US",{weekday:"short",month:"short",day:"2-digit"}));
    fact("opts month", () => [d.toLocaleDateString("en-US",{month:"long"}),d.toLocaleDateString("en-US",{month:"short",year:"numeric"}),d.toLocaleDateString("en-US",{year:"numeric",month:"2-digit",day:"2-digit"}),d.toLocaleDateString("en-US",{weekday:"long"}),d.toLocaleDateString("en-US",{year:"2-digit",month:"numeric",day:"numeric"}),d.toLocaleDateString("en-US",{month:"narrow"}),d.toLocaleDateString("en-US",{day:"numeric"}),d.toLocaleDateString("en-US",{month:"long",day:"numeric"})]);
    fact("opts time", () => [d.toLocaleTimeString("en-US",{hour:"2-digit",minute:"2-digit"}),d.toLocaleTimeString("en-US",{hour12:false}),d.toLocaleTimeString("en-US",{hour:"numeric"}),d.toLocaleTimeString("en-US",{hour:"numeric",minute:"2-digit",hour12:false}),d.toLocaleTimeString("en-US",{timeStyle:"short"}),d.toLocaleTimeString("en-US",{hour:"2-digit",hourCycle:"h23"}),d.toLocaleTimeString("en-US",{timeZoneName:"short"}),d.toLocaleTimeString("en-US",{timeZoneName:"short",timeZone:"America/New_York"}),d.toLocaleTimeString("en-US",{timeZoneName:"long",timeZone:"America/New_York"}),d.toLocaleTimeString("en-US",{second:"2-digit",fractionalSecondDigits:3})]);
    fact("styles", () => ["full","long","medium","short"].map(s=>[d.toLocaleDateString("en-US",{dateStyle:s}),d.toLocaleTimeString("en-US",{timeStyle:s}),d.toLocaleString("en-US",{dateStyle:s,timeStyle:s})]));
    fact("mix", () => [d.toLocaleString("en-US",{month:"short",day:"numeric",hour:"numeric",minute:"2-digit"}),d.toLocaleString("en-US",{year:"numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",second:"2-digit",hour12:false}),d.toLocaleString("en-US",{hour:"numeric",hour12:true}),d.toLocaleString("en-US",{weekday:"short",hour:"numeric"}),d.toLocaleString("en-US",{dateStyle:"medium"}),d.toLocaleString("en-US",{month:"long",day:"numeric",year:"numeric",hour:"numeric",minute:"numeric"})]);
    fact("midnight", () => [new Date(0).toLocaleTimeString("en-US"),new Date(0).toLocaleTimeString("en-US",{hour12:false}),new Date(0).toLocaleTimeString("en-US",{hourCycle:"h23"}),new Date(43200000).toLocaleTimeString("en-US")]);
    fact("invalid", () => new Date(NaN).toLocaleString());
    fact("invalid intl", () => new Intl.DateTimeFormat().format(NaN));
    fact("gb", () => [d.toLocaleString("en-GB"),d.toLocaleDateString("en-GB"),d.toLocaleDateString("en-GB",{day:"numeric",month:"long",year:"numeric"}),d.toLocaleTimeString("en-GB")]);
    fact("de", () => [d.toLocaleString("de-DE"),d.toLocaleDateString("de-DE")]);
    fact("sv", () => [d.toLocaleDateString("sv-SE"),d.toLocaleDateString("en-CA"),d.toLocaleDateString("ja-JP"),d.toLocaleDateString("fr-FR")]);
    fact("undefined locale", () => [d.toLocaleDateString(undefined,{month:"long"}),d.toLocaleDateString([]),d.toLocaleDateString(["en-US"])]);
    fact("bad locale", () => d.toLocaleDateString("x_y"));
    fact("numbers", () => [(1234567.891).toLocaleString(),(0).toLocaleString(),(-1234.5).toLocaleString(),(NaN).toLocaleString(),(Infinity).toLocaleString(),(1e21).toLocaleString(),(0.000001).toLocaleString(),(1234.5678).toLocaleString(),(999.9995).toLocaleString(),(12345n).toLocaleString()]);
    fact("num opts", () => [(1234.5).toLocaleString("en-US",{style:"currency",currency:"USD"}),(0.256).toLocaleString("en-US",{style:"percent"}),(1234.5).toLocaleString("en-US",{minimumFractionDigits:2}),(1234.5678).toLocaleString("en-US",{maximumFractionDigits:1}),(5).toLocaleString("en-US",{minimumIntegerDigits:2}),(1234).toLocaleString("en-US",{useGrouping:false}),(1234567).toLocaleString("en-US",{notation:"compact"}),(1500).toLocaleString("en-US",{notation:"compact"}),(-5).toLocaleString("en-US",{style:"currency",currency:"EUR"}),(1234.5).toLocaleString("en-US",{style:"currency",currency:"JPY"}),(123456).toLocaleString("en-US",{maximumSignificantDigits:3}),(5).toLocaleString("en-US",{style:"unit",unit:"kilometer"}),(5).toLocaleString("en-US",{signDisplay:"always"})]);
    fact("de num", () => [(1234567.891).toLocaleString("de-DE"),(1234.5).toLocaleString("de-DE",{style:"currency",currency:"EUR"})]);
    fact("nf", () => [new Intl.NumberFormat().format(12345.678),new Intl.NumberFormat("en-US").resolvedOptions(),Intl.NumberFormat("en-US").format(1)]);
    fact("dtf", () => { const o=new Intl.DateTimeFormat().resolvedOptions(); return o; });
    fact("dtf parts", () => new Intl.DateTimeFormat("en-US",{year:"numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",hour12:false,timeZone:"America/New_York"}).formatToParts(d));
    fact("nf parts", () => new Intl.NumberFormat("en-US",{style:"currency",currency:"USD"}).formatToParts(-1234.5));
    fact("bound", () => [d].map(new Intl.DateTimeFormat("en-US").format));
    fact("array", () => [[1234.5,d].toLocaleString(), ["a",1].toLocaleString()]);
    fact("string", () => ["b".localeCompare("a"),"a".localeCompare("B"),"A".localeCompare("a"),"a".localeCompare("á"),"ä".localeCompare("z","de"),"2".localeCompare("10",undefined,{numeric:true}),"a".localeCompare("A",undefined,{sensitivity:"base"}),"I".toLocaleLowerCase(),"i".toLocaleUpperCase()]);
    fact("plural", () => [new Intl.PluralRules("en-US").select(1),new Intl.PluralRules("en-US").select(2),new Intl.PluralRules("en-US",{type:"ordinal"}).select(2)]);
    fact("rtf", () => [new Intl.RelativeTimeFormat("en",{numeric:"auto"}).format(-1,"day"),new Intl.RelativeTimeFormat("en").format(3,"hours")]);
    fact("list", () => new Intl.ListFormat("en",{style:"long",type:"conjunction"}).format(["a","b","c"]));
    fact("collator", () => ["b","a","C"].sort(new Intl.Collator().compare));
    fact("sort", () => ["b","a","C","A"].sort((x,y)=>x.localeCompare(y)));
    fact("range", () => new Intl.DateTimeFormat("en-US").formatRange(d,new Date(+d+86400000)));
    return Response.json(facts);
  },
};
