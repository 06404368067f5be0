// English names of regions, languages, scripts, currencies and the like for Intl.DisplayNames, and
// what is likely of a language. Lists of one text each, which take little room in a snapshot.

// Codes of two or three characters, then the name.
const REGIONS =
  "419Latin America|ACAscension Island|ADAndorra|AEUnited Arab Emirates|AFAfghanistan|AGAntigua & Barbuda|AIAnguilla|ALAlbania|AMArmenia|" +
  "ANCuraçao|AOAngola|AQAntarctica|ARArgentina|ASAmerican Samoa|ATAustria|AUAustralia|AWAruba|AXÅland Islands|AZAzerbaijan|" +
  "BABosnia & Herzegovina|BBBarbados|BDBangladesh|BEBelgium|BFBurkina Faso|BGBulgaria|BHBahrain|BIBurundi|BJBenin|BLSt. Barthélemy|BMBermuda|" +
  "BNBrunei|BOBolivia|BQCaribbean Netherlands|BRBrazil|BSBahamas|BTBhutan|BUMyanmar (Burma)|BVBouvet Island|BWBotswana|BYBelarus|BZBelize|" +
  "CACanada|CCCocos (Keeling) Islands|CDCongo - Kinshasa|CFCentral African Republic|CGCongo - Brazzaville|CHSwitzerland|CICôte d’Ivoire|" +
  "CKCook Islands|CLChile|CMCameroon|CNChina|COColombia|CPClipperton Island|CQSark|CRCosta Rica|CSSerbia|CUCuba|CVCape Verde|CWCuraçao|" +
  "CXChristmas Island|CYCyprus|CZCzechia|DDGermany|DEGermany|DGDiego Garcia|DJDjibouti|DKDenmark|DMDominica|DODominican Republic|DYBenin|" +
  "DZAlgeria|EACeuta & Melilla|ECEcuador|EEEstonia|EGEgypt|EHWestern Sahara|EREritrea|ESSpain|ETEthiopia|EUEuropean Union|EZEurozone|FIFinland|" +
  "FJFiji|FKFalkland Islands (Islas Malvinas)|FMMicronesia|FOFaroe Islands|FRFrance|FXFrance|GAGabon|GBUnited Kingdom|GDGrenada|GEGeorgia|" +
  "GFFrench Guiana|GGGuernsey|GHGhana|GIGibraltar|GLGreenland|GMGambia|GNGuinea|GPGuadeloupe|GQEquatorial Guinea|GRGreece|" +
  "GSSouth Georgia & South Sandwich Islands|GTGuatemala|GUGuam|GWGuinea-Bissau|GYGuyana|HKHong Kong|HMHeard & McDonald Islands|HNHonduras|" +
  "HRCroatia|HTHaiti|HUHungary|HVBurkina Faso|ICCanary Islands|IDIndonesia|IEIreland|ILIsrael|IMIsle of Man|INIndia|" +
  "IOBritish Indian Ocean Territory|IQIraq|IRIran|ISIceland|ITItaly|JEJersey|JMJamaica|JOJordan|JPJapan|KEKenya|KGKyrgyzstan|KHCambodia|" +
  "KIKiribati|KMComoros|KNSt. Kitts & Nevis|KPNorth Korea|KRSouth Korea|KWKuwait|KYCayman Islands|KZKazakhstan|LALaos|LBLebanon|LCSt. Lucia|" +
  "LILiechtenstein|LKSri Lanka|LRLiberia|LSLesotho|LTLithuania|LULuxembourg|LVLatvia|LYLibya|MAMorocco|MCMonaco|MDMoldova|MEMontenegro|" +
  "MFSt. Martin|MGMadagascar|MHMarshall Islands|MKNorth Macedonia|MLMali|MMMyanmar (Burma)|MNMongolia|MOMacao|MPNorthern Mariana Islands|" +
  "MQMartinique|MRMauritania|MSMontserrat|MTMalta|MUMauritius|MVMaldives|MWMalawi|MXMexico|MYMalaysia|MZMozambique|NANamibia|NCNew Caledonia|" +
  "NENiger|NFNorfolk Island|NGNigeria|NHVanuatu|NINicaragua|NLNetherlands|NONorway|NPNepal|NRNauru|NUNiue|NZNew Zealand|OMOman|PAPanama|PEPeru|" +
  "PFFrench Polynesia|PGPapua New Guinea|PHPhilippines|PKPakistan|PLPoland|PMSt. Pierre & Miquelon|PNPitcairn Islands|PRPuerto Rico|" +
  "PSPalestine|PTPortugal|PWPalau|PYParaguay|QAQatar|QOOutlying Oceania|RERéunion|RHZimbabwe|RORomania|RSSerbia|RURussia|RWRwanda|" +
  "SASaudi Arabia|SBSolomon Islands|SCSeychelles|SDSudan|SESweden|SGSingapore|SHSt. Helena|SISlovenia|SJSvalbard & Jan Mayen|SKSlovakia|" +
  "SLSierra Leone|SMSan Marino|SNSenegal|SOSomalia|SRSuriname|SSSouth Sudan|STSão Tomé & Príncipe|SURussia|SVEl Salvador|SXSint Maarten|" +
  "SYSyria|SZEswatini|TATristan da Cunha|TCTurks & Caicos Islands|TDChad|TFFrench Southern Territories|TGTogo|THThailand|TJTajikistan|" +
  "TKTokelau|TLTimor-Leste|TMTurkmenistan|TNTunisia|TOTonga|TPTimor-Leste|TRTürkiye|TTTrinidad & Tobago|TVTuvalu|TWTaiwan|TZTanzania|UAUkraine|" +
  "UGUganda|UKUnited Kingdom|UMU.S. Outlying Islands|UNUnited Nations|USUnited States|UYUruguay|UZUzbekistan|VAVatican City|" +
  "VCSt. Vincent & Grenadines|VDVietnam|VEVenezuela|VGBritish Virgin Islands|VIU.S. Virgin Islands|VNVietnam|VUVanuatu|WFWallis & Futuna|" +
  "WSSamoa|XAPseudo-Accents|XBPseudo-Bidi|XKKosovo|YDYemen|YEYemen|YTMayotte|YUSerbia|ZASouth Africa|ZMZambia|ZRCongo - Kinshasa|ZWZimbabwe|" +
  "ZZUnknown Region";
