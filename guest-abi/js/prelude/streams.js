// Streams.
export class ReadableStream {}
export const isDisturbed = () => false;

export const globals = { ReadableStream };
