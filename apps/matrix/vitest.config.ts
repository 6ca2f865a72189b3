import { twoFilesAtATime } from "../../.ci/vitest.shared.js";

// Several cases run at once, each of several processes, and nothing is timed.
export default {
  ...twoFilesAtATime,
  test: { ...twoFilesAtATime.test, testTimeout: 480_000, maxConcurrency: 5 },
};