const LANGUAGES =
  "afAfrikaans|akAkan|amAmharic|anAragonese|arArabic|asAssamese|ayAymara|azAzerbaijani|beBelarusian|bgBulgarian|bhBhojpuri|bmBambara|bnBangla|" +
  "brBreton|bsBosnian|caCatalan|coCorsican|csCzech|cyWelsh|daDanish|deGerman|dvDivehi|eeEwe|elGreek|enEnglish|eoEsperanto|esSpanish|etEstonian|" +
  "euBasque|faPersian|fiFinnish|foFaroese|frFrench|fyWestern Frisian|gaIrish|gdScottish Gaelic|glGalician|gnGuarani|guGujarati|haHausa|" +
  "heHebrew|hiHindi|hrCroatian|htHaitian Creole|huHungarian|hyArmenian|iaInterlingua|idIndonesian|igIgbo|isIcelandic|itItalian|jaJapanese|" +
  "jvJavanese|kaGeorgian|kkKazakh|kmKhmer|knKannada|koKorean|kuKurdish|kyKyrgyz|laLatin|lbLuxembourgish|lgGanda|lnLingala|loLao|ltLithuanian|" +
  "lvLatvian|mgMalagasy|miMāori|mkMacedonian|mlMalayalam|mnMongolian|mrMarathi|msMalay|mtMaltese|myBurmese|nbNorwegian Bokmål|neNepali|nlDutch|" +
  "nnNorwegian Nynorsk|noNorwegian|nyNyanja|ocOccitan|omOromo|orOdia|paPunjabi|plPolish|psPashto|ptPortuguese|quQuechua|rmRomansh|roRomanian|" +
  "ruRussian|rwKinyarwanda|saSanskrit|sdSindhi|siSinhala|skSlovak|slSlovenian|smSamoan|snShona|soSomali|sqAlbanian|srSerbian|stSouthern Sotho|" +
  "suSundanese|svSwedish|swSwahili|taTamil|teTelugu|tgTajik|thThai|tiTigrinya|tkTurkmen|tnTswana|toTongan|trTurkish|tsTsonga|ttTatar|twAkan|" +
  "ugUyghur|ukUkrainian|urUrdu|uzUzbek|viVietnamese|waWalloon|woWolof|xhXhosa|yiYiddish|yoYoruba|zhChinese|zuZulu";
