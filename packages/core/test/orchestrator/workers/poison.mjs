// Refuses one item for ever.
export default async function poison(item) {
  if (item === "a-2") throw new Error(`${item} is poison`);
}
