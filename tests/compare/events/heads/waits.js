const facts = {};
const wait = () => new Promise((resolve) => setTimeout(resolve, 10));
const fact = (name, f) => {
  try {
    facts[name] = f() ?? null;
  } catch (error) {
    facts[name] = `throws ${error}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = await f();
  } catch (error) {
    facts[name] = `rejects ${error}`;
  }
};
