export { ApClient, type ApClientOptions, type ApRequestOptions } from './client.ts';
export { ApCcaError, ApReplyError, ApResponseError } from './errors.ts';
export type { ApConfiguration, ApQueueInfo } from './machine.ts';
export type { CrtOperation, ModExpo } from './rsa-messages.ts';
