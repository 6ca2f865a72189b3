// Puts one item, then ends in the way that `args.how` names.
import { endBy } from "./ways-to-end.mjs";

export default async function* produce(context) {
  yield "one";
  await endBy(context);
  yield "two";
}