// Languages whose names are not made of parts, or whose codes are longer.
const DIALECTS =
  "de-AT:Austrian German|de-CH:Swiss High German|en-AU:Australian English|en-CA:Canadian English|en-GB:British English|en-US:American English|" +
  "es-419:Latin American Spanish|es-ES:European Spanish|es-MX:Mexican Spanish|fr-CA:Canadian French|fr-CH:Swiss French|nl-BE:Flemish|" +
  "pt-BR:Brazilian Portuguese|pt-PT:European Portuguese|ro-MD:Moldavian|sw-CD:Congo Swahili|ar-001:Modern Standard Arabic|fa-AF:Dari|" +
  "zh-Hans:Simplified Chinese|zh-Hant:Traditional Chinese|fil:Filipino|haw:Hawaiian|hi-Latn:Hindi (Latin)|sr-ME:Montenegrin|yue:Cantonese|" +
  "ckb:Central Kurdish|kok:Konkani|chr:Cherokee|nl-NL:Dutch (Netherlands)";
// Alone, and within another name.
const SCRIPTS =
  "LatnLatin/Latin|CyrlCyrillic/Cyrillic|GrekGreek/Greek|ArabArabic/Arabic|HebrHebrew/Hebrew|HansSimplified/Simplified|" +
  "HantTraditional/Traditional|JpanJapanese/Japanese|KoreKorean/Korean|HiraHiragana/Hiragana|KanaKatakana/Katakana|HangHangul/Hangul|" +
  "HaniHan/Han|DevaDevanagari/Devanagari|BengBangla/Bangla|ThaiThai/Thai|GeorGeorgian/Georgian|ArmnArmenian/Armenian|EthiEthiopic/Ethiopic|" +
  "TamlTamil/Tamil|TeluTelugu/Telugu|KndaKannada/Kannada|MlymMalayalam/Malayalam|GujrGujarati/Gujarati|GuruGurmukhi/Gurmukhi|KhmrKhmer/Khmer|" +
  "LaooLao/Lao|MymrMyanmar/Myanmar|SinhSinhala/Sinhala|TibtTibetan/Tibetan|MongMongolian/Mongolian|BraiBraille/Braille|ZsyeEmoji/Emoji|" +
  "ZsymSymbols/Symbols|ZyyyCommon/Common|ZinhInherited/Inherited|ZxxxUnwritten/Unwritten|ZzzzUnknown Script/Unknown Script";
const CURRENCIES =
  "AEDUnited Arab Emirates Dirham|AFNAfghan Afghani|ALLAlbanian Lek|AMDArmenian Dram|ANGNetherlands Antillean Guilder|AOAAngolan Kwanza|" +
  "ARSArgentine Peso|AUDAustralian Dollar|AWGAruban Florin|AZNAzerbaijani Manat|BAMBosnia-Herzegovina Convertible Mark|BBDBarbadian Dollar|" +
  "BDTBangladeshi Taka|BGNBulgarian Lev|BHDBahraini Dinar|BIFBurundian Franc|BMDBermudan Dollar|BNDBrunei Dollar|BOBBolivian Boliviano|" +
  "BRLBrazilian Real|BSDBahamian Dollar|BTNBhutanese Ngultrum|BWPBotswanan Pula|BYNBelarusian Ruble|BZDBelize Dollar|CADCanadian Dollar|" +
  "CDFCongolese Franc|CHFSwiss Franc|CLPChilean Peso|CNYChinese Yuan|COPColombian Peso|CRCCosta Rican Colón|CUCCuban Convertible Peso|" +
  "CUPCuban Peso|CVECape Verdean Escudo|CZKCzech Koruna|DJFDjiboutian Franc|DKKDanish Krone|DOPDominican Peso|DZDAlgerian Dinar|" +
  "EGPEgyptian Pound|ERNEritrean Nakfa|ETBEthiopian Birr|EUREuro|FJDFijian Dollar|FKPFalkland Islands Pound|GBPBritish Pound|GELGeorgian Lari|" +
  "GHSGhanaian Cedi|GIPGibraltar Pound|GMDGambian Dalasi|GNFGuinean Franc|GTQGuatemalan Quetzal|GYDGuyanaese Dollar|HKDHong Kong Dollar|" +
  "HNLHonduran Lempira|HRKCroatian Kuna|HTGHaitian Gourde|HUFHungarian Forint|IDRIndonesian Rupiah|ILSIsraeli New Shekel|INRIndian Rupee|" +
  "IQDIraqi Dinar|IRRIranian Rial|ISKIcelandic Króna|JMDJamaican Dollar|JODJordanian Dinar|JPYJapanese Yen|KESKenyan Shilling|KGSKyrgyz Som|" +
  "KHRCambodian Riel|KMFComorian Franc|KPWNorth Korean Won|KRWSouth Korean Won|KWDKuwaiti Dinar|KYDCayman Islands Dollar|KZTKazakhstani Tenge|" +
  "LAKLaotian Kip|LBPLebanese Pound|LKRSri Lankan Rupee|LRDLiberian Dollar|LSLLesotho Loti|LYDLibyan Dinar|MADMoroccan Dirham|MDLMoldovan Leu|" +
  "MGAMalagasy Ariary|MKDMacedonian Denar|MMKMyanmar Kyat|MNTMongolian Tugrik|MOPMacanese Pataca|MRUMauritanian Ouguiya|MURMauritian Rupee|" +
  "MVRMaldivian Rufiyaa|MWKMalawian Kwacha|MXNMexican Peso|MYRMalaysian Ringgit|MZNMozambican Metical|NADNamibian Dollar|NGNNigerian Naira|" +
  "NIONicaraguan Córdoba|NOKNorwegian Krone|NPRNepalese Rupee|NZDNew Zealand Dollar|OMROmani Rial|PABPanamanian Balboa|PENPeruvian Sol|" +
  "PGKPapua New Guinean Kina|PHPPhilippine Peso|PKRPakistani Rupee|PLNPolish Zloty|PYGParaguayan Guarani|QARQatari Riyal|RONRomanian Leu|" +
  "RSDSerbian Dinar|RUBRussian Ruble|RWFRwandan Franc|SARSaudi Riyal|SBDSolomon Islands Dollar|SCRSeychellois Rupee|SDGSudanese Pound|" +
  "SEKSwedish Krona|SGDSingapore Dollar|SHPSt. Helena Pound|SLLSierra Leonean Leone (1964—2022)|SOSSomali Shilling|SRDSurinamese Dollar|" +
  "SSPSouth Sudanese Pound|STNSão Tomé & Príncipe Dobra|SVCSalvadoran Colón|SYPSyrian Pound|SZLSwazi Lilangeni|THBThai Baht|" +
  "TJSTajikistani Somoni|TMTTurkmenistani Manat|TNDTunisian Dinar|TOPTongan Paʻanga|TRYTurkish Lira|TTDTrinidad & Tobago Dollar|" +
  "TWDNew Taiwan Dollar|TZSTanzanian Shilling|UAHUkrainian Hryvnia|UGXUgandan Shilling|USDUS Dollar|UYUUruguayan Peso|UZSUzbekistani Som|" +
  "VESVenezuelan Bolívar|VNDVietnamese Dong|VUVVanuatu Vatu|WSTSamoan Tala|XAFCentral African CFA Franc|XCDEast Caribbean Dollar|" +
  "XDRSpecial Drawing Rights|XOFWest African CFA Franc|XPFCFP Franc|XSUSucre|YERYemeni Rial|ZARSouth African Rand|ZMWZambian Kwacha|" +
  "ZWLZimbabwean Dollar (2009–2024)";
