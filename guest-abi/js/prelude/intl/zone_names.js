// What American English calls zones of time: a line has the names of standard and of summer time ("X|D" and "X|S" are
// X Standard Time beside X Daylight Time and X Summer Time), and the zones by their continents.
// Recorded of V8's tables, as they hold today.
const NAMES = `
Acre Standard Time:America/Eirunepe,Porto_Acre,Rio_Branco
Afghanistan Time:Asia/Kabul
Alaska|D:America/Anchorage,Juneau,Metlakatla,Nome,Sitka,Yakutat;US/Alaska
Amazon Standard Time:America/Boa_Vista,Campo_Grande,Cuiaba,Manaus,Porto_Velho
American Samoa Standard Time:Pacific/Midway,Pago_Pago,Samoa
Arabian Standard Time:Asia/Aden,Baghdad,Bahrain,Kuwait,Qatar,Riyadh
Argentina Standard Time:America/Argentina/Buenos_Aires,Argentina/Catamarca,Argentina/ComodRivadavia,Argentina/Cordoba,Argentina/Jujuy,Argentina/La_Rioja,Argentina/Mendoza,Argentina/Rio_Gallegos,Argentina/Salta,Argentina/San_Juan,Argentina/San_Luis,Argentina/Tucuman,Argentina/Ushuaia,Buenos_Aires,Catamarca,Cordoba,Jujuy,Mendoza,Rosario
Armenia Standard Time:Asia/Yerevan
Atlantic|D:America/Glace_Bay,Goose_Bay,Halifax,Moncton,Thule;Atlantic/Bermuda;Canada/Atlantic
Atlantic Standard Time:America/Anguilla,Antigua,Aruba,Barbados,Blanc-Sablon,Curacao,Dominica,Grenada,Guadeloupe,Kralendijk,Lower_Princes,Marigot,Martinique,Montserrat,Port_of_Spain,Puerto_Rico,Santo_Domingo,St_Barthelemy,St_Kitts,St_Lucia,St_Thomas,St_Vincent,Tortola,Virgin
Australian Central|D:Australia/Adelaide,Broken_Hill,South,Yancowinna
Australian Central Standard Time:Australia/Darwin,North
Australian Central Western Standard Time:Australia/Eucla
Australian Eastern|D:Antarctica/Macquarie;Australia/ACT,Canberra,Currie,Hobart,Melbourne,NSW,Sydney,Tasmania,Victoria
Australian Eastern Standard Time:Australia/Brisbane,Lindeman,Queensland
Australian Western Standard Time:Antarctica/Casey;Australia/Perth,West
Azerbaijan Standard Time:Asia/Baku
Azores|S:Atlantic/Azores
Bangladesh Standard Time:Asia/Dacca,Dhaka
Bhutan Time:Asia/Thimbu,Thimphu
Bolivia Time:America/La_Paz
Brasilia Standard Time:America/Araguaina,Bahia,Belem,Fortaleza,Maceio,Recife,Santarem,Sao_Paulo
Brunei Time:Asia/Brunei
Cape Verde Standard Time:Atlantic/Cape_Verde
Central Africa Time:Africa/Blantyre,Bujumbura,Gaborone,Harare,Juba,Khartoum,Kigali,Lubumbashi,Lusaka,Maputo,Windhoek
Central European Standard Time:Africa/Algiers,Tunis
Central European|S:Africa/Ceuta;Arctic/Longyearbyen;Atlantic/Jan_Mayen;Europe/Amsterdam,Andorra,Belgrade,Berlin,Bratislava,Brussels,Budapest,Busingen,Copenhagen,Gibraltar,Ljubljana,Luxembourg,Madrid,Malta,Monaco,Oslo,Paris,Podgorica,Prague,Rome,San_Marino,Sarajevo,Skopje,Stockholm,Tirane,Vaduz,Vatican,Vienna,Warsaw,Zagreb,Zurich
Central Indonesia Time:Asia/Makassar,Ujung_Pandang
Central|D:America/Chicago,Indiana/Knox,Indiana/Tell_City,Knox_IN,Matamoros,Menominee,North_Dakota/Beulah,North_Dakota/Center,North_Dakota/New_Salem,Ojinaga,Rainy_River,Rankin_Inlet,Resolute,Winnipeg;US/Central
Central Standard Time:America/Bahia_Banderas,Belize,Chihuahua,Costa_Rica,El_Salvador,Guatemala,Managua,Merida,Mexico_City,Monterrey,Regina,Swift_Current,Tegucigalpa
Chamorro Standard Time:Pacific/Guam,Saipan
Chatham|D:Pacific/Chatham
Chile|S:America/Santiago
China Standard Time:Asia/Chongqing,Chungking,Harbin,Macao,Macau,Shanghai
Christmas Island Time:Indian/Christmas
Chuuk Time:Pacific/Chuuk,Truk,Yap
Cocos Islands Time:Indian/Cocos
Colombia Standard Time:America/Bogota
Cook Islands Standard Time:Pacific/Rarotonga
Cuba|D:America/Havana
Davis Time:Antarctica/Davis
Dumont d’Urville Time:Antarctica/DumontDUrville
East Africa Time:Africa/Addis_Ababa,Asmara,Asmera,Dar_es_Salaam,Djibouti,Kampala,Mogadishu,Nairobi;Indian/Antananarivo,Comoro,Mayotte
Easter Island|S:Pacific/Easter
Eastern European Standard Time:Africa/Tripoli;Europe/Kaliningrad
Eastern European|S:Africa/Cairo;Asia/Beirut,Famagusta,Gaza,Hebron,Nicosia;Europe/Athens,Bucharest,Chisinau,Helsinki,Kiev,Kyiv,Mariehamn,Nicosia,Riga,Sofia,Tallinn,Tiraspol,Uzhgorod,Vilnius,Zaporozhye
Eastern Indonesia Time:Asia/Jayapura
Eastern|D:America/Detroit,Fort_Wayne,Grand_Turk,Indiana/Indianapolis,Indiana/Marengo,Indiana/Petersburg,Indiana/Vevay,Indiana/Vincennes,Indiana/Winamac,Indianapolis,Iqaluit,Kentucky/Louisville,Kentucky/Monticello,Louisville,Montreal,Nassau,New_York,Nipigon,Pangnirtung,Port-au-Prince,Thunder_Bay,Toronto;Canada/Eastern;US/Eastern
Eastern Standard Time:America/Atikokan,Cancun,Cayman,Coral_Harbour,Jamaica,Panama
Ecuador Time:America/Guayaquil
Falkland Islands Standard Time:Atlantic/Stanley
Fernando de Noronha Standard Time:America/Noronha
Fiji Standard Time:Pacific/Fiji
French Guiana Time:America/Cayenne
French Southern & Antarctic Time:Indian/Kerguelen
Galapagos Time:Pacific/Galapagos
Gambier Time:Pacific/Gambier
Georgia Standard Time:Asia/Tbilisi
Gilbert Islands Time:Pacific/Tarawa
Greenland|S:America/Godthab,Nuuk,Scoresbysund
Greenwich Mean Time|British Summer Time:Europe/Belfast,London
Greenwich Mean Time:Africa/Abidjan,Accra,Bamako,Banjul,Bissau,Conakry,Dakar,Freetown,Lome,Monrovia,Nouakchott,Ouagadougou,Sao_Tome,Timbuktu;America/Danmarkshavn;Atlantic/Reykjavik,St_Helena
Greenwich Mean Time|Irish Standard Time:Europe/Dublin
Gulf Standard Time:Asia/Dubai,Muscat
Guyana Time:America/Guyana
Hawaii-Aleutian|D:America/Adak,Atka
Hawaii-Aleutian Standard Time:Pacific/Honolulu,Johnston;US/Hawaii
Hong Kong Standard Time:Asia/Hong_Kong
India Standard Time:Asia/Calcutta,Colombo,Kolkata
Indian Ocean Time:Indian/Chagos
Indochina Time:Asia/Bangkok,Ho_Chi_Minh,Phnom_Penh,Saigon,Vientiane
Iran Standard Time:Asia/Tehran
Irkutsk Standard Time:Asia/Irkutsk
Israel|D:Asia/Jerusalem,Tel_Aviv
Japan Standard Time:Asia/Tokyo
Kamchatka Standard Time:Asia/Anadyr,Kamchatka
Kazakhstan Time:Asia/Almaty,Aqtau,Aqtobe,Atyrau,Oral,Qostanay,Qyzylorda
Khovd Standard Time:Asia/Hovd
Korean Standard Time:Asia/Pyongyang,Seoul
Kosrae Time:Pacific/Kosrae
Krasnoyarsk Standard Time:Asia/Barnaul,Krasnoyarsk,Novokuznetsk,Novosibirsk,Tomsk
Kyrgyzstan Time:Asia/Bishkek
Line Islands Time:Pacific/Kiritimati
Lord Howe|D:Australia/LHI,Lord_Howe
Magadan Standard Time:Asia/Magadan,Sakhalin,Srednekolymsk
Malaysia Time:Asia/Kuala_Lumpur,Kuching
Maldives Time:Indian/Maldives
Marquesas Time:Pacific/Marquesas
Marshall Islands Time:Pacific/Kwajalein,Majuro
Mauritius Standard Time:Indian/Mauritius
Mawson Time:Antarctica/Mawson
Mexican Pacific Standard Time:America/Hermosillo,Mazatlan
Moscow Standard Time:Europe/Kirov,Minsk,Moscow,Simferopol,Volgograd
Mountain|D:America/Boise,Cambridge_Bay,Ciudad_Juarez,Denver,Edmonton,Inuvik,Shiprock,Yellowknife;US/Mountain
Mountain Standard Time:America/Creston,Dawson_Creek,Fort_Nelson,Phoenix;US/Arizona
Myanmar Time:Asia/Rangoon,Yangon
Nauru Time:Pacific/Nauru
Nepal Time:Asia/Kathmandu,Katmandu
New Caledonia Standard Time:Pacific/Noumea
New Zealand|D:Antarctica/McMurdo,South_Pole;Pacific/Auckland
Newfoundland|D:America/St_Johns
Niue Time:Pacific/Niue
Norfolk Island|D:Pacific/Norfolk
Omsk Standard Time:Asia/Omsk
Pacific|D:America/Ensenada,Los_Angeles,Santa_Isabel,Tijuana,Vancouver;Canada/Pacific;US/Pacific
Pakistan Standard Time:Asia/Karachi
Palau Time:Pacific/Palau
Papua New Guinea Time:Pacific/Port_Moresby
Paraguay Standard Time:America/Asuncion
Peru Standard Time:America/Lima
Philippine Standard Time:Asia/Manila
Phoenix Islands Time:Pacific/Enderbury,Kanton
Pitcairn Time:Pacific/Pitcairn
Pohnpei Time:Pacific/Pohnpei,Ponape
Rothera Time:Antarctica/Rothera
Réunion Time:Indian/Reunion
Samara Standard Time:Europe/Astrakhan,Samara,Saratov,Ulyanovsk
Samoa Standard Time:Pacific/Apia
Seychelles Time:Indian/Mahe
Singapore Standard Time:Asia/Singapore
Solomon Islands Time:Pacific/Guadalcanal
South Africa Standard Time:Africa/Johannesburg,Maseru,Mbabane
South Georgia Time:Atlantic/South_Georgia
St. Pierre & Miquelon|D:America/Miquelon
Suriname Time:America/Paramaribo
Syowa Time:Antarctica/Syowa
Tahiti Time:Pacific/Tahiti
Taiwan Standard Time:Asia/Taipei
Tajikistan Time:Asia/Dushanbe
Timor-Leste Time:Asia/Dili
Tokelau Time:Pacific/Fakaofo
Tonga Standard Time:Pacific/Tongatapu
Turkmenistan Standard Time:Asia/Ashgabat,Ashkhabad
Tuvalu Time:Pacific/Funafuti
Türkiye Standard Time:Asia/Istanbul;Europe/Istanbul
Ulaanbaatar Standard Time:Asia/Choibalsan,Ulaanbaatar,Ulan_Bator
Uruguay Standard Time:America/Montevideo
Uzbekistan Standard Time:Asia/Samarkand,Tashkent
Vanuatu Standard Time:Pacific/Efate
Venezuela Time:America/Caracas
Vladivostok Standard Time:Asia/Ust-Nera,Vladivostok
Vostok Time:Antarctica/Vostok
Wake Island Time:Pacific/Wake
Wallis & Futuna Time:Pacific/Wallis
West Africa Time:Africa/Bangui,Brazzaville,Douala,Kinshasa,Lagos,Libreville,Luanda,Malabo,Ndjamena,Niamey,Porto-Novo
Western European|S:Atlantic/Canary,Faeroe,Faroe,Madeira;Europe/Lisbon
Western Indonesia Time:Asia/Jakarta,Pontianak
Yakutsk Standard Time:Asia/Chita,Khandyga,Yakutsk
Yekaterinburg Standard Time:Asia/Yekaterinburg
Yukon Time:America/Dawson,Whitehorse
`;

let zones;

function read() {
  zones = new Map();
  for (const line of NAMES.trim().split("\n")) {
    const [told, places] = line.split(":");
    const [one, other] = told.split("|");
    const long = other === "D" || other === "S" ? `${one} Standard Time` : one;
    const summer = other === "D" ? `${one} Daylight Time` : other === "S" ? `${one} Summer Time` : (other ?? one);
    for (const area of places.split(";")) {
      const [continent, rest] = area.split(/\/(.*)/s);
      for (const place of rest.split(",")) zones.set(`${continent}/${place}`, [long, summer]);
    }
  }
}

// The names of a zone's standard and summer time; undefined if it has none.
export function namesOf(zone) {
  if (zones === undefined) read();
  return zones.get(zone);
}
