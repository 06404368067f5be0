// How languages write numbers: what the number formats of V8 told of themselves, by language. Each is read
// when it is first asked for.
//
// g, p: between groups, before the fraction; m: four digits make no group; i: groups as in India; s: the
// minus; c, n: where a currency stands, also before a negative number; q: the percent sign; cg, cp: g and p
// of money; k: currencies by their codes; y: symbols of their own.
import { remembered } from "internal:intl/remembered";

const LANGUAGES = {
  en: '{"g":",","p":"."}',
  "en-GB": '{"g":",","p":".","y":{"USD":"US$","JPY":"JP\\u00a5"}}',
  "en-CA": '{"g":",","p":".","y":{"USD":"US$","JPY":"JP\\u00a5","CAD":"$"}}',
  "en-AU": '{"g":",","p":".","k":"USD EUR GBP JPY INR CNY KRW BRL CAD MXN NZD ILS VND TWD HKD PHP","y":{"AUD":"$"}}',
  "en-NZ": '{"g":",","p":".","y":{"USD":"US$","JPY":"JP\\u00a5","NZD":"$"}}',
  "en-IN": '{"g":",","p":".","i":1,"y":{"JPY":"JP\\u00a5"}}',
  "en-ZA": '{"g":"\\u00a0","p":",","y":{"USD":"US$","JPY":"JP\\u00a5"}}',
  "en-IE": '{"g":",","p":".","y":{"USD":"US$","JPY":"JP\\u00a5"}}',
  de: '{"g":".","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"PHP","y":{"AUD":"AU$","THB":"\\u0e3f"}}',
  "de-AT": '{"g":"\\u00a0","p":",","cg":".","c":"\\u00a4\\u00a00","q":"0\\u00a0%","k":"PHP","y":{"AUD":"AU$","THB":"\\u0e3f"}}',
  "de-CH": '{"g":"\'","p":".","c":"\\u00a4\\u00a00","n":"\\u00a4-0","k":"EUR PHP","y":{"AUD":"AU$","THB":"\\u0e3f"}}',
  fr: '{"g":"\\u202f","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"JPY CNY TWD HKD PHP","y":{"USD":"$US","GBP":"\\u00a3GB","CAD":"$CA","AUD":"$AU","MXN":"$MX","NZD":"$NZ"}}',
  "fr-CA": '{"g":"\\u00a0","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"INR KRW MXN ILS VND TWD PHP","y":{"USD":"$\\u00a0US","CAD":"$","AUD":"$\\u00a0AU","NZD":"$\\u00a0NZ","HKD":"$\\u00a0HK"}}',
  "fr-CH": '{"g":"\\u202f","p":",","cp":".","c":"0\\u00a0\\u00a4","k":"JPY CNY TWD HKD PHP","y":{"USD":"$US","GBP":"\\u00a3GB","CAD":"$CA","AUD":"$AU","MXN":"$MX","NZD":"$NZ"}}',
  es: '{"g":".","p":",","m":1,"c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS TWD HKD PHP","y":{"USD":"US$","THB":"\\u0e3f"}}',
  "es-MX": '{"g":",","p":".","k":"USD EUR GBP JPY INR CNY KRW BRL CAD AUD NZD ILS VND TWD HKD PHP","y":{"MXN":"$"}}',
  "es-AR": '{"g":".","p":",","c":"\\u00a4\\u00a00","k":"EUR GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"USD":"US$"}}',
  "es-419": '{"g":",","p":".","k":"USD EUR GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP"}',
  it: '{"g":".","p":",","m":1,"c":"0\\u00a0\\u00a4","k":"USD JPY INR KRW BRL MXN VND TWD HKD","y":{"THB":"\\u0e3f"}}',
  "it-CH": '{"g":"\'","p":".","m":1,"c":"\\u00a4\\u00a00","n":"\\u00a4-0","k":"USD JPY INR KRW BRL MXN VND TWD HKD","y":{"THB":"\\u0e3f"}}',
  pt: '{"g":".","p":",","c":"\\u00a4\\u00a00","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","AUD":"AU$","THB":"\\u0e3f"}}',
  "pt-PT": '{"g":"\\u00a0","p":",","m":1,"c":"0\\u00a0\\u00a4","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","AUD":"AU$","THB":"\\u0e3f"}}',
  nl: '{"g":".","p":",","c":"\\u00a4\\u00a00","n":"\\u00a4\\u00a0-0","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","CAD":"C$","AUD":"AU$","THB":"\\u0e3f"}}',
  sv: '{"g":"\\u00a0","p":",","s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"GBP JPY INR CNY KRW AUD NZD VND TWD HKD PHP","y":{"USD":"US$","BRL":"BR$","SEK":"kr","NOK":"Nkr","DKK":"Dkr"}}',
  da: '{"g":".","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","AUD":"AU$","DKK":"kr.","THB":"\\u0e3f"}}',
  nb: '{"g":"\\u00a0","p":",","s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"NOK":"kr"}}',
  no: '{"g":"\\u00a0","p":",","s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"NOK":"kr"}}',
  fi: '{"g":"\\u00a0","p":",","s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP"}',
  pl: '{"g":"\\u00a0","p":",","m":1,"c":"0\\u00a0\\u00a4","k":"USD GBP JPY INR CNY KRW CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"PLN":"z\\u0142"}}',
  cs: '{"g":"\\u00a0","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"INR ILS VND PHP","y":{"USD":"US$","JPY":"JP\\u00a5","AUD":"AU$","CZK":"K\\u010d"}}',
  sk: '{"g":"\\u00a0","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD GBP JPY INR CNY KRW BRL CAD AUD NZD VND TWD HKD PHP","y":{"ILS":"NIS"}}',
  hu: '{"g":"\\u00a0","p":",","m":1,"c":"0\\u00a0\\u00a4","k":"USD EUR GBP INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"HUF":"Ft"}}',
  ro: '{"g":".","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD EUR GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP"}',
  bg: '{"g":"\\u00a0","p":",","m":1,"c":"0\\u00a0\\u00a4","k":"GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"USD":"\\u0449.\\u0434."}}',
  hr: '{"g":".","p":",","s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP"}',
  sl: '{"g":".","p":",","m":1,"s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"GBP BRL CAD AUD MXN NZD TWD PHP"}',
  et: '{"g":"\\u00a0","p":",","m":1,"s":"\\u2212","c":"0\\u00a0\\u00a4","k":"PHP","y":{"AUD":"AU$","THB":"\\u0e3f"}}',
  lv: '{"g":"\\u00a0","p":",","m":1,"c":"0\\u00a0\\u00a4","k":"PHP","y":{"AUD":"AU$","THB":"\\u0e3f"}}',
  lt: '{"g":"\\u00a0","p":",","s":"\\u2212","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD GBP JPY INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP"}',
  el: '{"g":".","p":",","c":"0\\u00a0\\u00a4","k":"PHP","y":{"JPY":"JP\\u00a5","THB":"\\u0e3f"}}',
  tr: '{"g":".","p":",","q":"%0","k":"PHP","y":{"AUD":"AU$","TRY":"\\u20ba","THB":"\\u0e3f"}}',
  ru: '{"g":"\\u00a0","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"PHP","y":{"RUB":"\\u20bd","UAH":"\\u0433\\u0440\\u043d.","THB":"\\u0e3f"}}',
  uk: '{"g":"\\u00a0","p":",","c":"0\\u00a0\\u00a4","k":"USD EUR GBP INR CNY KRW BRL CAD AUD MXN NZD ILS VND TWD HKD PHP","y":{"UAH":"\\u0433\\u0440\\u043d"}}',
  he: '{"g":",","p":".","c":"\\u200f0\\u00a0\\u200f\\u00a4","n":"\\u200f\\u200e-0\\u00a0\\u200f\\u00a4","k":"PHP","y":{"THB":"\\u0e3f"}}',
  ja: '{"g":",","p":".","k":"PHP","y":{"JPY":"\\uffe5","CNY":"\\u5143"}}',
  zh: '{"g":",","p":".","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","CNY":"\\u00a5","AUD":"AU$"}}',
  "zh-TW": '{"g":",","p":".","k":"PHP","y":{"USD":"US$","KRW":"\\uffe6","AUD":"AU$","TWD":"$"}}',
  ko: '{"g":",","p":".","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","AUD":"AU$"}}',
  th: '{"g":",","p":".","k":"PHP","y":{"USD":"US$","AUD":"AU$","THB":"\\u0e3f"}}',
  vi: '{"g":".","p":",","c":"0\\u00a0\\u00a4","k":"PHP","y":{"USD":"US$","AUD":"AU$","THB":"\\u0e3f"}}',
  id: '{"g":".","p":",","k":"PHP","y":{"USD":"US$","JPY":"JP\\u00a5","INR":"Rs","AUD":"AU$","THB":"\\u0e3f"}}',
  ms: '{"g":",","p":".","k":"USD CAD MXN PHP","y":{"JPY":"JP\\u00a5"}}',
  hi: '{"g":",","p":".","i":1,"k":"PHP","y":{"JPY":"JP\\u00a5","THB":"\\u0e3f"}}',
  ca: '{"g":".","p":",","c":"0\\u00a0\\u00a4","q":"0\\u00a0%","k":"USD CNY BRL CAD MXN PHP","y":{"AUD":"AU$","THB":"\\u0e3f"}}',
};
export const SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "CN¥", "KRW": "₩", "BRL": "R$", "CAD": "CA$", "AUD": "A$", "MXN": "MX$", "NZD": "NZ$", "ILS": "₪", "VND": "₫", "TWD": "NT$", "HKD": "HK$", "PHP": "₱"};

const read = new Map();
// What is known of a language tag, or of its language.
export const numberLanguage = remembered((tag) => {
  const bare = tag.replace(/-u-.*$/, "");
  const name = LANGUAGES[bare] !== undefined ? bare : LANGUAGES[bare.split("-")[0]] !== undefined ? bare.split("-")[0] : "en";
  let found = read.get(name);
  if (found === undefined) read.set(name, (found = JSON.parse(LANGUAGES[name])));
  return found;
});