const CALENDARS =
  "buddhist:Buddhist Calendar|chinese:Chinese Calendar|coptic:Coptic Calendar|dangi:Dangi Calendar|ethioaa:Ethiopic Amete Alem Calendar|" +
  "ethiopic:Ethiopic Calendar|gregory:Gregorian Calendar|hebrew:Hebrew Calendar|indian:Indian National Calendar|islamic:Hijri Calendar|" +
  "islamic-civil:Hijri Calendar (tabular, civil epoch)|islamic-rgsa:Hijri Calendar (Saudi Arabia, sighting)|" +
  "islamic-tbla:Hijri Calendar (tabular, astronomical epoch)|islamic-umalqura:Hijri Calendar (Umm al-Qura)|" +
  "iso8601:Gregorian Calendar (ISO 8601 Weeks)|japanese:Japanese Calendar|persian:Persian Calendar|roc:Minguo Calendar";
// Script and region that a language has when nothing is said of them.
const LIKELY =
  "aaLatnET|abCyrlGE|aeAvstIR|afLatnZA|akLatnGH|amEthiET|anLatnES|arArabEG|asBengIN|avCyrlRU|ayLatnBO|azLatnAZ|baCyrlRU|beCyrlBY|bgCyrlBG|" +
  "bhDevaIN|biLatnVU|bmLatnML|bnBengBD|boTibtCN|brLatnFR|bsLatnBA|caLatnES|ceCyrlRU|chLatnGU|coLatnFR|crCansCA|csLatnCZ|cuCyrlRU|cvCyrlRU|" +
  "cyLatnGB|daLatnDK|deLatnDE|dvThaaMV|dzTibtBT|eeLatnGH|elGrekGR|enLatnUS|eoLatn001|esLatnES|etLatnEE|euLatnES|faArabIR|ffLatnSN|fiLatnFI|" +
  "fjLatnFJ|foLatnFO|frLatnFR|fyLatnNL|gaLatnIE|gdLatnGB|glLatnES|gnLatnPY|guGujrIN|gvLatnIM|haLatnNG|heHebrIL|hiDevaIN|hoLatnPG|hrLatnHR|" +
  "htLatnHT|huLatnHU|hyArmnAM|hzLatnNA|iaLatn001|idLatnID|ieLatnEE|igLatnNG|iiYiiiCN|ikLatnUS|ioLatn001|isLatnIS|itLatnIT|iuCansCA|jaJpanJP|" +
  "jvLatnID|kaGeorGE|kgLatnCD|kiLatnKE|kjLatnNA|kkCyrlKZ|klLatnGL|kmKhmrKH|knKndaIN|koKoreKR|krLatnNG|ksArabIN|kuLatnTR|kvCyrlRU|kwLatnGB|" +
  "kyCyrlKG|laLatnVA|lbLatnLU|lgLatnUG|liLatnNL|lnLatnCD|loLaooLA|ltLatnLT|luLatnCD|lvLatnLV|mgLatnMG|mhLatnMH|miLatnNZ|mkCyrlMK|mlMlymIN|" +
  "mnCyrlMN|mrDevaIN|msLatnMY|mtLatnMT|myMymrMM|naLatnNR|nbLatnNO|ndLatnZW|neDevaNP|ngLatnNA|nlLatnNL|nnLatnNO|noLatnNO|nrLatnZA|nvLatnUS|" +
  "nyLatnMW|ocLatnFR|ojCansCA|omLatnET|orOryaIN|osCyrlGE|paGuruIN|piLatnGB|plLatnPL|psArabAF|ptLatnBR|quLatnPE|rmLatnCH|rnLatnBI|roLatnRO|" +
  "ruCyrlRU|rwLatnRW|saDevaIN|scLatnIT|sdArabPK|seLatnNO|sgLatnCF|siSinhLK|skLatnSK|slLatnSI|smLatnWS|snLatnZW|soLatnSO|sqLatnAL|srCyrlRS|" +
  "ssLatnZA|stLatnZA|suLatnID|svLatnSE|swLatnTZ|taTamlIN|teTeluIN|tgCyrlTJ|thThaiTH|tiEthiET|tkLatnTM|tnLatnZA|toLatnTO|trLatnTR|tsLatnZA|" +
  "ttCyrlRU|twLatnGH|tyLatnPF|ugArabCN|ukCyrlUA|urArabPK|uzLatnUZ|veLatnZA|viLatnVN|voLatn001|waLatnBE|woLatnSN|xhLatnZA|yiHebrUA|yoLatnNG|" +
  "zaLatnCN|zhHansCN|zuLatnZA";

