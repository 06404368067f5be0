// The global classes, for packages.
export const { AbortController, AbortSignal } = globalThis;
