/** `pnpm --filter @sluice/matrix table`: writes the table of faults into its page. */

import { writeFileSync } from "node:fs";
import { PAGE, pages } from "./fault-page.js";

writeFileSync(PAGE, pages().wanted);
