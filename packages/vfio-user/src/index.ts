export { CachedReader } from './cached-read.ts';
export { serveDevice, servedDevice, type ServeOptions } from './serve.ts';
export { VfioUserServer, type ConnectionSource, type ServerOptions } from './server.ts';
export { Session, type SessionOptions, type SessionState } from './session.ts';
export type { ClientMemory, SessionHost, WatchedSignal } from './session-host.ts';
export type {
  OpenDevice,
  RegionMemory,
  ServedAccess,
  ServedDevice,
  ServedIoas,
  ServedOperation,
} from './served-device.ts';
export { detectPeer, PEER_PROFILES, type PeerProfile } from './peer.ts';

export { VfioUserClient, type ClientOptions, type RawReply } from './client.ts';
export type { ClientHost } from './client/host.ts';
export type { RegionIoFds } from './client/io-fds.ts';
export type { IoFdEntry, IoFdType } from './messages/io-fds.ts';
export type { Capabilities, MigrationCapability, VersionMessage } from './messages/version.ts';

export {
  commandName,
  DEFAULT_LIMITS,
  maxMessageSize,
  VFIO_USER,
  type CommandName,
  type Limits,
} from './protocol.ts';

export type { FrameBuffer, FrameHandler, Transport } from './transport.ts';
export {
  createTransportPair,
  type TransportPair,
  type TransportPairOptions,
} from './transport-pair.ts';
export { SocketTransport, type SocketTransportOptions } from './transport-socket.ts';
export { adopt, connect, offerTwinSocket, takeTwinSocket, type ConnectOptions } from './connect.ts';
export type { TwinSocket } from './twin.ts';
export type { RegionWrite } from './messages/write-multi.ts';
export type { DmaLayout } from './messages/dma-access.ts';
export { Listener, type ListenerOptions } from './listener.ts';

export { linuxClientHost, linuxSessionHost } from './linux-host.ts';
export { linuxHost, LinuxClock, type LinuxHostOptions } from './host.ts';
export { LoopClock } from './loop/clock.ts';
export { EventLoop, type LoopOptions, type LoopRegistration, type LoopSource } from './loop.ts';
export { OwnedFd, type Fd } from './fd.ts';
export { EventFd, type SignalPolicy } from './eventfd.ts';
export { watchedSignals } from './signal-pair.ts';
export { MemfdBackend, MemfdMemory, hasFd, type FdMemory } from './memfd.ts';
export type { MappingPolicy } from './mapping.ts';
export { flock, type PeerCredentials } from './native/libc.ts';

export { LevelLogger, SessionLog } from './log.ts';
export type { ServerStats, SessionStats } from './stats/stats.ts';
export type { Counters, CommandStats, StatsClock, TrafficStats } from './stats/counters.ts';
export { LATENCY_LIMITS, type LatencyBucket, type LatencyStats } from './stats/latency.ts';
export { JsonFeed, readJsonFeed, type LostEvents } from './json-feed.ts';
export { JsonSocket, readJsonSocket } from './json-socket.ts';
export { TellingSocket } from './telling-socket.ts';
export { sendDatagram } from './native/datagram.ts';
export { readStats, StatsSocket, statsPath } from './stats/socket.ts';

export {
  serveInWorker,
  WorkerServer,
  type WorkerEnd,
  type WorkerServeOptions,
} from './worker/worker-server.ts';
export type { CreateDevice, WorkerDevice } from './worker/device.ts';
