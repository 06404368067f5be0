// node:os: a machine of which nothing is told.
import tables from "./constants.json";
import { validateInteger } from "internal:node/errors";

export const constants = tables.os;
export const EOL = "\n", devNull = "/dev/null";
export const availableParallelism = () => 1, arch = () => "x64", cpus = () => [], endianness = () => "LE", freemem = () => 0, homedir = () => "/tmp/", hostname = () => "localhost", loadavg = () => [0, 0, 0], machine = () => "x86_64", networkInterfaces = () => ({}), platform = () => "linux", release = () => "", tmpdir = () => "/tmp/", totalmem = () => 0, type = () => "Linux", uptime = () => 0, userInfo = () => ({}), version = () => "";
export const getPriority = (pid) => 0;
export const setPriority = (pid, priority) => {};
export default { EOL, arch, availableParallelism, constants, cpus, devNull, endianness, freemem, getPriority, homedir, hostname, loadavg, machine, networkInterfaces, platform, release, setPriority, tmpdir, totalmem, type, uptime, userInfo, version };
