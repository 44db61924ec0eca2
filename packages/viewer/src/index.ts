export * from './server.ts';
export * from './source.ts';
export { PageServer, type PageAddress, type PageServerOptions } from './page/server.ts';
export * from './page/target.ts';
export { readPicture, type ReadPictureOptions } from './rfb/client.ts';
export type { ScreenHost } from './screen/screen.ts';
export { passGate, type GateOptions } from './rfb/gate.ts';
