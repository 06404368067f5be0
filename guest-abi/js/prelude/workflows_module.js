// The module `cloudflare:workflows`: what code for Workflows imports. There are none here to run it.
export class NonRetryableError extends Error {
  constructor(message, name = "NonRetryableError") {
    super(message);
    this.name = name;
  }
}
