import { twoFilesAtATime } from "../../.ci/vitest.shared.js";

// Most of the time they wait for the pace of a demo, or for processes.
export default { ...twoFilesAtATime, test: { ...twoFilesAtATime.test, maxWorkers: 3 } };
