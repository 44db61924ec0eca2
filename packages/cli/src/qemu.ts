// QEMU on this machine, and how to attach a virtual machine to a socket.

import { execFileSync } from 'node:child_process';

/** The first QEMU with `vfio-user-pci`. */
const NEEDED = { major: 10, minor: 1 } as const;

/** The QEMU on the PATH. */
export interface QemuOnPath {
  /** For example `11.1.3`. */
  readonly version: string;
  /** Whether it has `vfio-user-pci`. */
  readonly isNewEnough: boolean;
}

/** Looks for QEMU on the PATH. */
export function findQemu(): QemuOnPath | undefined {
  let said: string;
  try {
    said = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8', timeout: 5000 });
  } catch {
    return undefined;
  }
  return parseQemuVersion(said);
}

/** Reads what `qemu-system-x86_64 --version` says. */
export function parseQemuVersion(said: string): QemuOnPath | undefined {
  const match = /version (\d+)\.(\d+)(?:\.\d+)*/u.exec(said);
  if (match === null) return undefined;
  const [text, major, minor] = [match[0], Number(match[1]), Number(match[2])];
  const isNewEnough = major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor);
  return { version: text.replace('version ', ''), isNewEnough };
}

/** The argument that plugs a device in. */
export function qemuDeviceArgument(socket: string): string {
  const device = { driver: 'vfio-user-pci', socket: { path: socket, type: 'unix' } };
  return `-device ${shellQuote(JSON.stringify(device))}`;
}

/** A whole command, one argument group a line. Guest memory has to be shared, or there is no DMA. */
export function qemuCommand(socket: string): string {
  return [
    'qemu-system-x86_64 -machine q35,memory-backend=mem -m 512',
    '-object memory-backend-memfd,id=mem,size=512M,share=on',
    qemuDeviceArgument(socket),
  ].join(' \\\n    ');
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
