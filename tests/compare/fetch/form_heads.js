// Parts of multipart forms: their heads, dispositions and boundaries, well and badly written.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
const form = (b, ct = "multipart/form-data; boundary=b") => new Response(b, { headers: { "content-type": ct } }).formData();
const dump = async (f) => { const out = []; for (const [k, v] of f) out.push([k, typeof v === "string" ? v : [v.name, v.type, await v.text()]]); return out; };
for (const cd of ["form-data; name=\"a\";", "form-data;; name=\"a\"", "form-data; ; name=\"a\"", "form-data; name=\"a\"; ", "form-data; name=\"a\" x", "form-data; name=\"a\" x; filename=\"q\"", "form-data; name=\"a\"; x; filename=\"q\"", "form-data; x; name=\"a\"", "form-data; x=y; name=\"a\"", "form-data; x=\"y\"; name=\"a\"", "form-data; x=y z; name=\"a\"", "form-data; name=\"a\" ; filename=\"q\"", "form-data; name=\"a\"filename=\"q\"", "form-data; name=\"a\",filename=\"q\"", "form-data; name=\"a\"; filename=q", "form-data; name=\"a\"; filename=\"q\"; filename=\"r\"", "form-data; name=\"a\"; filename=\"\"; filename=\"r\"", "form-data; name=\"a\"; filename=\"r\"; filename=\"\"", "form-data; name= \"a\"", "form-data; name =\"a\"", "form-data; NAME=\"a\"", "form-data; Name=\"a\"; FileName=\"b\"", "form-data ; name=\"a\"", "form-data name=\"a\"", "form-data,name=\"a\"", "form-datax; name=\"a\"", "Form-Data; name=\"a\"", " form-data; name=\"a\"", "\"form-data\"; name=\"a\"", "form-data; name=\"a\\\\\"", "form-data; name=\"a\\x\"", "form-data; name=\"\\\"\"", "form-data; name=\"\"; filename=\"x\"", "form-data; name*=\"a\"", "form-data;\tname=\"a\"", "form-data; name=\"a\tb\"", "form-data; name=\"a\u0001b\"", "form-data; name=\"é\"", "form-data; x=\"\"; name=\"a\"", "form-data; =\"x\"; name=\"a\"", "", " ", ";name=\"a\"", "form-data; name=\"a;name=\"b\"", "form-data; filename=\"f\"", "form-data; name=\"a\"; filename=\"f\"; x=\"y\"", "form-data; name=\"a\"; filename=\"é\"", "form-data; name=\"a\"; size=5"])
  await later("cd " + cd, async () => dump(await form(`--b\r\nContent-Disposition: ${cd}\r\n\r\nv\r\n--b--`)));
for (const h of ["X: y", "X y", "X:y", " X: y", "X : y", ": y", "X:", "é: y", "X: é", "X: a\u0000", "X: a\rb", "X(: y", "X: y\r\n z", "X: \u0001", "content-type", "Content-Type: \"x\"", "Content-Type: a b", "\t", "X: y\r\nX: z"]) {
  await later("hd before " + h, async () => dump(await form(`--b\r\n${h}\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nv\r\n--b--`)));
  await later("hd after " + h, async () => dump(await form(`--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n${h}\r\n\r\nv\r\n--b--`)));
}
for (const ct of ["multipart/form-data; boundary=\"b", "multipart/form-data; boundary=\"b\\\"\"", "multipart/form-data; x; boundary=b", "multipart/form-data; x=; boundary=b", "multipart/form-data;;boundary=b", "multipart/form-data; boundary=b ", "multipart/form-data; boundary=b c", "multipart/form-data; boundary=\"b\" x", "multipart/form-data; x=\"a;b\"; boundary=b", "multipart/form-data; x=\"a\"y; boundary=b", " multipart/form-data; boundary=b", "multipart /form-data; boundary=b", "multipart/form-data\t;\tboundary=b", "multipart/form-data; boundary\t=b", "multipart/form-data; bound=b", "multipart/form-data; boundary=b/c", "multipart/form-data; boundary=é"])
  await later("mct " + ct, async () => dump(await form(`--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--b--`, ct)));
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
