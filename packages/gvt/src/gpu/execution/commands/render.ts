// Commands of the 3D and media pipelines: known by their length only. Kaby Lake PRM, volume 2a.
//
// State is accepted and forgotten. What would draw or compute is counted and ends at once: there are no shaders.

import { length8, Outcome, single, type Command } from '../command.ts';
import { pipeControl } from './flush.ts';

/** Bits 31:16 of a header. */
const PIPE_CONTROL = 0x7a00;
const PRIMITIVE_3D = 0x7b00;
const MEDIA_OBJECT = 0x7100;
const MEDIA_OBJECT_WALKER = 0x7103;
const GPGPU_WALKER = 0x7105;
const SO_DECL_LIST = 0x7917;
const BINDING_TABLE_EDIT_FIRST = 0x7843;
const BINDING_TABLE_EDIT_LAST = 0x7847;

const SINGLE_DWORD = 1;
const MEDIA = 2;

const stateOf8: Command = { name: '3DSTATE', length: length8, execute: () => Outcome.next };
const stateOf9: Command = {
  name: '3DSTATE',
  length: (header) => (header & 0x1ff) + 2,
  execute: () => Outcome.next,
};
const length16 = (header: number): number => (header & 0xffff) + 2;

const stateOf16: Command = {
  name: 'MEDIA_STATE',
  length: length16,
  execute: () => Outcome.next,
};
const stateSingle: Command = { name: '3DSTATE', length: single, execute: () => Outcome.next };

const draw: Command = {
  name: '3DPRIMITIVE',
  length: length8,
  execute(cs) {
    cs.counters.draws++;
    return Outcome.next;
  },
};
const compute: Command = { ...draw, name: 'MEDIA_OBJECT', length: length16 };

/** The command of type 3 that a header begins. */
export function renderCommand(header: number): Command {
  const code = header >>> 16;
  switch (code) {
    case PIPE_CONTROL:
      return pipeControl;
    case PRIMITIVE_3D:
      return draw;
    case MEDIA_OBJECT:
    case MEDIA_OBJECT_WALKER:
    case GPGPU_WALKER:
      return compute;
    case SO_DECL_LIST:
      return stateOf9;
    default:
      break;
  }
  if (code >= BINDING_TABLE_EDIT_FIRST && code <= BINDING_TABLE_EDIT_LAST) return stateOf9;
  switch ((header >>> 27) & 3) {
    case SINGLE_DWORD:
      return stateSingle;
    case MEDIA:
      return stateOf16;
    default:
      return stateOf8;
  }
}
