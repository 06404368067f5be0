// date: 2026-02-23
// Halves of pairs in UTF-16, whole and in pieces, before text_decoder_replace_surrogates.
const pieces = {
  "whole": [[0, 0xd8, 65, 0]], "second half": [[0, 0xdc, 65, 0]], "a byte too many": [[0, 0xd8, 65, 0, 1]], "end": [[65, 0, 0, 0xd8]],
  "mark": [[0xff, 0xfe, 0, 0xd8, 65, 0]], "two": [[0, 0xd8, 65, 0], [66, 0]], "pair": [[65, 0, 0x3d, 0xd8], [0, 0xde]], "odd": [[0, 0xd8, 65], [0, 66, 0]],
  "alone": [[65, 0], [0, 0xd8], [66, 0]],
};
export default {
  fetch() {
    const out = {};
    for (const [name, chunks] of Object.entries(pieces)) {
      for (const fatal of [false, true]) {
        for (const ignoreBOM of [false, true]) {
          for (const flushes of [false, true]) {
            const decoder = new TextDecoder("utf-16", { fatal, ignoreBOM });
            const units = (text) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16)).join();
            const told = [];
            try {
              chunks.forEach((chunk, i) => {
                const stream = flushes || i < chunks.length - 1;
                told.push(units(decoder.decode(Uint8Array.from(chunk), { stream })));
              });
              if (flushes) told.push(units(decoder.decode()));
            } catch (error) {
              told.push(`${error.name}: ${error.message}`);
            }
            out[`${name} ${fatal} ${ignoreBOM} ${flushes}`] = told;
          }
        }
      }
    }
    return Response.json(out);
  },
};
