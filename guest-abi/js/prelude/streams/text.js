// Text and bytes for the streams that turn one into the other.
import native from "internal:native";

export const encodeText = (text) => native.utf8(text);

// A decoder for an encoding's label. The class is looked up late: it is made by another room.
export const decoderFor = (label, fatal, ignoreBOM) => new TextDecoder(label, { fatal, ignoreBOM });
