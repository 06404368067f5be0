// What is done with a Worker's files at once. Part of node:fs and node:fs/promises.
export { constants } from "./fs/constants.js";
export { unsupported } from "./fs/failures.js";
export { pathOf } from "./fs/paths.js";
export { called, check, optionsOf, validateMode, validateSize } from "./fs/arguments.js";
export { Dir, Dirent, Stats } from "./fs/entries.js";
export { appendFileSync, blobOf, closeSync, openSync, readFileSync, readSync, readvSync, writeFileSync, writeSync, writevSync } from "./fs/descriptors.js";
export { accessSync, chmodSync, chownSync, existsSync, fchmodSync, fchownSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, futimesSync, lchmodSync, lchownSync, lstatSync, lutimesSync, statfsSync, statSync, truncateSync, utimesSync } from "./fs/attributes.js";
export { globSync, mkdirSync, mkdtempSync, opendirSync, readdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from "./fs/folders.js";
export { copyFileSync, cpSync, linkSync, readlinkSync, realpathSync, symlinkSync } from "./fs/copies.js";
