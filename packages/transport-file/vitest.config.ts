import shared from "../../.ci/vitest.shared.js";

// The contract on either lock: most of the time its processes wait, and two wait together.
export default { ...shared, test: { ...shared.test, fileParallelism: true, maxWorkers: 2 } };
