// node:wasi: there is none.
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export class WASI {
  constructor() {
    throw ERR_METHOD_NOT_IMPLEMENTED("WASI");
  }
  finalizeBindings() {
    throw ERR_METHOD_NOT_IMPLEMENTED("WASI.finalizeBindings");
  }
  getImportObject() {
    throw ERR_METHOD_NOT_IMPLEMENTED("WASI.getImportObject");
  }
  initialize() {
    throw ERR_METHOD_NOT_IMPLEMENTED("WASI.initialize");
  }
  start() {
    throw ERR_METHOD_NOT_IMPLEMENTED("WASI.start");
  }
}
export default { WASI };
