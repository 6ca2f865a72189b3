import { twoFilesAtATime } from "../../.ci/vitest.shared.js";

// Most of their time they wait: for leases, for processes to start, for a server that was killed.
export default { ...twoFilesAtATime, test: { ...twoFilesAtATime.test, maxWorkers: 3 } };
