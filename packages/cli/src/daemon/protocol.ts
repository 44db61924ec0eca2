// What clients ask of the daemon and what it answers: a line of JSON each, in their order.

import { VfioError } from '@vfio-ts/core';
import {
  definitionObject,
  parseDefinitionObject,
  type DefinitionObject,
  type MdevDefinition,
} from '../mdev/definition.ts';
import { isRecord } from '../json.ts';
import { isUuid } from '../mdev/uuid.ts';
import type { DeviceState } from './managed-device.ts';

/** What can be asked. */
export type DaemonRequest =
  | { readonly verb: 'status' }
  | { readonly verb: 'reload' }
  | { readonly verb: 'stop'; readonly uuid: string }
  | StartRequest;

/** A device that is defined, or one of its own when there is a definition or a type. */
export interface StartRequest {
  readonly verb: 'start';
  readonly uuid?: string;
  readonly parent?: string;
  /** Of a device that is not defined; must be the defined one's otherwise. */
  readonly type?: string;
  readonly definition?: MdevDefinition;
}

/** A device that was started. */
export interface StartedDevice {
  readonly uuid: string;
  readonly socket: string;
  readonly driver: string;
  readonly type: string;
}

/** A device as the daemon sees it. */
export interface DeviceStatus {
  readonly uuid: string;
  readonly parent: string;
  readonly definition: DefinitionObject;
  readonly state: DeviceState;
  readonly socket: string;
  readonly restarts: number;
  readonly driver?: string;
  readonly pid?: number;
  /** For how many milliseconds it has been running. */
  readonly runs?: number;
  /** In how many milliseconds it starts again. */
  readonly startsIn?: number;
  /** Why it ended. */
  readonly reason?: string;
}

/** The daemon. */
export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly devices: readonly DeviceStatus[];
}

/** What a reload did, UUIDs. */
export interface ReloadResult {
  readonly started: readonly string[];
  /** Their definitions have changed. */
  readonly restarted: readonly string[];
  readonly unchanged: readonly string[];
  /** Still run, but their definitions are gone. */
  readonly undefined: readonly string[];
  /** Files that are no definitions: what is wrong, and where they are now. */
  readonly damaged: readonly string[];
}

/** Answers, by what was asked. */
export interface DaemonAnswers {
  readonly status: DaemonStatus;
  readonly reload: ReloadResult;
  readonly stop: null;
  readonly start: StartedDevice;
}

/** A request as it goes over the socket. */
export function formatRequest(request: DaemonRequest): string {
  if (request.verb !== 'start' || request.definition === undefined) return JSON.stringify(request);
  return JSON.stringify({ ...request, definition: definitionObject(request.definition) });
}

/** Reads a request. @throws `EINVAL` it is none */
export function parseRequest(line: string): DaemonRequest {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return fail('no JSON', error);
  }
  if (!isRecord(json)) return fail('no JSON object');
  const { verb } = json;
  switch (verb) {
    case 'status':
    case 'reload':
      return { verb };
    case 'stop': {
      const { uuid } = json;
      if (typeof uuid !== 'string' || !isUuid(uuid)) return fail('stop takes a uuid');
      return { verb, uuid };
    }
    case 'start':
      return parseStart(json);
    default:
      return fail(`this daemon has no verb ${JSON.stringify(verb)}`);
  }
}

function parseStart(json: Readonly<Record<string, unknown>>): StartRequest {
  const { uuid, parent, type, definition } = json;
  if (uuid !== undefined && !(typeof uuid === 'string' && isUuid(uuid))) {
    return fail('the uuid is none');
  }
  if (parent !== undefined && typeof parent !== 'string') return fail('the parent is no text');
  if (type !== undefined && typeof type !== 'string') return fail('the type is no text');
  return {
    verb: 'start',
    ...(uuid !== undefined && { uuid }),
    ...(parent !== undefined && { parent }),
    ...(type !== undefined && { type }),
    ...(definition !== undefined && {
      definition: parseDefinitionObject(definition, (fact) => fail(fact)),
    }),
  };
}

function fail(fact: string, cause?: unknown): never {
  throw new VfioError('EINVAL', 'request', fact, { cause });
}
