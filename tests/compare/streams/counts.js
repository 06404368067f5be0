// Numbers of bytes that a reader asks for and a source answers with, where they are no such numbers.
const asked = async (pull, options) => {
  try {
    const stream = new ReadableStream({ type: "bytes", pull });
    const { value } = await stream.getReader({ mode: "byob" }).read(new Uint8Array(16), options);
    return value.length;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const numbers = { "2^31": 2 ** 31, "2^32 + 1": 2 ** 32 + 1, "-2^31 - 1": -(2 ** 31) - 1, "2^53": 2 ** 53, half: 1.9, text: "2", NaN, big: 1n, object: { valueOf: () => 3 } };

export default {
  async fetch() {
    const answer = {};
    for (const [name, number] of Object.entries(numbers)) {
      answer[`respond ${name}`] = await asked((controller) => controller.byobRequest.respond(number));
      answer[`min ${name}`] = await asked((controller) => controller.enqueue(new Uint8Array(16)), { min: number });
    }
    return Response.json(answer);
  },
};
