export { Terminal3270, type Terminal } from './terminal-3270.ts';
export { TerminalServer, type TerminalServerOptions } from './terminal-server.ts';
