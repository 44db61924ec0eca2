// The WebSocket of one picture, which counts what comes through it.

/** The server says so when nobody shows the picture. */
const CLOSE_GONE = 4404;
/** Messages by which noVNC asks for the next update: a request, or the answer to the fence behind one. */
const REQUESTS = new Set([3, 248]);

/** A picture's stream. */
export interface Connection {
  readonly socket: WebSocket;
  /** Updates so far. */
  readonly updates: () => number;
  /** Whether it ended because nobody shows the picture; otherwise it is the server that is not there. */
  readonly isGone: () => boolean;
}

/**
 * Connects.
 *
 * @param rate - frames a second at most; as many as there are when left out
 */
export function connect(token: string, device: string, rate?: number): Connection {
  const fields = new URLSearchParams({ token, ...(rate !== undefined && { rate: `${rate}` }) });
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const path = `/devices/${encodeURIComponent(device)}/picture`;
  const socket = new WebSocket(`${scheme}://${location.host}${path}?${fields}`);
  let updates = 0;
  let isGone = false;
  let wasOpen = false;
  socket.addEventListener('open', () => (wasOpen = true));
  socket.addEventListener(
    'close',
    ({ code }) => (isGone = wasOpen && (code === CLOSE_GONE || updates > 0)),
  );
  // noVNC tells nobody when it has drawn, but it asks for more.
  socket.send = (data) => {
    if (data instanceof Uint8Array && REQUESTS.has(data[0] ?? 0)) updates++;
    WebSocket.prototype.send.call(socket, data);
  };
  return { socket, updates: () => updates, isGone: () => isGone };
}
