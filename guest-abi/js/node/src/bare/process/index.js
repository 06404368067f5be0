// The little of node:process that packages use.
import { later } from "../../later.js";
export const nextTick = later, env = {}, version = "v22.0.0", stdout = undefined, stderr = undefined;
