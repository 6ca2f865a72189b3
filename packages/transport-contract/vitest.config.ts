import { twoFilesAtATime } from "../../.ci/vitest.shared.js";

export default {
  ...twoFilesAtATime,
  test: {
    ...twoFilesAtATime.test,
    // Of the tests that run at once in one file.
    maxConcurrency: 3,
    // Many a rule fails here, and is to.
    env: {},
  },
};
