// One sequence, run on a device and on the model of it. Every step is possible at any time: the model knows whether
// it succeeds, and with which error it is refused otherwise.

import {
  Container,
  deviceGroup,
  unregisterGroupDev,
  type DeviceFile,
  type GroupFile,
  type Ref,
  type VfioDevice,
} from '@vfio-ts/core';
import { isSettled, outcome, same } from '../assert.ts';
import type { TestContext } from '../context.ts';
import { NOTHING, type LifeStep, type Plan, type Step } from './steps.ts';
import { UseModel, type Mapped } from './use.ts';

/** A device that has been allocated, and what the model says of it. */
interface Subject<T extends object> {
  readonly vdev: VfioDevice;
  readonly use: UseModel<T>;
  readonly refs: Ref<T>[];
  readonly files: DeviceFile[];
  state: 'allocated' | 'registered' | 'unregistering' | 'unregistered';
  group: GroupFile | undefined;
  unregistered: Promise<void> | undefined;
}

/** One device at a time, and the container its users share. */
export class Run<T extends object> {
  readonly #t: TestContext<T>;
  readonly #container: Container;
  readonly #mapped = new Set<Mapped>();
  #subject: Subject<T> | undefined = undefined;

  constructor(t: TestContext<T>) {
    this.#t = t;
    this.#container = new Container(t.core, 'guest');
  }

  /** Takes one step and holds what came of it against the model. */
  async take(step: Step): Promise<void> {
    const subject = this.#subject;
    const [expected, act] = this.#plan(step, subject);
    same([step, await outcome(act)], [step, expected]);
    if (subject !== undefined) await check(subject);
  }

  /** Takes the device down, whatever state it is in. */
  async end(): Promise<void> {
    const subject = this.#subject;
    if (subject !== undefined) {
      while (subject.files.length > 0) this.#close(subject, 0);
      if (subject.state === 'registered') this.#unregister(subject);
      await check(subject);
      while (subject.refs.length > 0) this.#put(subject);
    }
    this.#container.close();
    for (const { memory } of this.#mapped) memory.close();
  }

  #plan({ kind, step }: Step, subject: Subject<T> | undefined): Plan {
    if (subject === undefined) return step.op === 'alloc' ? ['ok', () => this.#alloc()] : NOTHING;
    if (kind === 'life') return this.#planLife(step, subject);
    const [file] = subject.files;
    return file === undefined ? NOTHING : subject.use.plan(step, file);
  }

  #planLife(step: LifeStep, subject: Subject<T>): Plan {
    const { vdev, refs, files, state } = subject;
    switch (step.op) {
      case 'alloc':
        return NOTHING;
      case 'get':
        return ['ok', () => refs.push(...refs.slice(0, 1).map((ref) => ref.get()))];
      case 'put': {
        const isBusy = refs.length === 1 && (state === 'registered' || state === 'unregistering');
        return [isBusy ? 'EBUSY' : 'ok', () => this.#put(subject)];
      }
      case 'register':
        return [state === 'allocated' ? 'ok' : 'EINVAL', () => this.#register(subject)];
      case 'unregister':
        return state === 'registered'
          ? ['ok', () => this.#unregister(subject)]
          : ['EINVAL', () => unregisterGroupDev(vdev)];
      case 'open':
        return [state === 'registered' ? 'ok' : 'ENODEV', () => this.#open(subject)];
      case 'close':
        return files.length === 0
          ? NOTHING
          : ['ok', () => this.#close(subject, step.which % files.length)];
    }
  }

  #alloc(): void {
    const ref = this.#t.create();
    const { device } = ref;
    const vdev = this.#t.vdev(ref);
    const use = new UseModel(this.#t, { device, vdev }, this.#mapped);
    this.#subject = {
      vdev,
      use,
      refs: [ref],
      files: [],
      state: 'allocated',
      group: undefined,
      unregistered: undefined,
    };
  }

  #put({ refs, vdev }: Subject<T>): void {
    refs.at(-1)?.put();
    refs.pop();
    if (refs.length > 0) return;
    same(vdev.state, 'released');
    this.#subject = undefined;
  }

  #register(subject: Subject<T>): void {
    this.#t.register(subject.vdev);
    subject.state = 'registered';
  }

  #unregister(subject: Subject<T>): void {
    subject.unregistered = unregisterGroupDev(subject.vdev);
    subject.state = subject.files.length > 0 ? 'unregistering' : 'unregistered';
    leaveGroup(subject);
  }

  #open(subject: Subject<T>): void {
    const { vdev, files, use } = subject;
    if (subject.group === undefined) {
      subject.group = deviceGroup(vdev).open();
      subject.group.setContainer(this.#container);
    }
    const file = subject.group.openDevice(vdev.name);
    files.push(file);
    if (files.length === 1) use.opened(file);
  }

  #close(subject: Subject<T>, which: number): void {
    const { files, use } = subject;
    const [file] = files.splice(which, 1);
    file?.close();
    file?.close();
    if (files.length > 0) return;
    use.closed();
    if (subject.state === 'unregistering') subject.state = 'unregistered';
    leaveGroup(subject);
  }
}

/** A group file is of no use once its device is unregistered. */
function leaveGroup<T extends object>(subject: Subject<T>): void {
  if (subject.state !== 'unregistered') return;
  subject.group?.close();
  subject.group = undefined;
}

/** What can be seen from outside agrees with the model. */
async function check<T extends object>(subject: Subject<T>): Promise<void> {
  const { vdev, refs, state, unregistered } = subject;
  if (refs.length > 0) same(vdev.state, state);
  if (unregistered !== undefined) same(await isSettled(unregistered), state !== 'unregistering');
}
