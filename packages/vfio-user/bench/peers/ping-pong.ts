// The bare peer: takes a message, gives an answer, and does nothing else. `node ping-pong.ts SOCKET REQUEST REPLY`

import { BlockingTransport } from '../../src/transport-blocking.ts';

const [, , path = '', request = '', reply = ''] = process.argv;
const into = new Uint8Array(Number(request));
const answer = new Uint8Array(Number(reply));

using socket = BlockingTransport.connect(path);
try {
  for (;;) {
    socket.receive(into, into.length);
    socket.send(answer, answer.length);
  }
} catch {
  // The benchmark is over.
}
