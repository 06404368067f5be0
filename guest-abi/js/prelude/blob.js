// Blob, File and FormData.
export class Blob {}
export class File extends Blob {}
export class FormData {}
export const serializeForm = () => [new Uint8Array(0), ""], parseForm = () => new FormData(), blobBytes = () => new Uint8Array(0);

export const globals = { Blob, File, FormData };
