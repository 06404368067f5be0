// A module that imports itself while it waits at its top level.
import * as ns from "worker.js";
const me = await import("worker.js"); const later = import("worker.js");
let twice; try { twice = (await import("./worker.js")) === me } catch (e) { twice = e.message }
export default { async fetch() { return Response.json([typeof me, me === ns, me.before, (await later) === ns, twice]) } };
