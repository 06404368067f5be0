// What node:net and node:tls have of each other.

// Connects to who was looked up; takes a connection that is there.
export const kConnect = Symbol("connect"), kAdopt = Symbol("adopt");
