// What the browser manages without a server of pictures: frames that are ready on the page, and frames that come as
// they are through one WebSocket.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Chromium } from './chromium.ts';
import { HEIGHT, makeFrames, WIDTH } from './frames.ts';

/** Frames on their way, as many as a viewer is sent before it answers. */
const IN_FLIGHT = 2;

/** Frames a second that a blank page puts on a canvas of the whole screen. */
export async function readyFrames(browser: Chromium, ms: number): Promise<number> {
  await browser.open('about:blank');
  await browser.press(`(${canvasPage.toString()})(${WIDTH}, ${HEIGHT})`);
  const rate = await browser.value(`(${putReady.toString()})(${ms})`);
  await browser.close();
  return Number(rate);
}

/** The same for frames that are sent to it. */
export async function sentFrames(browser: Chromium, ms: number): Promise<number> {
  const frames = makeFrames('video').map((pixels) => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = ((pixels[i] ?? 0) | 0xff00_0000) >>> 0;
    return Buffer.from(pixels.buffer);
  });
  // From a page of the same address: browsers let no other reach into the machine.
  const http = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>frames</title>');
  });
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  await once(http.listen({ host: '127.0.0.1', port: 0 }), 'listening');
  const address = http.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  server.on('connection', (socket) => {
    let sent = 0;
    const send = (): void => socket.send(frames[sent++ % frames.length] ?? '');
    socket.on('message', send);
    for (let i = 0; i < IN_FLIGHT; i++) send();
  });
  try {
    await browser.open(`http://127.0.0.1:${port}/`);
    await browser.press(`(${canvasPage.toString()})(${WIDTH}, ${HEIGHT})`);
    const rate = await browser.value(`(${putSent.toString()})(${ms})`);
    await browser.close();
    return Number(rate);
  } finally {
    for (const socket of server.clients) socket.terminate();
    http.close();
  }
}

function canvasPage(width: number, height: number): Promise<void> {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  document.documentElement.append(canvas);
  return canvas.requestFullscreen();
}

async function putReady(ms: number): Promise<number> {
  const canvas = document.querySelector('canvas');
  const context = canvas?.getContext('2d');
  if (canvas === null || context === undefined || context === null) throw new Error('no canvas');
  const frames = Array.from({ length: 3 }, (_, n) => {
    const frame = new ImageData(canvas.width, canvas.height);
    for (let i = 0; i < frame.data.length; i++) frame.data[i] = i % 4 === 3 ? 255 : i * 31 + n;
    return frame;
  });
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < ms) {
    await new Promise((resolve) => void requestAnimationFrame(resolve));
    const frame = frames[count++ % frames.length];
    if (frame !== undefined) context.putImageData(frame, 0, 0);
  }
  return (count * 1000) / (performance.now() - began);
}

async function putSent(ms: number): Promise<number> {
  const canvas = document.querySelector('canvas');
  const context = canvas?.getContext('2d');
  if (canvas === null || context === undefined || context === null) throw new Error('no canvas');
  const socket = new WebSocket(`ws://${location.host}`);
  socket.binaryType = 'arraybuffer';
  let count = 0;
  socket.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return;
    const frame = new ImageData(new Uint8ClampedArray(data), canvas.width, canvas.height);
    context.putImageData(frame, 0, 0);
    count++;
    socket.send('more');
  });
  let [before, began] = [0, 0];
  // At first it becomes warm.
  for (const time of [ms / 4, ms]) {
    [before, began] = [count, performance.now()];
    await new Promise((resolve) => void setTimeout(resolve, time));
  }
  return ((count - before) * 1000) / (performance.now() - began);
}
