// The files of a mediated device. Counterpart of the attribute group in drivers/s390/crypto/vfio_ap_ops.c.

import type { MdevAttribute, MdevAttributeGroup, MdevTypeDefinition, Ref } from '@vfio-ts/core';
import {
  assign,
  assignControlDomain,
  configure,
  unassign,
  unassignControlDomain,
} from './assign.ts';
import type { ApMatrixDev } from './matrix-dev.ts';
import { formatConfig, formatControlDomains, formatQueues } from './matrix-text.ts';
import type { ApMatrixMdev } from './mdev.ts';

/** What the bus keeps for each mediated device: the driver's reference to it. */
export type ApInstance = Ref<ApMatrixMdev>;

type Attribute = MdevAttribute<MdevTypeDefinition, ApInstance, ApMatrixDev>;
type Store = (dev: ApMatrixDev, mdev: ApMatrixMdev, text: string) => Promise<void> | void;

function written(store: Store): Attribute {
  return {
    store(mdev, { device }, text) {
      const { device: dev } = mdev.parent;
      return dev.exclusive(() => store(dev, device, text));
    },
  };
}

function shown(show: (mdev: ApMatrixMdev) => string): Attribute {
  return { show: (_mdev, { device }) => show(device) };
}

/** All files of the mediated device's own directory. */
export const vfioApAttributes: MdevAttributeGroup<MdevTypeDefinition, ApInstance, ApMatrixDev> = {
  assign_adapter: written((dev, mdev, text) =>
    assign('assign_adapter', dev, mdev, 'adapters', text),
  ),
  unassign_adapter: written((_dev, mdev, text) =>
    unassign('unassign_adapter', mdev, 'adapters', text),
  ),
  assign_domain: written((dev, mdev, text) => assign('assign_domain', dev, mdev, 'domains', text)),
  unassign_domain: written((_dev, mdev, text) =>
    unassign('unassign_domain', mdev, 'domains', text),
  ),
  assign_control_domain: written((_dev, mdev, text) => assignControlDomain(mdev, text)),
  unassign_control_domain: written((_dev, mdev, text) => unassignControlDomain(mdev, text)),
  ap_config: {
    ...shown(({ matrix }) => formatConfig(matrix)),
    ...written((dev, mdev, text) => configure(dev, mdev, text)),
  },
  control_domains: shown(({ matrix }) => formatControlDomains(matrix)),
  matrix: shown(({ matrix }) => formatQueues(matrix)),
  guest_matrix: shown(({ shadow }) => formatQueues(shadow)),
};
