// QEMU's command line for a guest. Nothing here looks at the machine.

/** A vfio-user device of a guest. */
export interface GuestDevice {
  /** Path of the socket a vfio-user server listens on. */
  readonly socket: string;
  /** QEMU's id; `dev0`, `dev1` and so on by default. */
  readonly id?: string;
  /** The bus; `pcie.0` by default, `rp0` and so on for {@link GuestHardware.rootPorts}. */
  readonly bus?: string;
  /** Slot and function on the bus, `10.0`. On `pcie.0` the default is {@link defaultSlot}. */
  readonly addr?: string;
  /** Further properties of `vfio-user-pci`. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The hardware of a guest. */
export interface GuestHardware {
  /** Devices, or just their sockets. */
  readonly devices?: readonly (string | GuestDevice)[];
  /** Guest memory as QEMU writes it, `256M` by default. Pages the guest never touches do not exist. */
  readonly memory?: string;
  /** Whether devices may map guest memory, true by default; else they have to ask for what they need of it. */
  readonly sharesMemory?: boolean;
  /** Processors; 1 by default. */
  readonly cpus?: number;
  /** Empty PCI Express ports `rp0`, `rp1` and so on, for plugging and unplugging; 0 by default. */
  readonly rootPorts?: number;
  /** `tcg` by default; `kvm` also by `VFIO_TS_ACCEL=kvm` in the environment. */
  readonly accel?: 'tcg' | 'kvm';
  /** Further words of the kernel's command line. */
  readonly append?: string;
  /** Further arguments of QEMU. */
  readonly args?: readonly string[];
}

/** Paths that a guest is booted from. */
export interface GuestImages {
  readonly kernel: string;
  readonly initramfs: string;
}

/** The slot on `pcie.0` of the n-th device: 0x10 and up, `0000:00:10.0` in the guest. */
export function defaultSlot(index: number): string {
  return `${(0x10 + index).toString(16)}.0`;
}

/** The properties of a vfio-user device, as `-device` takes them in JSON and `device_add` on the monitor. */
export function deviceProperties(
  device: string | GuestDevice,
  index: number,
): Record<string, unknown> {
  const given: GuestDevice = typeof device === 'string' ? { socket: device } : device;
  const bus = given.bus ?? 'pcie.0';
  const addr = given.addr ?? (bus === 'pcie.0' ? defaultSlot(index) : undefined);
  return {
    driver: 'vfio-user-pci',
    id: given.id ?? `dev${index}`,
    bus,
    ...(addr === undefined ? {} : { addr }),
    socket: { type: 'unix', path: given.socket },
    ...given.properties,
  };
}

/** The machine: everything but the connections to the host. */
export function machineArgs(hardware: GuestHardware): string[] {
  const memory = hardware.memory ?? '256M';
  const ports = Array.from({ length: hardware.rootPorts ?? 0 }, (_, index) => [
    '-device',
    `pcie-root-port,id=rp${index},bus=pcie.0,chassis=${index + 1},addr=${(8 + index).toString(16)}.0`,
  ]);
  const devices = (hardware.devices ?? []).map((device, index) => [
    '-device',
    JSON.stringify(deviceProperties(device, index)),
  ]);
  const sharesMemory = hardware.sharesMemory ?? true;
  const machine = 'q35,usb=off,smbus=off,sata=off,i8042=off';
  return [
    ['-machine', sharesMemory ? `${machine},memory-backend=mem` : machine],
    ['-accel', hardware.accel === 'kvm' ? 'kvm' : 'tcg,thread=multi', '-cpu', 'max'],
    ['-smp', String(hardware.cpus ?? 1), '-m', memory],
    sharesMemory
      ? ['-object', `memory-backend-memfd,id=mem,size=${memory},share=on,reserve=off`]
      : [],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'none'],
    ports.flat(),
    devices.flat(),
  ].flat();
}

/** The kernel's command line. The serial console comes last, so it is `/dev/console`. */
export function kernelCommandLine(words: string): string {
  const consoles = 'console=tty0 console=ttyS0 vt.global_cursor_default=0';
  const speed = 'mitigations=off no_timer_check random.trust_cpu=on cryptomgr.notests';
  return `${consoles} iomem=relaxed ${speed} ${words}`.trimEnd();
}

/** Kernel, initramfs and command line. */
export function bootArgs(images: GuestImages, words: string): string[] {
  return [
    ['-kernel', images.kernel, '-initrd', images.initramfs],
    ['-append', kernelCommandLine(words)],
  ].flat();
}

/** Console on standard output; agent and monitor on sockets the host listens on in `dir`. */
export function connectionArgs(dir: string): string[] {
  return [
    ['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ['-chardev', `socket,id=agent,path=${dir}/agent`, '-serial', 'chardev:agent'],
    ['-qmp', `unix:${dir}/monitor`],
  ].flat();
}
