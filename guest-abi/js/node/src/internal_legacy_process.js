// node:process as it was before its second version.
import process from "node:process";

export const { env, exit, features, getBuiltinModule, nextTick, platform } = process;
export default { nextTick, env, exit, getBuiltinModule, platform, features };
