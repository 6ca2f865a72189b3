// Items that end their process, each time, as `args.how` names.
import { endBy } from "./ways-to-end.mjs";

export default async function deadly(item, context) {
  if (context.args.items.includes(item)) await endBy(context);
}
