import shared from "../../.ci/vitest.shared.js";

// Most of these tests wait for seconds that are the protocol's own: two files at a time wait together.
export default { ...shared, test: { ...shared.test, fileParallelism: true, maxWorkers: 2 } };
