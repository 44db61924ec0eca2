// What the kernel tells udev of the AP bus.

/** A change of a device. */
export interface ApUevent {
  readonly action: 'add' | 'remove' | 'change' | 'bind' | 'unbind';
  /** Path of the device in the tree: `devices/ap`, `devices/ap/card05`, `devices/ap/card05/05.0004`. */
  readonly device: string;
  /** What is said of it, for example `CONFIG` or `APMASK`. */
  readonly env: Readonly<Record<string, string>>;
}
