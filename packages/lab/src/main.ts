import { bootOnTerminal } from './boot.ts';
import { HELP, parseCommand } from './command-line.ts';
import type { Command } from './command-line.ts';
import { LabError } from './errors.ts';
import { setup } from './setup.ts';
import { labStatus } from './status.ts';
import { statusText } from './status-text.ts';

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv);
  if (command.kind === 'setup') return setUp(command);
  if (command.kind === 'status') return showStatus(command);
  if (command.kind === 'boot') return boot(command);
  process.stdout.write(HELP[command.topic]);
  return 0;
}

function showStatus({ dir, json }: Extract<Command, { kind: 'status' }>): number {
  const status = labStatus(dir);
  process.stdout.write(json ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status));
  return status.ready ? 0 : 1;
}

async function setUp({ dir, force }: Extract<Command, { kind: 'setup' }>): Promise<number> {
  const start = Date.now();
  const elapsed = (): string => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  const log = (line: string): void => {
    process.stdout.write(`[${elapsed().padStart(7)}] ${line}\n`);
  };
  await setup({ force, log, ...(dir === undefined ? {} : { dir }) });
  process.stdout.write(statusText(labStatus(dir)));
  process.stdout.write(`done in ${elapsed()}\n`);
  return 0;
}

async function boot(command: Extract<Command, { kind: 'boot' }>): Promise<number> {
  const { dir, devices, memory, append, kernel, parts, qemuArgs } = command;
  const status = labStatus(dir);
  if (!status.ready) throw new LabError(`no guest lab: ${status.missing}`, status.howTo);
  return await bootOnTerminal(status, {
    devices,
    append,
    kernel,
    parts,
    args: qemuArgs,
    ...(memory === undefined ? {} : { memory }),
    ...(process.env['VFIO_TS_ACCEL'] === 'kvm' ? { accel: 'kvm' as const } : {}),
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`lab: ${error.message}\n`);
  process.exitCode = 1;
}
