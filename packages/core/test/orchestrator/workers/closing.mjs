// Says on standard output what was called, with which context.
export default async function closing(_item, { index }) {
  process.stdout.write(`item ${index}\n`);
}

export async function close({ index, count }) {
  process.stdout.write(`close ${index} of ${count}\n`);
}
