// Of a form's part that ends nowhere, what is wrong with its head is told first.
const HEADS = ["bad", "content-disposition: form-data", "a: b", "", 'content-disposition: form-data; name="a"'];

export default {
  async fetch() {
    const answer = {};
    for (const head of HEADS) {
      const headers = { "content-type": "multipart/form-data; boundary=x" };
      const form = new Response(`--x\r\n${head}\r\n\r\nvalue`, { headers }).formData();
      answer[head] = await form.then(() => "read", (error) => `${error.name}: ${error.message}`);
    }
    return Response.json(answer);
  },
};
