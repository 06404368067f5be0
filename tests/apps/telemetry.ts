// @sentry/cloudflare around a Worker, and OpenTelemetry's tracer inside of it: what would be sent.
// requests: GET /; GET /caught; GET /sent; GET /spans
// flags: nodejs_compat
import { context, SpanKind, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import * as Sentry from "@sentry/cloudflare";

const sent: unknown[] = [];
const shown = (item: any) => [item.exception?.values?.map(({ type, value, mechanism }: any) => [type, value, mechanism]), item.transaction, item.contexts?.trace?.status];
const transport = () => ({
  async send([, items]: any) {
    for (const [head, item] of items) sent.push([head.type, ...shown(item)]);
    return { statusCode: 200 };
  },
  flush: async () => true,
});

async function spans() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource: resourceFromAttributes({ "service.name": "gateway" }), spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("t");
  const outer = tracer.startSpan("outer", { kind: SpanKind.SERVER, attributes: { a: 1 } });
  const inner = tracer.startSpan("inner", {}, trace.setSpan(context.active(), outer));
  inner.addEvent("event");
  inner.recordException(new Error("bad"));
  inner.end();
  outer.end();
  await provider.forceFlush();
  return exporter.getFinishedSpans().map((span) => [span.name, span.kind, span.attributes, span.events.map(({ name }) => name), span.status, !!span.parentSpanContext]);
}

export default Sentry.withSentry(() => ({ dsn: "https://a@sentry.example/1", tracesSampleRate: 1, transport }) as any, {
  async fetch(request: Request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/sent") return Response.json(sent);
    if (pathname === "/spans") return Response.json(await spans());
    if (pathname === "/caught") {
      Sentry.captureException(new TypeError("caught"));
      await Sentry.flush(100);
    }
    return Sentry.startSpan({ name: "s", op: "o" }, async (span) => new Response(String(span.isRecording())));
  },
} as ExportedHandler);
