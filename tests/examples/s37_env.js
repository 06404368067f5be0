// S37 env that is imported, and replaced for a while.
// class: as it is
// > GET /
// < 200 || ["s3cret","other","s3cret"]
import { env, withEnv } from "cloudflare:workers";
const read = () => env.SECRET;
export default { fetch: () => Response.json([read(), withEnv({ SECRET: "other" }, read), read()]) };
