// The bus seen as the files of sysfs, so that tools talk to it as they do to the kernel: `bus/ap` with the files of the
// bus, its devices and its drivers, and `devices/ap/cardXX/XX.YYYY`.

import {
  sysfsDirectory,
  sysfsLink,
  SysfsTree,
  type DirectoryNode,
  type SysfsNode,
} from '@vfio-ts/core';
import type { ApAttributes } from './attribute.ts';
import { busAttributes } from './bus-attributes.ts';
import type { BusQueue } from './bus-queue.ts';
import type { ApBus } from './bus.ts';
import { cardAttributes, isHostCard } from './card-attributes.ts';
import type { BusCard } from './card-device.ts';
import { CARD_DRIVER } from './host-driver.ts';
import { cardPath, queuePath } from './paths.ts';
import { queueAttributes } from './queue-attributes.ts';

const BUS = 'bus/ap';

type Named = readonly [string, SysfsNode];

/** A bus as a tree of files. What is written waits until the bus does nothing else. */
export class ApSysfs extends SysfsTree {
  constructor(bus: ApBus) {
    super(new BusFiles(bus).root());
  }
}

/** The files of one bus. */
class BusFiles {
  readonly #bus: ApBus;

  constructor(bus: ApBus) {
    this.#bus = bus;
  }

  root(): DirectoryNode {
    return sysfsDirectory(() => [
      ['bus', sysfsDirectory(() => [['ap', this.#busNode()]])],
      ['devices', sysfsDirectory(() => [['ap', this.#devicesNode()]])],
    ]);
  }

  #busNode(): DirectoryNode {
    const { state } = this.#bus;
    return sysfsDirectory(() => [
      ...this.#files(busAttributes, state),
      ['devices', sysfsDirectory(() => [...this.#cardLinks(), ...queueLinks(state.queues)])],
      ['drivers', this.#driversNode()],
    ]);
  }

  #devicesNode(): DirectoryNode {
    return sysfsDirectory(() =>
      this.#bus.state.sortedCards.map((card) => [card.name, this.#card(card)]),
    );
  }

  #card(card: BusCard): DirectoryNode {
    return sysfsDirectory(() => [
      ...this.#files(cardAttributes(this.#bus.state, card), card),
      ['subsystem', sysfsLink(BUS)],
      ...driverLink(isHostCard(card) ? CARD_DRIVER : undefined),
      ...card.queues.map((queue): Named => [queue.name, this.#queue(queue)]),
    ]);
  }

  #queue(queue: BusQueue): DirectoryNode {
    return sysfsDirectory(() => [
      ...this.#files(queueAttributes(this.#bus.state, queue), queue),
      ['subsystem', sysfsLink(BUS)],
      ...driverLink(queue.driver),
    ]);
  }

  #driversNode(): DirectoryNode {
    const { state } = this.#bus;
    return sysfsDirectory(() => [
      [CARD_DRIVER, sysfsDirectory(() => this.#cardLinks())],
      ...Array.from(state.drivers, (driver): Named => {
        const bound = (): readonly BusQueue[] =>
          state.queues.filter((queue) => queue.bound === driver);
        return [
          driver.name,
          sysfsDirectory(() => [...this.#bindFiles(driver.name), ...queueLinks(bound())]),
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
    return this.#bus.state.sortedCards.map((card) => [card.name, sysfsLink(cardPath(card))]);
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
  return queues.map((queue) => [queue.name, sysfsLink(queuePath(queue))]);
}

function driverLink(driver: string | undefined): readonly Named[] {
  return driver === undefined ? [] : [['driver', sysfsLink(`${BUS}/drivers/${driver}`)]];
}

/** What is written to `bind` may end a line. Counterpart of `sysfs_streq()`. */
function line(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
