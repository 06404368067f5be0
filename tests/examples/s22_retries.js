// S22 scheduler.wait: retries that wait longer and longer, and one that is aborted.
// class: as it is
// > GET /
// < 200 || ["AbortError",3,true]
async function retry(work) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt + 1);
    } catch (error) {
      if (attempt === 4) throw error;
      await scheduler.wait(2 ** attempt);
    }
  }
}
export default {
  async fetch() {
    const tries = await retry(async (attempt) => {
      if (attempt < 3) throw new Error("again");
      return attempt;
    });
    const controller = new AbortController();
    const waiting = scheduler.wait(60_000, { signal: controller.signal }).catch((error) => error.name);
    controller.abort();
    return Response.json([await waiting, tries, (await scheduler.wait(1)) === undefined]);
  },
};
