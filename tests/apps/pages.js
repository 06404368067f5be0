// Vue rendering on the server, to a string and as a stream.
// requests: GET /; GET /stream
import { computed, createSSRApp, defineComponent, h, ref } from "vue";
import { renderToString, renderToWebStream } from "vue/server-renderer";
const Item = defineComponent({ props: { n: Number }, setup: (props, { slots }) => { const twice = computed(() => props.n * 2); return () => h("li", { class: { odd: props.n % 2 }, style: { color: "red" } }, [twice.value, slots.default?.()]); } });
const App = { async setup() { const name = ref("<Vue>"); await Promise.resolve(); return () => h("main", { id: "app" }, [h("h1", name.value), h("ul", [1, 2].map((n) => h(Item, { n }, () => "slot"))), h("input", { disabled: true, value: '"' }), h("p", { innerHTML: "<b>raw</b>" })]); } };
export default {
  async fetch(request) {
    const headers = { "content-type": "text/html" };
    if (new URL(request.url).pathname === "/stream") return new Response(renderToWebStream(createSSRApp(App)).pipeThrough(new TransformStream({ transform: (chunk, controller) => controller.enqueue(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk) })), { headers });
    return new Response(await renderToString(createSSRApp(App)), { headers });
  },
};