function lookup(list, code, width) {
  for (let at = list.indexOf(code); at >= 0; at = list.indexOf(code, at + 1)) {
    if (at > 0 && list[at - 1] !== "|") continue;
    const end = list.indexOf("|", at);
    return list.slice(at + width, end < 0 ? undefined : end);
  }
  return undefined;
}
const coded = (list, code) => lookup(list, `${code}:`, code.length + 1);

export const regionName = (code) => lookup(REGIONS, code, code.length);
export const currencyName = (code) => lookup(CURRENCIES, code, 3);
export const calendarName = (code) => coded(CALENDARS, code);
export const dialectName = (tag) => coded(DIALECTS, tag);
export const languageName = (code) => (code.length === 2 ? lookup(LANGUAGES, code, 2) : coded(DIALECTS, code));
export const scriptName = (code, inside) => lookup(SCRIPTS, code, 4)?.split("/")[inside ? 1 : 0];
export const currencies = () => CURRENCIES.split("|").map((entry) => entry.slice(0, 3));
export const calendars = () => CALENDARS.split("|").map((entry) => entry.slice(0, entry.indexOf(":")));

// Languages of three letters, and pairs that have another script than the language alone.
const MORE = {
  "zh-TW": "Hant", "zh-HK": "Hant", "zh-MO": "Hant", "sr-ME": "Latn", "uz-AF": "Arab", "pa-PK": "Arab", "az-IR": "Arab", "zh-SG": "Hans", yue: "HantHK", fil: "LatnPH", haw: "LatnUS", gsw: "LatnCH", chr: "CherUS", ckb: "ArabIQ", kok: "DevaIN", mai: "DevaIN",
};
export function likely(language, region) {
  const script = region === undefined ? undefined : MORE[`${language}-${region}`];
  if (script !== undefined) return [script, region];
  const found = language.length === 2 ? lookup(LIKELY, language, 2) : MORE[language];
  return found === undefined ? undefined : [found.slice(0, 4), found.slice(4)];
}
export const isKnown = (language) => languageName(language) !== undefined;
