/** Takes one step after the other: what a later one does may depend on an earlier one's success. */
export async function inOrder<T>(
  items: readonly T[],
  step: (item: T) => Promise<unknown>,
): Promise<void> {
  for (const item of items) {
    // oxlint-disable-next-line no-await-in-loop
    await step(item);
  }
}
