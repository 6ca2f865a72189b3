// A producer without an end.
export default async function* produce({ signal }) {
  for (let n = 1; !signal.aborted; n++) yield n;
}
