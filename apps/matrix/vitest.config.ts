import { twoFilesAtATime } from "../../.ci/vitest.shared.js";

export default twoFilesAtATime;
