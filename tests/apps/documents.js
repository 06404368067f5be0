// pdf-lib, exceljs and remark: documents made and read again.
// requests: GET /pdf; GET /sheet; GET /markdown
// flags: nodejs_compat
// date: 2026-11-17
import ExcelJS from "exceljs";
import { PDFDocument, StandardFonts, rgb } from "pdf-lib";
import rehypeSanitize from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

async function pdf() {
  const made = await PDFDocument.create({ updateMetadata: false });
  const font = await made.embedFont(StandardFonts.TimesRoman);
  const page = made.addPage([300, 200]);
  page.drawText("Hello wörld", { x: 10, y: 100, size: 20, font, color: rgb(1, 0, 0) });
  page.drawRectangle({ x: 1, y: 1, width: 20, height: 30 });
  const read = await PDFDocument.load(await made.save({ useObjectStreams: false }));
  return [read.getPageCount(), read.getPage(0).getSize(), font.widthOfTextAtSize("Hello", 20)];
}

async function sheet() {
  const made = new ExcelJS.Workbook();
  made.created = made.modified = new Date(0);
  const first = made.addWorksheet("One");
  first.columns = [{ header: "A", key: "a", width: 10 }, { header: "B", key: "b" }];
  first.addRow({ a: 1, b: "ü" });
  first.addRow({ a: new Date(0), b: { formula: "A2*2", result: 2 } });
  const read = new ExcelJS.Workbook();
  await read.xlsx.load(await made.xlsx.writeBuffer());
  return read.worksheets[0].getSheetValues();
}

const TEXT = "# Hi *there*\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n- [x] done\n\n<script>x</script>\n\nhttp://a.example[^1]\n\n[^1]: A note.";
const markdown = async () =>
  String(await unified().use(remarkParse).use(remarkGfm).use(remarkRehype).use(rehypeSanitize).use(rehypeStringify).process(TEXT));

const routes = { "/pdf": pdf, "/sheet": sheet, "/markdown": markdown };
export default {
  async fetch(request) {
    const route = routes[new URL(request.url).pathname];
    return route ? Response.json(await route()) : new Response("no such route", { status: 404 });
  },
};
