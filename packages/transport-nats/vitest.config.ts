export { twoFilesAtATime as default } from "../../.ci/vitest.shared.js";
