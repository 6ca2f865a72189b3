import { twoFilesAtATime } from "../../.ci/vitest.shared.js";

// Of the tests that run at once in one file.
export default { ...twoFilesAtATime, test: { ...twoFilesAtATime.test, maxConcurrency: 3 } };
