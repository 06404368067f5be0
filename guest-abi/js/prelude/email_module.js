// The module `cloudflare:email`.
export { EmailMessage } from "internal:email";
