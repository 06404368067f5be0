// What a memory says that grows no further.
// host: daemon
const told = (run) => {
  try {
    return run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
export default {
  fetch: () =>
    Response.json({
      open: told(() => new WebAssembly.Memory({ initial: 1 }).grow(65_536)),
      "to its maximum": told(() => new WebAssembly.Memory({ initial: 1, maximum: 2 }).grow(1)),
      "beyond its maximum": told(() => new WebAssembly.Memory({ initial: 1, maximum: 2 }).grow(5)),
    }),
};
