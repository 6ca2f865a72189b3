// Never has anything to put, and nothing open that would bring it.
export default async function* waiting({ signal }) {
  yield await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
