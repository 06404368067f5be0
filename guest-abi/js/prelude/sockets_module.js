// The module `cloudflare:sockets`.
import { connect } from "internal:sockets";

export { connect };
