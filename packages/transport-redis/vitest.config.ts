import shared from "../../.ci/vitest.shared.js";

// Its tests wait for servers and for times of a protocol more than they compute: three files wait together.
export default { ...shared, test: { ...shared.test, fileParallelism: true, maxWorkers: 3 } };
