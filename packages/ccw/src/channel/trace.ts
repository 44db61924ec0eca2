// A control unit that somebody watches: what each chain asked for, and how it ended.

import type { CommandEnd, ControlUnit, DeviceCommand } from './control-unit.ts';

/** Bytes that are kept of what a command moves. */
const KEPT_BYTES = 64;
/** Commands that are kept of one chain; one that loops has no end. */
const KEPT_COMMANDS = 512;

/** A command as it was executed. */
export interface TracedCommand {
  readonly code: number;
  readonly count: number;
  /** What it brought, the first 64 bytes. */
  readonly output: Uint8Array;
  /** What it read, the first 64 bytes. */
  readonly input: Uint8Array;
  /** Device status; `undefined` where the control unit failed. */
  readonly status: number | undefined;
  readonly sense: Uint8Array | undefined;
}

/** A chain as it was executed. */
export interface TracedChain {
  readonly unit: string;
  readonly commands: readonly TracedCommand[];
  /** Commands that were executed and are not kept. */
  readonly omitted: number;
  readonly isAborted: boolean;
  /** What the end of the chain added, where that was an error. */
  readonly end: { readonly status: number; readonly sense: Uint8Array | undefined } | undefined;
}

/** Passes everything on to a control unit, and tells of each chain. */
export class TracingUnit implements ControlUnit {
  readonly #unit: ControlUnit;
  readonly #tell: (chain: TracedChain) => void;
  readonly #isWanted: () => boolean;
  #isTracing = false;
  #commands: TracedCommand[] = [];
  #omitted = 0;

  /**
   * @param tell - called at the end of each chain; must not throw
   * @param isWanted - asked at the beginning of each chain: nothing is kept and told of one that nobody wants
   */
  constructor(
    unit: ControlUnit,
    tell: (chain: TracedChain) => void,
    isWanted: () => boolean = () => true,
  ) {
    this.#unit = unit;
    this.#tell = tell;
    this.#isWanted = isWanted;
  }

  get name(): string {
    return this.#unit.name;
  }

  begin(): void {
    this.#isTracing = this.#isWanted();
    this.#commands = [];
    this.#omitted = 0;
    this.#unit.begin();
  }

  execute(command: DeviceCommand): Promise<CommandEnd> | CommandEnd {
    if (!this.#isTracing) return this.#unit.execute(command);
    const output = command.data.slice(0, KEPT_BYTES);
    const { code, count } = command;
    const keep = (end: CommandEnd | undefined): void => {
      if (this.#commands.length >= KEPT_COMMANDS) {
        this.#omitted++;
        return;
      }
      const input = end?.data?.slice(0, Math.min(count, KEPT_BYTES)) ?? new Uint8Array(0);
      const { status, sense } = end ?? {};
      this.#commands.push({ code, count, output, input, status, sense });
    };
    let end: Promise<CommandEnd> | CommandEnd;
    try {
      end = this.#unit.execute(command);
    } catch (error) {
      keep(undefined);
      throw error;
    }
    if (!(end instanceof Promise)) {
      keep(end);
      return end;
    }
    return end.then(
      (settled) => {
        keep(settled);
        return settled;
      },
      (error: unknown) => {
        keep(undefined);
        throw error;
      },
    );
  }

  abort(): void {
    this.#unit.abort?.();
  }

  end(isAborted: boolean): Promise<CommandEnd | undefined> | CommandEnd | undefined {
    const late = this.#unit.end(isAborted);
    if (!this.#isTracing) return late;
    const told = (end: CommandEnd | undefined): CommandEnd | undefined => {
      this.#tell({
        unit: this.name,
        commands: this.#commands,
        omitted: this.#omitted,
        isAborted,
        end: end && { status: end.status, sense: end.sense },
      });
      return end;
    };
    return late instanceof Promise ? late.then((end) => told(end)) : told(late);
  }

  listen(listener: ((status: number) => void) | undefined): void {
    this.#unit.listen(listener);
  }

  reset(): void {
    this.#unit.reset();
  }

  close(): Promise<void> {
    return this.#unit.close();
  }
}
