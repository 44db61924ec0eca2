// placeholder
/** What blits are done with. */
export class Blitter {
  reset(): void {
    // nothing
  }
}
