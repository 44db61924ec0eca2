import type { LabStatus } from './status.ts';

/** A status as a person reads it. */
export function statusText(status: LabStatus): string {
  if (!status.ready) {
    return `the guest lab is not ready\n  missing    ${status.missing}\n  ${status.howTo}\n`;
  }
  const own = status.qemu.args.length === 0;
  const where = own ? `this machine's ${status.qemu.command}` : 'from the lab';
  return [
    `the guest lab is ready in ${status.dir}`,
    `  qemu       ${status.qemuVersion}, ${where}`,
    `  kernel     ${status.kernels.stable.release}, with mdpy-fb`,
    `  backports  ${status.kernels.backports.release}`,
    `  initramfs  ${status.initramfs}`,
    '',
  ].join('\n');
}
