// A candidate whose ends break a promise each, by the query of its URL: over the naive one, which keeps them.
import naive from "../dist/peers/naive-lockfile.js";

const fault = new URL(import.meta.url).searchParams.get("fault");
let calls = 0;
/** @type {Uint8Array | undefined} */
let held;

/** @param {import("../dist/candidate.js").TakeEnd} end */
async function take(end) {
  calls += 1;
  const before = held;
  const isSecond = calls % 2 === 0 && before !== undefined;
  if (isSecond && fault === "swaps") return before;
  const item = await end.take();
  held = item;
  if (isSecond && fault === "repeats") return before;
  if (isSecond && fault === "tears") item.set(before.subarray(32), 32);
  if (calls === 5 && fault === "dies") process.kill(process.pid, "SIGKILL");
  if (calls === 5 && fault === "throws") throw new Error("no more of this");
  return fault === "swaps" ? end.take() : item;
}

/** @type {import("../dist/candidate.js").NodeCandidate} */
const broken = {
  ...naive,
  async connect(address, job) {
    const connection = await naive.connect(address, job);
    return {
      ...connection,
      async producer() {
        const end = await connection.producer();
        let puts = 0;
        return { put: async (item) => (++puts === 5 && fault === "loses" ? undefined : end.put(item)) };
      },
      async consumer() {
        const end = await connection.consumer();
        return { take: () => take(end) };
      },
      async close() {
        if (fault === "fails at the end") throw new Error("cannot close");
      },
    };
  },
};

export default broken;
