// Files of a queue. Counterpart of ap_queue_dev_attrs (drivers/s390/crypto/ap_queue.c).

import { VfioError } from '@vfio-ts/core';
import { AP_RESPONSE } from '../hardware/status.ts';
import type { ApAttribute, ApAttributes } from './attribute.ts';
import type { BusQueue } from './bus-queue.ts';
import { functionsText } from './card-attributes.ts';
import type { BusState } from './state.ts';

const common: ApAttributes<BusQueue> = {
  // Requests are counted by who sends them: the host's own driver sends none, and of others nothing is known.
  request_count: { show: ({ isHosts }) => (isHosts ? '0\n' : '-\n'), store: () => undefined },
  requestq_count: { show: () => '0\n' },
  pendingq_count: { show: () => '0\n' },
  reset: { show: showReset, store: storeReset },
  interrupt: {
    show: ({ hardware }) =>
      hardware.test().irqEnabled ? 'Interrupts enabled.\n' : 'Interrupts disabled.\n',
  },
  config: { show: ({ isConfigured }) => (isConfigured ? '1\n' : '0\n') },
  chkstop: { show: ({ isCheckstopped }) => (isCheckstopped ? '1\n' : '0\n') },
  ap_functions: { show: ({ card }) => functionsText(card.functions) },
};

/** Secure execution needs a machine of its own; queues cannot be bound or associated. */
const unbindable: ApAttribute<BusQueue> = {
  show: () => '-\n',
  store: ({ name }) => {
    throw new VfioError('EINVAL', 'store', `${name} is not for secure execution`);
  },
};

/** The files of a queue in their order, those of its driver at the end. @internal */
export function queueAttributes({ config }: BusState, queue: BusQueue): ApAttributes<BusQueue> {
  return {
    ...common,
    ...(config.apsb && { se_bind: unbindable, se_associate: unbindable }),
    ...queue.bound?.queueAttributes,
  };
}

function showReset({ hardware }: BusQueue): string {
  const { responseCode, queueEmpty } = hardware.test();
  if (responseCode === AP_RESPONSE.RESET_IN_PROGRESS) return 'Reset in progress.\n';
  const isWorking = responseCode === AP_RESPONSE.NORMAL && !queueEmpty;
  return isWorking ? 'Reset Timer armed.\n' : 'No Reset Timer set.\n';
}

/** Only what the host's own driver has is the host's to reset. */
function storeReset(queue: BusQueue): void {
  if (queue.isHosts && queue.isConfigured && !queue.isCheckstopped) queue.hardware.reset();
}
