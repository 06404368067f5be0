// node:os: a machine of which nothing is told.
import tables from "./constants.json";
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_VALUE, validateNumber, validateObject } from "internal:node/errors";

export const constants = tables.os;
export const EOL = "\n", devNull = "/dev/null";
export const availableParallelism = () => 1, arch = () => "x64", cpus = () => [], endianness = () => "LE", freemem = () => 0, homedir = () => "/tmp/", hostname = () => "localhost", loadavg = () => [0, 0, 0], machine = () => "x86_64", networkInterfaces = () => ({}), platform = () => "linux", release = () => "", tmpdir = () => "/tmp/", totalmem = () => 0, type = () => "Linux", uptime = () => 0, version = () => "";
export function getPriority(pid) {
  if (pid !== undefined) validateNumber(pid, "pid");
  return 0;
}
export function setPriority(pid, priority) {
  validateNumber(pid, "pid");
  validateNumber(priority, "priority");
}
export function userInfo(options = {}) {
  validateObject(options, "options");
  const { encoding = null } = options;
  if (encoding !== null && encoding !== "buffer" && !Buffer.isEncoding(encoding)) throw ERR_INVALID_ARG_VALUE("options.encoding", encoding, "must be a valid encoding");
  return {};
}
export default {
  EOL, devNull, constants, availableParallelism, arch, cpus, endianness, freemem, getPriority, homedir, hostname, loadavg, machine,
  networkInterfaces, platform, release, setPriority, tmpdir, totalmem, type, uptime, userInfo, version,
};
