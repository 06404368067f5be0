// Streams.
export class ReadableStream {}
export const isDisturbed = () => false;
