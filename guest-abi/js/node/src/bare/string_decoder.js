// node:string_decoder for packages.
export { StringDecoder } from "node:string_decoder";
