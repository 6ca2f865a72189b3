import shared from "./vitest.shared.js";

// What its tests run has the times that anybody has.
export default { ...shared, test: { ...shared.test, env: {} } };
