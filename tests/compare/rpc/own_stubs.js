// A target's own disposer is called when nobody has a stub of it any more, in one isolate too.
import { RpcStub, RpcTarget } from "cloudflare:workers";

const wait = () => new Promise((resolve) => setTimeout(resolve, 20));

export default {
  async fetch() {
    const told = [];
    class Target extends RpcTarget {
      constructor(name) {
        super();
        this.name = name;
      }
      greet() {
        return `hello ${told.length}`;
      }
      [Symbol.dispose]() {
        told.push(this.name);
      }
    }
    new RpcStub(new Target("unused"))[Symbol.dispose]();
    await wait();
    const used = new RpcStub(new Target("used"));
    const greeting = await used.greet();
    used[Symbol.dispose]();
    await wait();
    const first = new RpcStub(new Target("of two"));
    const second = first.dup();
    first[Symbol.dispose]();
    await wait();
    told.push("still there", await second.greet());
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    await wait();
    return Response.json({ greeting, told });
  },
};
