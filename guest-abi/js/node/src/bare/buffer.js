// node:buffer for packages.
export * from "node:buffer";
