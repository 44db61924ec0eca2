// The bus seen as the files of sysfs, so that tools talk to it as they do to the kernel: `bus/ap` with the files of the
// bus, its devices and its drivers, and `devices/ap/cardXX/XX.YYYY`.

import { VfioError, type SysfsEntry } from '@vfio-ts/core';
import type { ApAttributes } from './attribute.ts';
import { busAttributes } from './bus-attributes.ts';
import type { BusQueue } from './bus-queue.ts';
import type { ApBus } from './bus.ts';
import { cardAttributes, isHostCard } from './card-attributes.ts';
import type { BusCard } from './card-device.ts';
import { CARD_DRIVER } from './host-driver.ts';
import { cardPath, queuePath } from './paths.ts';
import { queueAttributes } from './queue-attributes.ts';
import { directory, entriesOf, follow, link, walk, type Directory, type TreeNode } from './tree.ts';

/** Characters one write can carry; a read has one less, as `sysfs_emit()` fills a page. */
const PAGE_SIZE = 4096;
const BUS = 'bus/ap';

type Named = readonly [string, TreeNode];

/** A bus as a tree of files. */
export class ApSysfs {
  readonly #bus: ApBus;
  readonly #root: Directory;

  constructor(bus: ApBus) {
    this.#bus = bus;
    this.#root = directory(() => [
      ['bus', directory(() => [['ap', this.#busNode()]])],
      ['devices', directory(() => [['ap', this.#devicesNode()]])],
    ]);
  }

  /**
   * What is in a directory, in no promised order.
   *
   * @throws `ENOENT` there is no such directory
   */
  list(path: string = ''): readonly SysfsEntry[] {
    return entriesOf(this.#directory(path), path).map(([, entry]) => entry);
  }

  /**
   * Every entry below a directory, a directory before what it holds; links are not followed, and their targets
   * are paths from the root of the tree.
   *
   * @throws `ENOENT` there is no such directory
   */
  walk(path: string = ''): readonly SysfsEntry[] {
    return walk(this.#directory(path), path);
  }

  /**
   * The text of a file, as the kernel formats it; at most 4095 characters.
   *
   * @throws `ENOENT` no such file; `EACCES` it can only be written; `EINVAL` a directory
   */
  read(path: string): string {
    const node = follow(this.#root, path);
    if (node.kind !== 'file') throw new VfioError('EINVAL', 'read', `not a file: ${path}`);
    if (node.read === undefined) throw new VfioError('EACCES', 'read', `write only: ${path}`);
    return node.read().slice(0, PAGE_SIZE - 1);
  }

  /**
   * Writes a file, when the bus does nothing else. A write of nothing reaches nobody and succeeds, as in the kernel.
   *
   * @returns characters consumed; at most 4096, the rest is not looked at
   * @throws `ENOENT` no such file; `EACCES` it can only be read; `EINVAL` a directory; what the file's owner throws
   */
  async write(path: string, text: string): Promise<number> {
    const node = follow(this.#root, path);
    if (node.kind !== 'file') throw new VfioError('EINVAL', 'write', `not a file: ${path}`);
    if (node.write === undefined) throw new VfioError('EACCES', 'write', `read only: ${path}`);
    const taken = text.slice(0, PAGE_SIZE);
    if (taken !== '') await node.write(taken);
    return taken.length;
  }

  #directory(path: string): Directory {
    const node = follow(this.#root, path);
    if (node.kind === 'directory') return node;
    throw new VfioError('ENOENT', 'list', `not a directory: ${path}`);
  }

  #busNode(): Directory {
    const { state } = this.#bus;
    return directory(() => [
      ...this.#files(busAttributes, state),
      ['devices', directory(() => [...this.#cardLinks(), ...queueLinks(state.queues)])],
      ['drivers', this.#driversNode()],
    ]);
  }

  #devicesNode(): Directory {
    return directory(() =>
      this.#bus.state.sortedCards.map((card) => [card.name, this.#card(card)]),
    );
  }

  #card(card: BusCard): Directory {
    return directory(() => [
      ...this.#files(cardAttributes(this.#bus.state, card), card),
      ['subsystem', link(BUS)],
      ...driverLink(isHostCard(card) ? CARD_DRIVER : undefined),
      ...card.queues.map((queue): Named => [queue.name, this.#queue(queue)]),
    ]);
  }

  #queue(queue: BusQueue): Directory {
    return directory(() => [
      ...this.#files(queueAttributes(this.#bus.state, queue), queue),
      ['subsystem', link(BUS)],
      ...driverLink(queue.driver),
    ]);
  }

  #driversNode(): Directory {
    const { state } = this.#bus;
    return directory(() => [
      [CARD_DRIVER, directory(() => this.#cardLinks())],
      ...Array.from(state.drivers, (driver): Named => {
        const bound = (): readonly BusQueue[] =>
          state.queues.filter((queue) => queue.bound === driver);
        return [
          driver.name,
          directory(() => [...this.#bindFiles(driver.name), ...queueLinks(bound())]),
        ];
      }),
    ]);
  }

  #bindFiles(driver: string): readonly Named[] {
    const bus = this.#bus;
    return [
      ['bind', { kind: 'file', write: (text) => bus.bind(driver, line(text)) }],
      ['unbind', { kind: 'file', write: (text) => bus.unbind(driver, line(text)) }],
    ];
  }

  #cardLinks(): readonly Named[] {
    return this.#bus.state.sortedCards.map((card) => [card.name, link(cardPath(card))]);
  }

  #files<T>(attributes: ApAttributes<T>, device: T): readonly Named[] {
    return Object.entries(attributes).map(([name, { show, store }]) => [
      name,
      {
        kind: 'file',
        ...(show && { read: () => show(device) }),
        ...(store && {
          write: (text: string) => this.#bus.exclusive(() => store(device, text)),
        }),
      },
    ]);
  }
}

function queueLinks(queues: readonly BusQueue[]): readonly Named[] {
  return queues.map((queue) => [queue.name, link(queuePath(queue))]);
}

function driverLink(driver: string | undefined): readonly Named[] {
  return driver === undefined ? [] : [['driver', link(`${BUS}/drivers/${driver}`)]];
}

/** What is written to `bind` may end a line. Counterpart of `sysfs_streq()`. */
function line(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
