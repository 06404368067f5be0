// node:punycode: the package of that name.
import punycode from "punycode/punycode.es6.js";
const { decode, encode, toASCII, toUnicode, ucs2 } = punycode;
export const version = "2.1.0";
export { decode, encode, toASCII, toUnicode, ucs2 };
export default { version, ucs2, decode, encode, toASCII, toUnicode };
