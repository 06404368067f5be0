// node:_http_common.
import { _checkInvalidHeaderChar, _checkIsHttpToken, METHODS } from "internal:node/http";

export const CRLF = "\r\n", chunkExpression = /(?:^|\W)chunked(?:$|\W)/i, continueExpression = /(?:^|\W)100-continue(?:$|\W)/i;
export const kIncomingMessage = Symbol("IncomingMessage"), methods = METHODS, parsers = { alloc() {}, free() {} };
export { _checkInvalidHeaderChar, _checkIsHttpToken };
export default { CRLF, _checkInvalidHeaderChar, _checkIsHttpToken, chunkExpression, continueExpression, kIncomingMessage, methods, parsers };
