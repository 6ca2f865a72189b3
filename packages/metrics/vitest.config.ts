export { default } from "../../.ci/vitest.shared.js";
