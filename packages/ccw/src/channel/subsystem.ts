// The channel subsystem: subchannels, the control units behind them, and the channel paths that lead there.

import { VfioError } from '@vfio-ts/core';
import type { ControlUnit } from './control-unit.ts';
import { ChannelPaths } from './paths.ts';
import type { ChannelHost } from './program-run.ts';
import { SoftSubchannel } from './soft-subchannel.ts';
import type { PathEvent } from './subchannel.ts';

/** A device to be attached. */
export interface AttachOptions {
  readonly unit: ControlUnit;
  /** 0 to 0xffff; no other device may have it. */
  readonly deviceNumber: number;
  /** Channel paths that lead to it, one to eight; `[0x44]` when left out. */
  readonly chpids?: readonly number[];
}

/** Subchannels `0.0.0000` and on, one for each device. */
export class ChannelSubsystem {
  readonly #options: ChannelHost;
  readonly #attached = new Map<SoftSubchannel, AttachOptions>();
  #next = 0;

  constructor(options: ChannelHost) {
    this.#options = options;
  }

  /** In the order they were attached. */
  get subchannels(): readonly SoftSubchannel[] {
    return [...this.#attached.keys()];
  }

  /**
   * Attaches a control unit, which belongs to the subsystem from then on.
   *
   * @throws `EINVAL` a device number or a path that is none; `EBUSY` another device has the number; `ENOSPC` there are
   * 65536 subchannels
   */
  attach(options: AttachOptions): SoftSubchannel {
    const { unit, deviceNumber, chpids = [0x44] } = options;
    if (!Number.isInteger(deviceNumber) || deviceNumber < 0 || deviceNumber > 0xffff) {
      throw new VfioError('EINVAL', 'attach', `device number ${deviceNumber}`);
    }
    if ([...this.#attached.values()].some((other) => other.deviceNumber === deviceNumber)) {
      throw new VfioError('EBUSY', 'attach', `device number ${hex4(deviceNumber)} is taken`);
    }
    if (this.#next > 0xffff) throw new VfioError('ENOSPC', 'attach', 'no subchannel is left');
    const paths = new ChannelPaths(chpids);
    const name = `0.0.${hex4(this.#next++)}`;
    const subchannel = new SoftSubchannel({ name, deviceNumber, paths, unit, ...this.#options });
    this.#attached.set(subchannel, options);
    return subchannel;
  }

  /** Unplugs a device and closes its control unit. Opposite of {@link ChannelSubsystem.attach}. */
  async detach(subchannel: SoftSubchannel): Promise<void> {
    const attached = this.#attached.get(subchannel);
    if (attached === undefined) return;
    this.#attached.delete(subchannel);
    subchannel.unplug();
    await attached.unit.close();
  }

  /** Changes a channel path for all subchannels that are on it. */
  changePath(kind: PathEvent['kind'], chpid: number): void {
    for (const subchannel of this.#attached.keys()) subchannel.changePath(kind, chpid);
  }

  /** Detaches everything. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.subchannels.map((one) => this.detach(one)));
    const failure = closed.find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}
